"""How a database is, as seen without changing it: what `digest doctor` asks."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from digest.errors import StoreError
from digest.store.database import Database
from digest.store.upgrade import HEAD, revision_of

CHECK_WITHIN_S = 5.0
"""How long the integrity check may take; it reads the whole file."""
_OPCODES = 100_000
"""Steps of SQLite's machine between two looks at the watch: some milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """What was found. Fields are None where the question does not arise, or was not answered in time."""

    current: bool
    """Whether the schema is this program's."""
    revision: str | None
    """None: nothing of this program is in there."""
    refuses_writes: str | None = None
    """Why, if it does."""
    journal: str | None = None
    """SQLite's journal mode; ``wal`` is ours."""
    damage: str | None = None
    """The first thing that the integrity check found; empty = sound."""


def examine(db: Database) -> StoreHealth:
    """Look at a database.

    Raises:
        StoreError: it cannot be opened or is none at all.
    """
    revision = revision_of(db)
    if revision is None:
        with db.read() as connection:
            strange = bool(inspect(connection).get_table_names())
        if strange:
            raise StoreError(f"store {db.url.render_as_string()}: holds tables of something else")
        return StoreHealth(current=False, revision=None)
    is_sqlite = db.dialect == "sqlite"
    return StoreHealth(
        current=revision == HEAD,
        revision=revision,
        refuses_writes=_refusal(db),
        journal=_journal(db) if is_sqlite else None,
        damage=_damage(db) if is_sqlite else None,
    )


def _refusal(db: Database) -> str | None:
    """What the database says to a write that is taken back."""
    try:
        with db.write() as connection, connection.begin_nested() as trial:
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
            trial.rollback()
    except StoreError as error:
        return str(error)
    return None


def _journal(db: Database) -> str:
    with db.read() as connection:
        return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())


def _damage(db: Database) -> str | None:
    """https://sqlite.org/pragma.html#pragma_quick_check: "ok", or what is wrong; None when it took too long."""
    ends = time.monotonic() + CHECK_WITHIN_S
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(lambda: int(time.monotonic() > ends), _OPCODES)
        try:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        except DBAPIError as error:
            return None if "interrupted" in str(error.orig) else str(error.orig)
        finally:
            driver.set_progress_handler(None, 0)
    return "" if found == "ok" else str(found)
