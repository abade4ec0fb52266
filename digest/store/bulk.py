"""Many new rows of one table at the driver's own speed.

SQLAlchemy prepares every row of an ``executemany`` anew, which takes longer than SQLite takes to write it. Here the
statement is written once, and the rows come as the driver wants them; what SQLAlchemy's types would do with a value
(instants, JSON) is asked of them once per table, or done by the caller.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, text

from digest.store.schema import Instant

Row = tuple[Any, ...]


class BulkInsert:
    """``INSERT INTO table (columns) VALUES …`` for rows that are tuples in the order of ``columns``.

    JSON columns take text. With ``keep_old`` a row whose key is there already is passed over.
    """

    def __init__(self, table: Table, columns: Sequence[str], dialect: Dialect, *, keep_old: bool = False) -> None:
        quoted = dialect.identifier_preparer.quote
        mark = "?" if dialect.name == "sqlite" else "%s"
        names = ", ".join(quoted(column) for column in columns)
        marks = ", ".join(mark for _ in columns)
        self._sql = f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks})"  # noqa: S608 - names of ours
        self._sql += " ON CONFLICT DO NOTHING" if keep_old else ""

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert all rows; none is fine."""
        if rows:
            connection.exec_driver_sql(self._sql, list(rows))


def instant_binder(dialect: Dialect) -> Callable[[dt.datetime | None], Any]:
    """What the driver is given for an instant; the same few thousand instants come again and again."""
    bind = Instant().bind_processor(dialect)
    return lru_cache(maxsize=4096)(bind) if bind is not None else lambda value: value


def new_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Ids for ``count`` new rows, never used before; only within the transaction that writes the rows.

    SQLite has one writer, so the counter can be read; PostgreSQL's sequence is asked for all of them at once.
    """
    if connection.dialect.name == "sqlite":
        last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar() or 0
        return list(range(last + 1, last + 1 + count))
    numbers = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return sorted(connection.scalars(numbers, {"name": table.name, "count": count}))
