"""History follows its paper: into the one that swallowed it, and back when the merge is undone.

A row that moves remembers in ``merged_from`` where it was first. Two rows that cannot stand beside each other (both
papers were in one mail) do not move: they wait under the redirected id, where whoever reads through redirects finds
them, and are at home again when that id comes back.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, delete, exists, func, update

from digest.catalog.deciding import PaperChange, StoredRecord
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

HISTORY = (observations, sent_papers, paper_texts)
"""What is kept of a paper besides what its records say."""


_MOVE_RECORD = (
    update(records)
    .where(records.c.id == bindparam("known_id"))
    .values(paper_id=bindparam("to"), merged_from=bindparam("origin"))
)


def follow(connection: Connection, change: PaperChange, paper_id: int) -> None:
    """Move records and history to the paper that ``change`` is about, now stored under ``paper_id``."""
    for other in change.redirects:
        _redirect(connection, other, paper_id)
    holders = {record.merged_from: record.paper_id for record in change.records if record.paper_id is not None}
    for other in change.returns:
        _bring_back(connection, other, holders[other], paper_id)
    moved = [
        {"known_id": record.id, "to": paper_id, "origin": _origin(record, change, paper_id)}
        for record in change.records
        if record.id is not None and record.paper_id != paper_id
    ]
    if moved:
        connection.execute(_MOVE_RECORD, moved)


def _origin(record: StoredRecord, change: PaperChange, paper_id: int) -> int | None:
    """The paper to give a moved record back to when the merge is undone.

    A record that was separated from its paper belongs here as if it had never been elsewhere.
    """
    if record.paper_id in change.redirects:
        return record.merged_from or record.paper_id
    return record.merged_from if record.merged_from in change.returns and record.merged_from != paper_id else None


def _redirect(connection: Connection, source: int, target: int) -> None:
    """One paper becomes a name of another."""
    connection.execute(update(papers).where(papers.c.id == source).values(redirect_to=target, candidate=False))
    connection.execute(update(papers).where(papers.c.redirect_to == source).values(redirect_to=target))
    for table in (identifiers, features, attention_asks):
        connection.execute(delete(table).where(table.c.paper_id == source))
    for table in HISTORY:
        origin = func.coalesce(table.c.merged_from, table.c.paper_id)
        _move(connection, table, table.c.paper_id == source, target, origin)


def _bring_back(connection: Connection, former: int, holder: int, paper_id: int) -> None:
    """What was written under ``former`` leaves ``holder``, the paper that it had been merged into."""
    target = None if former == paper_id else paper_id
    connection.execute(update(papers).where(papers.c.id == former).values(redirect_to=target))
    for table in HISTORY:
        waiting = and_(table.c.paper_id == former, table.c.paper_id != paper_id)
        moved = and_(table.c.paper_id == holder, table.c.merged_from == former)
        _move(connection, table, moved | waiting, paper_id, None if former == paper_id else former)


def _move(
    connection: Connection,
    table: Table,
    which: ColumnElement[bool],
    target: int,
    origin: ColumnElement[int] | int | None,
) -> None:
    there = table.alias("there")
    rest = [column for column in table.primary_key.columns if column.name != "paper_id"]
    taken = exists().where(there.c.paper_id == target, *(there.c[column.name] == column for column in rest))
    connection.execute(update(table).where(which, ~taken).values(paper_id=target, merged_from=origin))
