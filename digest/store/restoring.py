"""A backup takes the place of the database, which is kept beside it; nothing is destroyed.

SQLite: nobody else may have the file open. It is then one complete file, is moved aside, and a copy of the backup
takes its name. PostgreSQL: nobody else may be connected. A dump is made first, then all tables of this program are
replaced in one transaction.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from digest.errors import StoreError
from digest.store.backup import DUMP_MAGIC, Copy, complete, read_copy, run_tool, snapshot, synced
from digest.store.database import Database
from digest.store.schema import metadata
from digest.store.upgrade import HEAD

BESIDE = ("-wal", "-shm")
"""What SQLite may keep beside a file, and has to go where it goes."""


def examine(db: Database, file: Path) -> Copy | None:
    """What a backup holds that is to take this database's place; of an archive of PostgreSQL, None: it is well-formed.

    Raises:
        StoreError: torn, damaged, of another kind, or not there.
    """
    if db.dialect == "sqlite":
        copy = read_copy(file)
        if copy.revision > HEAD:
            raise StoreError(
                f"backup {file}: of a newer version ({copy.revision}) than this program ({HEAD}); update it"
            )
        return copy
    try:
        with file.open("rb") as opened:
            head = opened.read(len(DUMP_MAGIC))
    except OSError as error:
        raise StoreError(f"backup {file}: {error.strerror or error}") from error
    if head != DUMP_MAGIC:
        raise StoreError(f"backup {file}: this is no archive in pg_dump's custom format")
    listed = run_tool(db, "pg_restore", "--list", str(file), connect=False)
    if not re.search(r"\bTABLE DATA \S+ alembic_version\b", listed):
        raise StoreError(f"backup {file}: an archive, but not one of this program")
    return None


def restore(db: Database, file: Path, *, now: dt.datetime) -> Path | None:
    """Put a backup into the database's place; returns where that is kept now, None if there was none.

    Raises:
        StoreError: somebody uses the database, or the backup cannot be used; the database is as it was.
    """
    examine(db, file)
    stamp = f"{now:%Y%m%dT%H%M%S}"
    if db.dialect == "sqlite":
        return _restore_file(db, file, stamp)
    return _restore_tables(db, file, stamp)


def _restore_file(db: Database, backup: Path, stamp: str) -> Path | None:
    if (file := db.file) is None:
        raise StoreError("store: a database in memory cannot be restored")
    if file.exists() and file.samefile(backup):
        raise StoreError(f"backup {backup}: this is the database itself")
    db.close()
    with complete(file.with_name(f"{file.name}.restoring")) as part:
        shutil.copyfile(backup, part)
    coming = file.with_name(f"{file.name}.restoring")
    try:
        kept = _set_aside(file, stamp) if file.exists() else None
        coming.replace(file)
        synced(file.parent)
    finally:
        coming.unlink(missing_ok=True)
    return kept


def _set_aside(file: Path, stamp: str) -> Path:
    _close_log(file)
    kept = file.with_name(f"{file.name}.replaced-{stamp}")
    for suffix in ("", *BESIDE):
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return kept


def _close_log(file: Path) -> None:
    """Make the database one file. SQLite does so only for the last one who has it open: what we must know."""
    with closing(sqlite3.connect(file, timeout=2.0)) as connection:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                return
            mode = "wal"
        except sqlite3.DatabaseError:
            return  # damaged, or no database at all: a reason to restore; all its parts are kept as they are
    if mode == "wal":
        raise StoreError(f"store {file}: another process has it open; stop the daemon and everything else that uses it")


def _restore_tables(db: Database, backup: Path, stamp: str) -> Path:
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    db.close()
    with db.read() as connection:
        number = connection.execute(text(others)).scalar_one()
    db.close()
    if number:
        raise StoreError(f"store {db.shown_url}: {number} others are connected; stop the daemon and all that uses it")
    kept = snapshot(db, backup.absolute().with_name(f"digest-replaced-{stamp}.dump"))
    tables = ", ".join(f'"{name}"' for name in (*metadata.tables, "alembic_version"))
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "restore.sql"
        options = ("--no-owner", "--no-privileges", f"--file={script}")
        run_tool(db, "pg_restore", *options, str(backup), connect=False)
        quiet = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        run_tool(db, "psql", *quiet, f"--command=DROP TABLE IF EXISTS {tables} CASCADE", f"--file={script}")
    return kept
