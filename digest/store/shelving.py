"""After a decision: papers, their names and their records are written in few statements, whatever their number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from digest.catalog.deciding import PaperChange, StoredRecord
from digest.catalog.merging import Record, merge
from digest.catalog.titles import title_key
from digest.model import Paper
from digest.store.database import Insertion
from digest.store.schema import (
    attention_asks,
    features,
    identifiers,
    observations,
    paper_texts,
    papers,
    records,
    sent_papers,
)

# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_INSERT_PAPERS = insert(papers).returning(papers.c.id, sort_by_parameter_order=True)
_UPDATE_PAPERS = update(papers).where(papers.c.id == bindparam("known_id"))
_UPDATE_RECORDS = update(records).where(records.c.id == bindparam("known_id"))


def write_papers(
    connection: Connection, insertion: Insertion, changes: Sequence[PaperChange], now: dt.datetime
) -> list[int]:
    """Write papers with few statements, whatever their number; returns the id of each."""
    merged = [
        merge(change.paper_id or 0, [Record(entry=r.entry, first_seen_at=r.first_seen_at) for r in change.records])
        for change in changes
    ]
    rows = [_paper_values(paper, now) for paper in merged]
    new = [row for row, change in zip(rows, changes, strict=True) if change.paper_id is None]
    old = [{"known_id": c.paper_id, **row} for row, c in zip(rows, changes, strict=True) if c.paper_id is not None]
    made: Iterator[int] = iter(())
    if new:
        made = iter(connection.scalars(_INSERT_PAPERS, new).all())
    if old:
        connection.execute(_UPDATE_PAPERS, old)
        connection.execute(delete(features).where(features.c.paper_id.in_([row["known_id"] for row in old])))
    ids = [next(made) if change.paper_id is None else change.paper_id for change in changes]
    for change, paper_id in zip(changes, ids, strict=True):
        for other in change.redirects:
            _redirect(connection, insertion, other, paper_id)
        moved = [record.id for record in change.records if record.id is not None and record.paper_id != paper_id]
        if moved:
            connection.execute(update(records).where(records.c.id.in_(moved)).values(paper_id=paper_id))
    names = [
        {"scheme": str(i.scheme), "value": i.value, "paper_id": paper_id}
        for paper, paper_id in zip(merged, ids, strict=True)
        for i in paper.identifiers
    ]
    if names:
        connection.execute(insertion(identifiers).on_conflict_do_nothing(), names)
    return ids


def _redirect(connection: Connection, insertion: Insertion, source: int, target: int) -> None:
    """Let history, names and picks of one paper follow it into another."""
    connection.execute(update(papers).where(papers.c.id == source).values(redirect_to=target, candidate=False))
    connection.execute(update(papers).where(papers.c.redirect_to == source).values(redirect_to=target))
    connection.execute(update(identifiers).where(identifiers.c.paper_id == source).values(paper_id=target))
    connection.execute(delete(features).where(features.c.paper_id == source))
    for table, key in (
        (observations, ("signal", "observed_at", "value")),
        (sent_papers, ("delivery_id", "subscriber_id", "position")),
        (attention_asks, ("provider", "asked_at", "claimed_until")),
        (paper_texts, ("kind", "maker", "text", "made_at")),
    ):
        columns = [table.c[name] for name in key]
        rows = select(bindparam("target", target).label("paper_id"), *columns).where(table.c.paper_id == source)
        moved = insertion(table).from_select(["paper_id", *key], rows).on_conflict_do_nothing()
        connection.execute(moved)
        connection.execute(delete(table).where(table.c.paper_id == source))


def write_records(
    connection: Connection,
    changed: Sequence[tuple[StoredRecord, int]],
    bodies: Mapping[tuple[str, str], Mapping[str, Any]],
    hashes: Mapping[tuple[str, str], str],
    now: dt.datetime,
) -> None:
    """Write new and changed records, each with the id of its paper; ``bodies`` and ``hashes`` by (source, key)."""
    new, old = [], []
    for record, paper_id in changed:
        name = (record.entry.source, record.entry.key)
        values = {
            "paper_id": paper_id,
            "title_key": title_key(record.entry.title),
            "content_hash": hashes[name],
            "body": dict(bodies[name]),
            "seen_at": now,
        }
        if record.id is not None:
            old.append({"known_id": record.id, **values})
        else:
            new.append({"source": name[0], "key": name[1], "first_seen_at": record.first_seen_at, **values})
    if new:
        connection.execute(insert(records), new)
    if old:
        connection.execute(_UPDATE_RECORDS, old)


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
    }


def _news_at(paper: Paper) -> dt.datetime:
    """When the paper became news to us.

    A list that presents a paper as new makes it news when we first see it there: feeds go stale while their dates look
    current, so unseen ids are trusted and dates are not. A paper that nobody announced is as old as it says.
    """
    if paper.announced_at is not None or paper.published_at is None:
        return paper.first_seen_at
    return min(paper.published_at, paper.first_seen_at)
