"""After a decision: papers, their names and their records are written in few statements, whatever their number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, update

from digest.catalog.deciding import PaperChange, StoredRecord
from digest.catalog.merging import Record, merge, news_at
from digest.model import Paper
from digest.store.bulk import BulkInsert, Row, instant_binder, new_ids
from digest.store.codec import entry_to_json
from digest.store.database import Database
from digest.store.drafts import SAID, Draft, PaperRow, row_of
from digest.store.following import follow
from digest.store.near import near_rows
from digest.store.schema import features, identifiers, near_keys, papers, records

# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_UPDATE_PAPERS = update(papers).where(papers.c.id == bindparam("known_id"))
_UPDATE_RECORDS = update(records).where(records.c.id == bindparam("known_id"))

_PAPER_COLUMNS = ("id", *SAID, "published_at", "announced_at", "first_seen_at", "news_at", "updated_at")
_RECORD_COLUMNS = (
    "source", "key", "paper_id", "title_key", "content_hash", "body", "first_seen_at", "seen_at",
)  # fmt: skip

Name = tuple[str, str]
"""(source, key) of a record."""


class Shelf:
    """Writes what was decided, within the caller's transaction: new rows in bulk, changed ones one by one."""

    def __init__(self, db: Database) -> None:
        dialect = db.engine.dialect
        self._instant = instant_binder(dialect)
        self._new_papers = BulkInsert(papers, _PAPER_COLUMNS, dialect)
        self._new_records = BulkInsert(records, _RECORD_COLUMNS, dialect)
        self._new_names = BulkInsert(identifiers, ("scheme", "value", "paper_id"), dialect, keep_old=True)
        self._new_near_keys = BulkInsert(near_keys, ("key", "paper_id", "sketch"), dialect, keep_old=True)

    def add(self, connection: Connection, told: Sequence[Draft], now: dt.datetime) -> list[int]:
        """Write drafts as they stand, each as a paper of its own; returns the id of each."""
        ids = new_ids(connection, papers, len(told))
        numbered = list(zip(told, ids, strict=True))
        self._new_papers(connection, [self._paper_row(paper_id, one.paper, now) for one, paper_id in numbered])
        self._new_names(connection, [(*name, paper_id) for one, paper_id in numbered for name in one.names])
        self._new_near_keys(connection, [row for one, paper_id in numbered for row in _rows_of_text(one, paper_id)])
        rows = [self._record_row(one, paper_id, one.paper.first_seen_at, now) for one, paper_id in numbered]
        self._new_records(connection, rows)
        return ids

    def write_papers(
        self, connection: Connection, changes: Sequence[PaperChange], fresh: Mapping[Name, Draft], now: dt.datetime
    ) -> list[int]:
        """Write each changed paper with its names; returns the id of each. Papers that others swallow lead there."""
        merged = [_merged(change) for change in changes]
        made = iter(new_ids(connection, papers, sum(change.paper_id is None for change in changes)))
        ids = [next(made) if change.paper_id is None else change.paper_id for change in changes]
        written = list(zip(changes, merged, ids, strict=True))
        self._new_papers(
            connection,
            [
                self._paper_row(paper_id, row_of(paper), now)
                for change, paper, paper_id in written
                if change.paper_id is None
            ],
        )
        old = [
            {"known_id": paper_id, **_paper_values(paper, now)}
            for change, paper, paper_id in written
            if change.paper_id is not None
        ]
        if old:
            connection.execute(_UPDATE_PAPERS, old)
            connection.execute(delete(features).where(features.c.paper_id.in_([row["known_id"] for row in old])))
        shrunk = [change.paper_id for change in changes if change.shrunk]
        if shrunk:
            connection.execute(delete(identifiers).where(identifiers.c.paper_id.in_(shrunk)))
        for change, _, paper_id in written:
            follow(connection, change, paper_id)
        self._new_names(
            connection,
            [(i.scheme.value, i.value, paper_id) for _, paper, paper_id in written for i in paper.identifiers],
        )
        self._new_near_keys(
            connection,
            [
                row
                for change, _, paper_id in written
                for record in change.records
                for row in _near_rows(record, fresh, paper_id)
            ],
        )
        return ids

    def write_records(
        self,
        connection: Connection,
        changes: Iterable[tuple[PaperChange, int]],
        fresh: Mapping[Name, Draft],
        now: dt.datetime,
    ) -> None:
        """Write the new and changed records among those of each change, with the id of their paper."""
        new: list[Row] = []
        old: list[dict[str, Any]] = []
        for change, paper_id in changes:
            for record in change.records:
                if not record.changed:
                    continue
                told = fresh[(record.entry.source, record.entry.key)]
                if record.id is None:
                    new.append(self._record_row(told, paper_id, record.first_seen_at, now))
                else:
                    old.append(
                        {
                            "known_id": record.id,
                            "paper_id": paper_id,
                            "title_key": told.title_key,
                            "content_hash": told.content_hash,
                            "body": entry_to_json(told.entry),
                            "seen_at": now,
                        }
                    )
        self._new_records(connection, new)
        if old:
            connection.execute(_UPDATE_RECORDS, old)

    def _paper_row(self, paper_id: int, row: PaperRow, now: dt.datetime) -> Row:
        """In the order of _PAPER_COLUMNS."""
        instant = self._instant
        published, announced, first_seen = (
            instant(row.published_at),
            instant(row.announced_at),
            instant(row.first_seen_at),
        )
        return (paper_id, *row.said, published, announced, first_seen, row.news_at, instant(now))

    def _record_row(self, told: Draft, paper_id: int, first_seen_at: dt.datetime, now: dt.datetime) -> Row:
        """In the order of _RECORD_COLUMNS."""
        first, seen = self._instant(first_seen_at), self._instant(now)
        return (told.source, told.key, paper_id, told.title_key, told.content_hash, told.body, first, seen)


def _near_rows(record: StoredRecord, fresh: Mapping[Name, Draft], paper_id: int) -> list[tuple[int, int, int]]:
    """As :func:`near_rows`; a draft has worked out its keys already."""
    told = fresh.get((record.entry.source, record.entry.key)) if record.changed else None
    if told is None:
        return near_rows(record.entry, paper_id)
    return _rows_of_text(told, paper_id)


def _rows_of_text(told: Draft, paper_id: int) -> list[tuple[int, int, int]]:
    return [(key, paper_id, told.title_sketch) for key in told.near_keys]


def _merged(change: PaperChange) -> Paper:
    return merge(change.paper_id or 0, [Record(entry=r.entry, first_seen_at=r.first_seen_at) for r in change.records])


def _paper_values(paper: Paper, now: dt.datetime) -> dict[str, Any]:
    return {
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "primary_category": paper.primary_category or "",
        "url": paper.url,
        "comment": paper.comment,
        "code_url": paper.code_url,
        "version": paper.version,
        "withdrawn": paper.withdrawn,
        "candidate": paper.candidate,
        "sources": list(paper.sources),
        "published_at": paper.published_at,
        "announced_at": paper.announced_at,
        "first_seen_at": paper.first_seen_at,
        "news_at": int(news_at(paper).timestamp()),
        "updated_at": now,
        "redirect_to": None,
    }
