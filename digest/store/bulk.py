"""Many new rows of one table, and look-ups of many keys, at the driver's own speed.

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

VALUES_AT_ONCE = 2_000
"""Parameters of one statement: SQLite allows 32,766, PostgreSQL 65,535."""


class BulkInsert:
    """``INSERT INTO table (columns) VALUES …`` for rows that are tuples in the order of ``columns``.

    JSON columns take text. With ``keep_old`` a row whose key is there already is passed over.
    """

    def __init__(self, table: Table, columns: Sequence[str], dialect: Dialect, *, keep_old: bool = False) -> None:
        quoted = dialect.identifier_preparer.quote
        mark = _mark(dialect)
        names = ", ".join(quoted(column) for column in columns)
        marks = ", ".join(mark for _ in columns)
        self._sql = f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks})"  # noqa: S608 - names of ours
        self._sql += " ON CONFLICT DO NOTHING" if keep_old else ""

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert all rows; none is fine."""
        if rows:
            connection.exec_driver_sql(self._sql, list(rows))


def select_in(connection: Connection, statement: str, values: Sequence[str] | Sequence[int], *first: str) -> list[Row]:
    """The rows of a SELECT with ``IN ({values})``, asked for many values at once, and ``{first}`` for one before them.

    SQLAlchemy names each value of an IN and replaces it in the statement, which takes as long as the look-up.
    """
    rows: list[Row] = []
    mark = _mark(connection.dialect)
    for start in range(0, len(values), VALUES_AT_ONCE):
        some = values[start : start + VALUES_AT_ONCE]
        asked = statement.format(first=mark, values=",".join([mark] * len(some)))
        rows += map(tuple, connection.exec_driver_sql(asked, (*first, *some)))
    return rows


def _mark(dialect: Dialect) -> str:
    """How the driver wants a parameter marked."""
    return "?" if dialect.name == "sqlite" else "%s"


def instant_binder(dialect: Dialect) -> Callable[[dt.datetime | None], Any]:
    """What the driver is given for an instant; the same few thousand instants come again and again."""
    bind = Instant().dialect_impl(dialect).bind_processor(dialect)  # only the dialect's own knows how SQLite keeps it
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
