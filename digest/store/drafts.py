"""An entry with all that can be worked out of it alone, before the store is asked: so transactions are short.

Most entries of a day are the only record of their paper, and then the draft is what is written. An entry that joins
others is merged again with them, in the transaction that finds them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from digest.catalog.combining import combine
from digest.catalog.merging import Record, merge
from digest.catalog.near_text import near_keys, title_sketch
from digest.catalog.titles import title_key
from digest.model import Entry, Paper
from digest.store.codec import body_of, content_hash


@dataclass(frozen=True, slots=True)
class Draft:
    """``body`` is the entry as JSON text, ``paper`` what it makes alone (its id is 0)."""

    entry: Entry
    body: str
    content_hash: str
    title_key: str
    near_keys: tuple[int, ...]
    title_sketch: int
    paper: Paper


def draft(entry: Entry, *, now: dt.datetime) -> Draft:
    """The draft of one entry that is first seen ``now``."""
    body = body_of(entry)
    return Draft(
        entry=entry,
        body=body,
        content_hash=content_hash(body),
        title_key=title_key(entry.title),
        near_keys=near_keys(entry),
        title_sketch=title_sketch(entry.title),
        paper=merge(0, (Record(entry=entry, first_seen_at=now),)),
    )


def drafts(entries: Iterable[Entry], *, now: dt.datetime) -> list[Draft]:
    """One draft per (source, key), in order of appearance; several tellings of one entry are combined."""
    told: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        name = (entry.source, entry.key)
        told[name] = combine(told[name], entry) if name in told else entry
    return [draft(entry, now=now) for entry in told.values()]
