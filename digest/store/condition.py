"""The state of a database in figures, and everything about it that can be checked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, inspect, select, text

from digest.store.database import Database
from digest.store.owners import is_dead
from digest.store.schema import deliveries, metadata
from digest.store.upgrade import HEAD, revision_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    revision: str | None
    """None of a new, empty database."""
    current: bool
    size: int
    """Bytes on disk, the log of recent writes with it."""
    rows: dict[str, int]
    """By table, the tables with any."""


def condition(db: Database) -> Condition:
    """What is in it. Counts every row: seconds for a large one."""
    revision = revision_of(db)
    rows: dict[str, int] = {}
    with db.read() as connection:
        there = set(inspect(connection).get_table_names())
        for name, table in metadata.tables.items():
            if name in there and (number := connection.execute(select(func.count()).select_from(table)).scalar_one()):
                rows[name] = number
        if db.file is None:
            asked = "SELECT pg_database_size(current_database())"
            size = connection.execute(text(asked)).scalar_one() if db.dialect == "postgresql" else 0
        else:
            parts = [db.file, db.file.with_name(f"{db.file.name}-wal")]
            size = sum(part.stat().st_size for part in parts if part.exists())
    return Condition(revision=revision, current=revision == HEAD, size=size, rows=rows)


def faults(db: Database) -> Iterator[str]:
    """What is wrong with the database itself, a line each: damage, rows that refer to nothing, another schema."""
    with db.read() as connection:
        if db.dialect == "sqlite":
            for row in connection.exec_driver_sql("PRAGMA integrity_check(20)").all():
                if row[0] != "ok":
                    yield f"damaged: {row[0]}"
            for table, number in _dangling_sqlite(db):
                yield f"{number:,} rows of {table} refer to rows that are gone"
        else:
            # The server keeps foreign keys itself; a page that cannot be read shows when its table is.
            for each in metadata.tables.values():
                connection.execute(select(func.count()).select_from(each))
    if (revision := revision_of(db)) != HEAD:
        yield f"its schema is version {revision or 'none'}, this program's is {HEAD}: digest db upgrade"


def _dangling_sqlite(db: Database) -> list[tuple[str, int]]:
    with db.read() as connection:
        rows = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    tables = sorted({str(row[0]) for row in rows})
    return [(table, sum(str(row[0]) == table for row in rows)) for table in tables]


def holders(db: Database, now: dt.datetime) -> int:
    """How many leases on deliveries are held by processes that may be alive."""
    query = select(deliveries.c.lease_token).where(deliveries.c.lease_until > now).distinct()
    with db.read() as connection:
        return sum(not is_dead(token) for token in connection.scalars(query) if token)
