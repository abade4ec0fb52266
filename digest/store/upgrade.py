"""Bring a database to the schema of this program: made at once when new, migrated step by step when old.

    no tables ──create──▶ HEAD          an older revision ──backup──▶ migrations, in one transaction ──▶ HEAD

Several processes may start at once: the first does the work, the others wait and find it done. A migration that fails
leaves the database as it was; on SQLite a copy of the file is made before, for one that succeeds and should not have.

Alembic alone takes half a second to import, so it is only asked when the stored revision is not the newest one.
"""

from __future__ import annotations

import logging
from importlib import resources
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from digest.errors import StoreError
from digest.store.backup import snapshot
from digest.store.database import Database
from digest.store.keys import make_first_key
from digest.store.schema import metadata

logger = logging.getLogger(__name__)

HEAD = "0002"
"""The newest revision in migrations/versions; a test holds the two together."""


def ensure_current(db: Database) -> bool:
    """Create or migrate; True if there was anything to do.

    Raises:
        StoreError: the database is newer than this program, or holds something else, or could not be migrated.
    """
    revision = revision_of(db)
    if revision == HEAD:
        return False
    if revision is None:
        return _create(db)
    _migrate(db, revision)
    return True


def revision_of(db: Database) -> str | None:
    """The revision of a database; None of a new one."""
    with db.read() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _create(db: Database) -> bool:
    with db.restructure() as connection:
        if _revision(connection) == HEAD:
            return False  # somebody else was quicker
        if "papers" in inspect(connection).get_table_names():
            raise StoreError(
                f"store {db.shown_url}: has tables of this program, but no version; restore a backup: digest db restore"
            )
        metadata.create_all(connection)
        make_first_key(connection)
        connection.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        connection.execute(text("DELETE FROM alembic_version"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
    return True


def _migrate(db: Database, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    with resources.as_file(resources.files("digest.store").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        try:
            ScriptDirectory.from_config(config).get_revision(revision)
        except CommandError as error:
            raise StoreError(
                f"store {db.shown_url}: has version {revision}, which is newer than this program knows; "
                "install the newest paper-digest"
            ) from error
        kept = _keep(db, revision)
        try:
            with db.restructure() as connection:
                if _revision(connection) == HEAD:
                    return
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except (StoreError, SQLAlchemyError, CommandError) as error:
            raise StoreError(
                f"store {db.shown_url}: could not be brought from version {revision} to {HEAD}, "
                f"and is as it was: {error}"
            ) from error
    logger.info("database upgraded from=%s to=%s backup=%s", revision, HEAD, kept or "none")


def _keep(db: Database, revision: str) -> Path | None:
    """A copy of the file before it is migrated, beside it; None of a server, whose backups are its operator's."""
    if (file := db.file) is None or revision == "base":
        return None
    kept = file.with_name(f"{file.name}.before-{HEAD}")
    if not kept.exists():  # else from an attempt that failed: the same data, or older
        snapshot(db, kept)
    return kept
