"""After a decision: papers, their names and their records are written in few statements, whatever their number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, update

from digest.catalog.deciding import PaperChange, StoredRecord
from digest.catalog.merging import Record, merge
from digest.model import Paper
from digest.store.bulk import BulkInsert, Row, instant_binder, new_ids
from digest.store.codec import compact, entry_to_json
from digest.store.database import Database
from digest.store.drafts import Draft
from digest.store.following import follow
from digest.store.near import near_rows
from digest.store.schema import features, identifiers, near_keys, papers, records

# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_UPDATE_PAPERS = update(papers).where(papers.c.id == bindparam("known_id"))
_UPDATE_RECORDS = update(records).where(records.c.id == bindparam("known_id"))

_PAPER_COLUMNS = (
    "id", "title", "abstract", "authors", "categories", "primary_category", "url", "comment", "code_url", "version",
    "withdrawn", "candidate", "sources", "published_at", "announced_at", "first_seen_at", "news_at", "updated_at",
)  # fmt: skip
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

    def write_papers(
        self, connection: Connection, changes: Sequence[PaperChange], fresh: Mapping[Name, Draft], now: dt.datetime
    ) -> list[int]:
        """Write each changed paper with its names; returns the id of each. Papers that others swallow lead there."""
        merged = [_merged(change, fresh) for change in changes]
        made = iter(new_ids(connection, papers, sum(change.paper_id is None for change in changes)))
        ids = [next(made) if change.paper_id is None else change.paper_id for change in changes]
        written = list(zip(changes, merged, ids, strict=True))
        self._new_papers(
            connection,
            [self._paper_row(paper, paper_id, now) for change, paper, paper_id in written if change.paper_id is None],
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
        seen_at = self._instant(now)
        for change, paper_id in changes:
            for record in change.records:
                if not record.changed:
                    continue
                name = (record.entry.source, record.entry.key)
                told = fresh[name]
                if record.id is None:
                    first = self._instant(record.first_seen_at)
                    new.append((*name, paper_id, told.title_key, told.content_hash, told.body, first, seen_at))
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

    def _paper_row(self, paper: Paper, paper_id: int, now: dt.datetime) -> Row:
        """In the order of _PAPER_COLUMNS."""
        instant = self._instant
        return (
            paper_id,
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
            instant(paper.published_at),
            instant(paper.announced_at),
            instant(paper.first_seen_at),
            int(_news_at(paper).timestamp()),
            instant(now),
        )


def _near_rows(record: StoredRecord, fresh: Mapping[Name, Draft], paper_id: int) -> list[tuple[int, int, int]]:
    """As :func:`near_rows`; a draft has worked out its keys already."""
    told = fresh.get((record.entry.source, record.entry.key)) if record.changed else None
    if told is None:
        return near_rows(record.entry, paper_id)
    return [(key, paper_id, told.title_sketch) for key in told.near_keys]


def _merged(change: PaperChange, fresh: Mapping[Name, Draft]) -> Paper:
    """The paper of a change; a draft's own where its entry stands alone and was never seen before."""
    first = change.records[0]
    if len(change.records) == 1 and first.id is None:
        return fresh[(first.entry.source, first.entry.key)].paper
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
        "news_at": int(_news_at(paper).timestamp()),
        "updated_at": now,
        "redirect_to": None,
    }


def _news_at(paper: Paper) -> dt.datetime:
    """When the paper became news to us.

    A list that presents a paper as new makes it news when we first see it there: feeds go stale while their dates look
    current, so unseen ids are trusted and dates are not. A paper that nobody announced is as old as it says.
    """
    if paper.announced_at is not None or paper.published_at is None:
        return paper.first_seen_at
    return min(paper.published_at, paper.first_seen_at)
