"""RIS, as rispy reads it: what EndNote, Mendeley, publishers and PubMed's helpers export.

Each record is read by itself, so that a broken one costs only itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from digest.bibliography.entries import BibEntry, Bibliography, best_identifier

_BEGIN = re.compile(r"^(?:\d+\.\s*\r?\n)?TY {0,2}- ?", re.MULTILINE)
_TITLES = ("title", "primary_title", "short_title")
_NAMES = ("doi", "accession_number", "number", "call_number")
_PROSE = ("journal_name", "secondary_title", "alternate_title1", "alternate_title2", "alternate_title3", "publisher")


def parse_ris(text: str) -> Bibliography:
    """The records of a RIS text; never raises on any text."""
    import rispy

    entries: list[BibEntry] = []
    broken: list[int] = []
    for line, record in _records(text):
        try:
            (fields,) = rispy.loads(record, skip_unknown_tags=True)
        except (
            OSError,
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            AttributeError,
        ):  # OSError: no end, tags in no order
            broken.append(line)
        else:
            entries.append(_entry(fields, line))
    return Bibliography(entries=tuple(entries), broken_lines=tuple(broken))


def _records(text: str) -> Iterator[tuple[int, str]]:
    """(line at which it begins, its text) of each record; one that was never ended is ended."""
    begins = [found.start() for found in _BEGIN.finditer(text)]
    line, at = 1, 0
    for begin, end in pairwise([*begins, len(text)]):
        line, at = line + text.count("\n", at, begin), begin
        record = text[begin:end].rstrip()
        yield line, record if re.search(r"^ER {0,2}-", record, re.MULTILINE) else f"{record}\nER  - \n"


def _entry(fields: Mapping[str, object], line: int) -> BibEntry:
    title = next((text for name in _TITLES if (text := _text(fields.get(name)))), "")
    return BibEntry(
        key=_text(fields.get("id")) or f"line {line}",
        title=title,
        line=line,
        identifier=best_identifier(_names(fields), [*(_text(fields.get(name)) for name in _PROSE), *_notes(fields)]),
        abstract=_text(fields.get("abstract")) or _text(fields.get("notes_abstract")),
    )


def _names(fields: Mapping[str, object]) -> Iterator[str]:
    """Every text that may be an identifier as a whole."""
    for name in _NAMES:
        yield _text(fields.get(name))
    urls = fields.get("urls")
    for url in urls if isinstance(urls, list) else ():
        yield _text(url)
    for note in _notes(fields):
        if told := re.fullmatch(r"PMID:?\s*(\d+)", note, re.IGNORECASE):
            yield f"pmid:{told[1]}"


def _notes(fields: Mapping[str, object]) -> list[str]:
    notes = fields.get("notes")
    return [_text(note) for note in notes] if isinstance(notes, list) else []


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
