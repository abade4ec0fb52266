"""What the service has learnt, as bytes by name: small, rewritten whole, and rebuilt from nothing if it is lost."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from sqlalchemy import select

from digest.store.database import Database
from digest.store.schema import learnt

FORECAST = "forecast"
"""The name of what :mod:`digest.ranking.experience` packs."""


class Learnt(NamedTuple):
    body: bytes
    said: str
    """In a line for people."""
    learnt_at: dt.datetime


class LearntStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, name: str) -> Learnt | None:
        with self._db.read() as connection:
            row = connection.execute(select(learnt).where(learnt.c.name == name)).first()
        return Learnt(row.body, row.said, row.learnt_at) if row else None

    def put(self, name: str, learned: Learnt, *, instead_of: dt.datetime | None) -> bool:
        """Keep what was learnt, unless somebody has written since ``instead_of``; tells whether it was kept."""
        with self._db.write() as connection:
            held = connection.execute(
                select(learnt.c.learnt_at).where(learnt.c.name == name).with_for_update()
            ).scalar_one_or_none()
            if held != instead_of:
                return False
            statement = self._db.insert(learnt)
            statement = statement.on_conflict_do_update(
                index_elements=[learnt.c.name],
                set_={column: statement.excluded[column] for column in learned._fields},
            )
            connection.execute(statement, [{"name": name, **learned._asdict()}])
        return True
