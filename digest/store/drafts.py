"""An entry with all that can be worked out of it alone, before the store is asked: so transactions are short.

Most entries of a day are the only record of their paper, and then the draft is what is written, row by row. An entry
that joins others is merged again with them, in the transaction that finds them.

Drafts are tuples of plain values, since large files are drafted by other processes (digest/pipeline/preparing.py): an
entry and a paper of dataclasses would take ten times as long to be packed, sent and unpacked.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import NamedTuple

from digest.catalog.combining import combine
from digest.catalog.merging import Record, merge, news_at
from digest.catalog.near_text import near_keys, title_sketch
from digest.catalog.titles import title_key
from digest.model import Entry, Paper, Reading
from digest.store.codec import body_of, compact, content_hash, entry_from_json

Value = str | int | None
Evidence = str | int | tuple[str, str]
"""A title key, a key of near-equal text, or a name."""


class PaperRow(NamedTuple):
    """What the table of papers holds of a paper, as every driver takes it but for the instants (aware UTC)."""

    said: tuple[Value, ...]
    """The columns of SAID, lists as JSON text."""
    published_at: dt.datetime | None
    announced_at: dt.datetime | None
    first_seen_at: dt.datetime
    news_at: int


SAID = (
    "title", "abstract", "authors", "categories", "primary_category", "url", "comment", "code_url", "version",
    "withdrawn", "candidate", "sources",
)  # fmt: skip


class Draft(NamedTuple):
    """``body`` is the entry as JSON text, ``paper`` the row of the paper that it makes alone."""

    source: str
    key: str
    body: str
    content_hash: str
    title_key: str
    near_keys: tuple[int, ...]
    title_sketch: int
    names: tuple[tuple[str, str], ...]
    """(scheme, value) of the paper's identifiers."""
    paper: PaperRow
    readings: tuple[Reading, ...]

    @property
    def name(self) -> tuple[str, str]:
        """(source, key), which only this record has."""
        return (self.source, self.key)

    @property
    def entry(self) -> Entry:
        """What the body says; without the readings, which are no part of a record."""
        return entry_from_json(self.source, self.key, json.loads(self.body))

    def evidence(self) -> tuple[Evidence, ...]:
        """All keys by which digest.catalog.matching could join the entry to another one."""
        keys: tuple[Evidence, ...] = (*self.names, *self.near_keys)
        return (*keys, self.title_key) if self.title_key else keys


def draft(entry: Entry, *, now: dt.datetime) -> Draft:
    """The draft of one entry that is first seen ``now``."""
    body = body_of(entry)
    paper = merge(0, (Record(entry=entry, first_seen_at=now),))
    return Draft(
        source=entry.source,
        key=entry.key,
        body=body,
        content_hash=content_hash(body),
        title_key=title_key(entry.title),
        near_keys=near_keys(entry),
        title_sketch=title_sketch(entry.title),
        names=tuple([(name.scheme.value, name.value) for name in paper.identifiers]),
        paper=row_of(paper),
        readings=entry.readings,
    )


def drafts(entries: Iterable[Entry], *, now: dt.datetime) -> list[Draft]:
    """One draft per (source, key), in order of appearance; several tellings of one entry are combined."""
    told: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        name = (entry.source, entry.key)
        told[name] = combine(told[name], entry) if name in told else entry
    return [draft(entry, now=now) for entry in told.values()]


def row_of(paper: Paper) -> PaperRow:
    said = (
        paper.title,
        paper.abstract,
        compact(paper.authors),
        compact(paper.categories),
        paper.primary_category or "",
        paper.url,
        paper.comment,
        paper.code_url,
        paper.version,
        paper.withdrawn,
        paper.candidate,
        compact(paper.sources),
    )
    seconds = int(news_at(paper).timestamp())
    return PaperRow(said, paper.published_at, paper.announced_at, paper.first_seen_at, seconds)
