"""BibTeX, as bibtexparser reads it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping

from digest.arxiv_categories import canonical
from digest.bibliography.entries import BibEntry, Bibliography, best_identifier

_NAMES = ("eprint", "arxivid", "doi", "url", "howpublished", "note")
_PROSE = ("journal", "journaltitle", "booktitle", "note", "publisher", "number", "volume")


def parse_bibtex(text: str) -> Bibliography:
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
    return BibEntry(
        key=key,
        title=_plain(fields.get("title", "")),
        line=(start_line or 0) + 1,
        identifier=best_identifier(_names(fields), (fields.get(name, "") for name in _PROSE)),
        category=canonical(fields.get("primaryclass", fields.get("eprintclass", ""))),
        abstract=_plain(fields.get("abstract", "")),
    )


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[{}]", "", text).split())


def _names(fields: Mapping[str, str]) -> Iterator[str]:
    """Every text in an entry that may be an identifier."""
    for name in _NAMES:
        yield re.sub(r"[{}]|\\url|\\(?=[_&%#])", "", fields.get(name, ""))
    if (pmid := fields.get("pmid", "").strip()).isdigit():
        yield f"pmid:{pmid}"
