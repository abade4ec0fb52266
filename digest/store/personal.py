"""Everything that is stored about one reader, as plain rows: what an export is made from.

Like forgetting (digest.store.erasure) it goes by columns: a table that another part adds is in it from its first day,
if its rows say whose they are by ``subscriber_id``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from digest.store.database import Database, chunks
from digest.store.keys import keyed_hashes
from digest.store.outbox.suppression import canonical_address
from digest.store.schema import attempts, deliveries, metadata, papers, sent_papers, subscribers, suppressions
from digest.store.words import ADDRESS

PlainRow = Mapping[str, object]

_TOLD_APART = frozenset({"deliveries", "sent_papers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalRows:
    """Rows under their columns' names. ``papers`` has the title and address of every paper that any of them names."""

    reader: PlainRow
    deliveries: tuple[PlainRow, ...]
    sent_papers: tuple[PlainRow, ...]
    attempts: tuple[PlainRow, ...]
    suppressions: tuple[PlainRow, ...]
    others: Mapping[str, tuple[PlainRow, ...]]
    """Of all other tables, by name: consents, feedback, …"""
    papers: Mapping[int, PlainRow]


def personal_rows(db: Database, reader_id: str) -> PersonalRows | None:
    """All of it in one snapshot; None if there is no such reader."""
    with db.read() as connection:
        row = connection.execute(select(subscribers).where(subscribers.c.id == reader_id)).mappings().one_or_none()
        if row is None:
            return None
        mails = _rows(connection, select(deliveries).where(deliveries.c.subscriber_id == reader_id))
        sent = _rows(connection, select(sent_papers).where(sent_papers.c.subscriber_id == reader_id))
        tries = [
            one
            for ids in chunks([mail["id"] for mail in mails])
            for one in _rows(connection, select(attempts).where(attempts.c.delivery_id.in_(ids)))
        ]
        key = canonical_address(str(row["email"]))
        names = [key, *keyed_hashes(connection, ADDRESS, [key]).values()]
        others = {
            table.name: _rows(connection, select(table).where(table.c.subscriber_id == reader_id))
            for table in metadata.sorted_tables
            if "subscriber_id" in table.c and table.name not in _TOLD_APART
        }
        return PersonalRows(
            reader=dict(row),
            deliveries=mails,
            sent_papers=sent,
            attempts=tuple(tries),
            suppressions=_rows(connection, select(suppressions).where(suppressions.c.address.in_(names))),
            others=others,
            papers=_papers(connection, [sent, *others.values()]),
        )


def _rows(connection: Connection, query: Any) -> tuple[PlainRow, ...]:
    return tuple(dict(row) for row in connection.execute(query).mappings())


def _papers(connection: Connection, tables: Iterable[tuple[PlainRow, ...]]) -> dict[int, PlainRow]:
    ids = sorted({one for rows in tables for row in rows if isinstance(one := row.get("paper_id"), int)})
    query = select(papers.c.id, papers.c.title, papers.c.url)
    return {
        int(row["id"]): {"title": row["title"], "url": row["url"]}
        for some in chunks(ids)
        for row in connection.execute(query.where(papers.c.id.in_(some))).mappings()
    }
