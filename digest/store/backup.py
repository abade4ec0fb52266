"""Copies of a database: taken while others write, and looked at before anybody relies on them.

A copy of SQLite is one file in rollback mode, made by ``VACUUM INTO`` from one snapshot: readers and writers go on
meanwhile. It appears under its name only when it is complete, checked and on disk. A copy of PostgreSQL is an archive
in pg_dump's custom format, for pg_restore.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from digest.errors import StoreError
from digest.store.database import BUSY_TIMEOUT_MS, Database

MAGIC = b"SQLite format 3\x00"
"""The first 16 bytes of every database file (https://www.sqlite.org/fileformat.html, section 1.3.1)."""
DUMP_MAGIC = b"PGDMP"
"""The first bytes of an archive in pg_dump's custom format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a backup file holds."""

    key: bytes | None
    """The oldest signing key: two databases with the same one are one database at two times. None: not looked for."""
    revision: str
    deliveries: int
    last_edition: str | None
    """The newest edition in it, as an ISO date."""
    size: int


def snapshot(db: Database, target: Path) -> Path:
    """Copy the database to ``target``, replacing what is there; for its owner's eyes: it holds addresses and keys.

    Raises:
        StoreError: no space, no permission, no pg_dump, or the copy is not whole; ``target`` is as it was.
    """
    with complete(target) as part:
        if db.dialect == "postgresql":
            _dump(db, part)
        else:
            _vacuum(db, part)
    return target


@contextmanager
def complete(target: Path) -> Iterator[Path]:
    """A private file beside ``target`` that takes its place once it is written and on disk."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield part
        synced(part)
        part.replace(target)
        synced(target.parent)
    except OSError as error:
        raise StoreError(f"backup {target}: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise StoreError(f"backup {target}: {error}; is there enough space?") from error
    finally:
        part.unlink(missing_ok=True)


def synced(path: Path) -> None:
    """Have a file's content, or a folder's names, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _vacuum(db: Database, part: Path) -> None:
    if (file := db.file) is None:
        raise StoreError(f"store {db.shown_url}: a database in memory cannot be backed up")
    if not file.exists():
        raise StoreError(f"store {db.shown_url}: there is no such file")
    with closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT_MS / 1000)) as source:
        source.execute("VACUUM INTO ?", (str(part),))
    if damage := damage_of(part):
        raise StoreError(f"store {db.shown_url}: the copy is damaged, so the database is too: {damage}")


def damage_of(file: Path) -> str | None:
    """The first thing that SQLite's own check finds wrong with a database file; None: it is whole."""
    with closing(_opened(file)) as connection:
        try:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            return str(error)
    return None if found == "ok" else str(found)


def read_copy(file: Path) -> Copy:
    """Look into a backup of SQLite without changing it.

    Raises:
        StoreError: it is not there, torn, damaged, or no database of this program.
    """
    try:
        with file.open("rb") as opened:
            head = opened.read(len(MAGIC))
    except OSError as error:
        raise StoreError(f"backup {file}: {error.strerror or error}") from error
    if head != MAGIC:
        kind = "an archive of PostgreSQL" if head.startswith(DUMP_MAGIC) else "no SQLite database"
        raise StoreError(f"backup {file}: this is {kind}")
    if file.with_name(f"{file.name}-wal").exists():
        raise StoreError(f"backup {file}: somebody is using it as a database ({file.name}-wal is beside it)")
    if damage := damage_of(file):
        raise StoreError(f"backup {file}: damaged or cut off: {damage}; take another one")
    with closing(_opened(file)) as connection:
        try:
            oldest = connection.execute("SELECT secret FROM signing_keys ORDER BY created_at, id LIMIT 1").fetchone()
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            number, last = connection.execute(
                "SELECT count(*), max(edition) FROM deliveries WHERE NOT trial"
            ).fetchone()
        except (sqlite3.DatabaseError, TypeError) as error:
            raise StoreError(f"backup {file}: a database, but not one of this program") from error
    return Copy(
        key=oldest and bytes(oldest[0]),
        revision=str(revision),
        deliveries=number,
        last_edition=last,
        size=file.stat().st_size,
    )


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro&immutable=1", uri=True)


# ── PostgreSQL ──────────────────────────────────────────────────────────────────────────────────────────────


def _dump(db: Database, part: Path) -> None:
    run_tool(db, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={part}")


def run_tool(db: Database, name: str, *arguments: str, connect: bool = True) -> str:
    """Run one of PostgreSQL's own programs on this database. The password goes by the environment, which is private.

    Raises:
        StoreError: it is not installed, or what it says.
    """
    if (program := shutil.which(name)) is None:
        raise StoreError(
            f"{name} is not installed here; install PostgreSQL's client programs (Debian: postgresql-client), "
            "or use the server's own backups"
        )
    environment = dict(os.environ)
    if db.url.password:
        environment["PGPASSWORD"] = str(db.url.password)
    address = [f"--dbname={_address(db)}"] if connect else []
    done = subprocess.run(  # noqa: S603 - one of PostgreSQL's programs, its arguments ours
        [program, "--no-password", *address, *arguments],
        env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise StoreError(f"{name}: {said[0] if said else f'ended with {done.returncode}'}")
    return done.stdout


def _address(db: Database) -> str:
    """The URL as libpq takes it (PostgreSQL manual, 34.1.1.2), without the password."""
    return db.url.set(drivername="postgresql", password=None).render_as_string()
