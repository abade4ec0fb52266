"""Old databases become new ones by migrations, and exactly the ones that the program makes at once."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import pytest
from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations.ops import UpgradeOps
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import digest.store
from digest.errors import StoreError
from digest.store.backup import damage_of
from digest.store.database import Database
from digest.store.schema import Instant, Key, metadata
from digest.store.upgrade import HEAD, ensure_current, revision_of

MIGRATIONS = Path(digest.store.__file__).parent / "migrations"
ADVICE = """
The schema of digest/store/schema is not the one that the migrations lead to. As long as revision {head} was never
released, add to upgrade() of digest/store/migrations/versions/{head}_*.py what is missing there:

{code}

See CONTRIBUTING.md.
"""


@contextmanager
def at_revision(database_url: str, revision: str) -> Iterator[Database]:
    """A database that migrations brought to a revision and no further."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with closing(Database(database_url)) as db:
        with db.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        yield db


def _rendered(_kind: str, item: object, _context: object) -> str | Literal[False]:
    """The names that migrations give to our own types."""
    return "INSTANT" if isinstance(item, Instant) else "KEY" if item is Key else False


def unfaithful(db: Database) -> str:
    """The operations that would still lead to the schema, as Python; empty where there are none."""
    options = {"render_item": _rendered, "compare_type": True, "compare_server_default": False}
    with db.read() as connection:
        left = produce_migrations(MigrationContext.configure(connection, opts=options), metadata).upgrade_ops
    assert isinstance(left, UpgradeOps)
    return "" if left.is_empty() else render_python_code(left, render_item=_rendered)


def anatomy(db: Database) -> dict[str, object]:
    """What Alembic does not compare, of SQLite: partial indexes, keys never used again, tables without rowid."""
    with db.read() as connection:
        rows = connection.execute(
            text("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        ).all()
        columns = {table: connection.execute(text(f"PRAGMA table_info({table})")).all() for table in metadata.tables}
    found: dict[str, object] = {
        row.name: (row.tbl_name, re.sub(r'[\s"]', "", row.sql)) for row in rows if row.type == "index"
    }
    for row in rows:
        if row.type == "table" and row.name in metadata.tables:
            kinds = {column.name: (column.type, column.notnull, column.pk) for column in columns[row.name]}
            found[row.name] = (kinds, "AUTOINCREMENT" in row.sql, "WITHOUT ROWID" in row.sql)
    return found


def test_the_newest_migration_is_the_one_the_program_expects() -> None:
    """HEAD is written down so that opening a database need not import Alembic."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_migrations_lead_to_the_schema(database_url: str, tmp_path: Path) -> None:
    """A database that came all the way by migrations is the one that the program makes at once."""
    with at_revision(database_url, "0001") as old:
        ensure_current(old)
        assert revision_of(old) == HEAD
        missing = unfaithful(old)
        assert not missing, ADVICE.format(head=HEAD, code=missing)
        if old.dialect == "sqlite":
            with closing(Database(f"sqlite:///{tmp_path}/new.db")) as new:
                ensure_current(new)
                assert anatomy(old) == anatomy(new)


def test_an_upgrade_keeps_a_copy_of_the_file(tmp_path: Path) -> None:
    """What was there before is beside the database, whole, at its old revision, and for its owner alone."""
    with at_revision(f"sqlite:///{tmp_path}/digest.db", "0001") as db:
        ensure_current(db)
    kept = tmp_path / f"digest.db.before-{HEAD}"
    assert damage_of(kept) is None
    assert kept.stat().st_mode & 0o077 == 0
    with closing(Database(f"sqlite:///{kept}")) as copy:
        assert revision_of(copy) == "0001"


def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str) -> None:
    """Something in the way: the error says so, no step is half done, and the next attempt works."""
    with at_revision(database_url, "0001") as db:
        with db.write() as connection:
            connection.execute(text("CREATE TABLE journal_files (x INTEGER)"))
            before = set(inspect(connection).get_table_names())
        with pytest.raises(StoreError, match=f"0001 to {HEAD}, and is as it was: .*journal_files"):
            ensure_current(db)
        assert revision_of(db) == "0001"
        with db.write() as connection:
            assert set(inspect(connection).get_table_names()) == before
            connection.execute(text("DROP TABLE journal_files"))
        ensure_current(db)
        assert revision_of(db) == HEAD


def _open(database_url: str) -> None:
    with closing(Database(database_url)) as db:
        ensure_current(db)


@pytest.mark.parametrize("revision", [None, "0001"])
def test_several_processes_may_start_at_once(database_url: str, revision: str | None) -> None:
    """One of them makes or migrates the database; the others find it done."""
    if revision is not None:
        with at_revision(database_url, revision):
            pass
    context = multiprocessing.get_context("spawn")
    starters = [context.Process(target=_open, args=(database_url,)) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)
    assert [starter.exitcode for starter in starters] == [0, 0, 0]
