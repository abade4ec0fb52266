"""A reference manager's file → the papers in it, each under its best identifier: how a thesis becomes a lane.

    .bib  ──bibtex──┐
    .ris  ──ris─────┼──▶ Bibliography of BibEntry
    Zotero ─zotero──┘

Libraries read the formats; what is ours is where reference managers put identifiers: digest.bibliography.entries.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

from digest.bibliography.entries import BibEntry, Bibliography, BibliographyError

__all__ = ["SUFFIXES", "BibEntry", "Bibliography", "BibliographyError", "is_bibliography", "read_bibliography"]

MAX_BYTES = 5_000_000

SUFFIXES: Final = (".bib", ".ris")
"""Endings of the files that are understood."""


def is_bibliography(name: str) -> bool:
    """Does the name of a file say that it is one?"""
    return name.lower().endswith(SUFFIXES)


def read_bibliography(path: Path) -> Bibliography:
    """Read a .bib or .ris file, UTF-8 or Latin-1 as older managers write it. A file that did not change is parsed once.

    Raises:
        BibliographyError: it is not there, not readable, larger than 5 MB, or of another kind.
    """
    try:
        found = path.stat()
        if found.st_size > MAX_BYTES:
            raise BibliographyError(f"is larger than {MAX_BYTES // 1_000_000} MB; keep the entries that matter")
        return _read(path, found.st_mtime_ns, found.st_size)
    except OSError as error:
        raise BibliographyError(f"cannot be read: {error.strerror or error}") from error


@lru_cache(maxsize=64)
def _read(path: Path, _mtime_ns: int, _size: int) -> Bibliography:
    parse = _parser_of(path.suffix.lower())
    raw = path.read_bytes()
    try:
        return parse(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return parse(raw.decode("latin-1"))


def _parser_of(suffix: str) -> Callable[[str], Bibliography]:
    """Imported when there is such a file: every command that reads a reader's lanes asks whether there is."""
    match suffix:
        case ".bib":
            from digest.bibliography.bibtex import parse_bibtex

            return parse_bibtex
        case ".ris":
            from digest.bibliography.ris import parse_ris

            return parse_ris
        case _:
            raise BibliographyError(f"is of no kind that is understood ({', '.join(SUFFIXES)})")
