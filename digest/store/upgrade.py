"""Bring a database to the schema of this program: made at once when new, migrated step by step when old.

Alembic alone takes half a second to import, so it is only asked when the stored revision is not the newest one.
"""

from __future__ import annotations

from importlib import resources

from sqlalchemy import inspect, text

from digest.errors import StoreError
from digest.store.database import Database
from digest.store.keys import make_first_key
from digest.store.schema import metadata

HEAD = "0001"
"""The newest revision in migrations/versions; a test holds the two together."""


def ensure_current(db: Database) -> None:
    """Create or migrate.

    Raises:
        StoreError: the database is newer than this program, or holds something else.
    """
    revision = revision_of(db)
    if revision == HEAD:
        return
    if revision is None:
        with db.write() as connection:
            tables = set(inspect(connection).get_table_names())
            if "papers" not in tables:
                metadata.create_all(connection)
                make_first_key(connection)
                connection.execute(
                    text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
                )
                connection.execute(text("DELETE FROM alembic_version"))
                connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
                return
        raise StoreError(
            f"store {db.url.render_as_string()}: has tables of this program, but no version; restore a backup"
        )
    _migrate(db, revision)


def revision_of(db: Database) -> str | None:
    with db.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _migrate(db: Database, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    with resources.as_file(resources.files("digest.store").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        try:
            ScriptDirectory.from_config(config).get_revision(revision)
        except CommandError as error:
            raise StoreError(
                f"store {db.url.render_as_string()}: has version {revision}, which is newer than this program knows; "
                "install the newest paper-digest"
            ) from error
        with db.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
