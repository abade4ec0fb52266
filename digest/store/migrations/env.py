"""Alembic's entry: the connection is handed in by digest.store.upgrade, which owns the transaction."""

from alembic import context

from digest.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
