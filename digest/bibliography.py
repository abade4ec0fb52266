"""A BibTeX file → the papers in it, each under its best identifier: how a thesis becomes a lane.

bibtexparser reads the format; what is ours is where reference managers put identifiers: ``eprint`` (arXiv's export),
``doi``, ``url``, ``arxivid`` (Mendeley), ``pmid``, or a journal called "arXiv preprint arXiv:1512.03385" (Scholar).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from digest.arxiv_categories import canonical
from digest.catalog.identifiers import parse
from digest.errors import DigestError
from digest.model import Identifier, Scheme

MAX_BYTES = 5_000_000


class BibliographyError(DigestError):
    """A BibTeX file cannot be read at all; the message continues "the file NAME …"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BibEntry:
    """One entry. ``line`` counts from 1; ``title`` is without braces, its TeX untouched."""

    key: str
    title: str
    line: int
    identifier: Identifier | None
    category: str | None = None
    """arXiv's primary class, as its own BibTeX export gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bibliography:
    """The entries in the file's order, and the lines at which broken ones begin."""

    entries: tuple[BibEntry, ...]
    broken_lines: tuple[int, ...] = ()

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """Each paper once, in the file's order."""
        return tuple(dict.fromkeys(entry.identifier for entry in self.entries if entry.identifier is not None))

    @property
    def nameless(self) -> tuple[BibEntry, ...]:
        """Entries that name no arXiv id, DOI or other identifier."""
        return tuple(entry for entry in self.entries if entry.identifier is None)


def read_bibliography(path: Path) -> Bibliography:
    """Read a .bib file, UTF-8 or Latin-1 as older managers write it. A file that did not change is parsed once.

    Raises:
        BibliographyError: it is not there, not readable or larger than 5 MB.
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
    raw = path.read_bytes()
    try:
        return parse_bibliography(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return parse_bibliography(raw.decode("latin-1"))


def parse_bibliography(text: str) -> Bibliography:
    """The entries of a BibTeX text; never raises on any text."""
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.model import DuplicateBlockKeyBlock, Entry, ParsingFailedBlock

    # It logs every block that it gives up; they are counted in broken_lines instead.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    library = parse_string(text)
    entries: list[BibEntry] = []
    broken: list[int] = []
    for block in library.blocks:
        # A key used twice is a nuisance for LaTeX, not for us.
        kept = block.ignore_error_block if isinstance(block, DuplicateBlockKeyBlock) else block
        if isinstance(kept, Entry):
            entries.append(_entry(kept.key, {f.key.lower(): str(f.value) for f in kept.fields}, kept.start_line))
        elif isinstance(block, ParsingFailedBlock):
            broken.append((block.start_line or 0) + 1)
    return Bibliography(entries=tuple(entries), broken_lines=tuple(broken))


def _entry(key: str, fields: Mapping[str, str], start_line: int | None) -> BibEntry:
    title = " ".join(re.sub(r"[{}]", "", fields.get("title", "")).split())
    found = sorted(filter(None, map(parse, _spellings(fields))), key=_preference)
    return BibEntry(
        key=key,
        title=title,
        line=(start_line or 0) + 1,
        identifier=found[0] if found else None,
        category=canonical(fields.get("primaryclass", fields.get("eprintclass", ""))),
    )


_ORDER = (Scheme.ARXIV, Scheme.DOI, Scheme.PMID, Scheme.PMCID, Scheme.OPENREVIEW, Scheme.ACL, Scheme.S2)
"""Which name of a paper is the easiest to find it by. A bare URL is no name: it may be any page."""


def _preference(identifier: Identifier) -> int:
    return _ORDER.index(identifier.scheme) if identifier.scheme in _ORDER else len(_ORDER)


_ARXIV = re.compile(r"arxiv\s*[:.\s]\s*([a-z-]+/\d{7}|\d{4}\.\d{4,5})", re.IGNORECASE)


def _spellings(fields: Mapping[str, str]) -> Iterator[str]:
    """Every text in an entry that may be an identifier."""
    for name in ("eprint", "arxivid", "doi", "url", "howpublished", "note"):
        value = re.sub(r"[{}]|\\url|\\(?=[_&%#])", "", fields.get(name, "")).strip()
        identifier = parse(value)
        if value and identifier is not None and identifier.scheme is not Scheme.URL:
            yield value
    if (pmid := fields.get("pmid", "").strip()).isdigit():
        yield f"pmid:{pmid}"
    for name in ("journal", "journaltitle", "booktitle", "note", "publisher", "number", "volume"):
        if found := _ARXIV.search(fields.get(name, "")):
            yield found[1]
