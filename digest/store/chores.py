"""What is done once a day by whichever process comes first: pruning, the nightly backup, an alert of a kind."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update

from digest.store.database import Database
from digest.store.schema import chores

AGAIN_AFTER = dt.timedelta(minutes=30)
"""A chore that was begun and not done by then is anybody's again."""


class ChoreStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def claim(self, name: str, day: dt.date, *, now: dt.datetime) -> bool:
        """True: this process does it. False: it is done for ``day`` or a later one, or somebody is at it."""
        begun = {"day": day, "claimed_at": now, "done_at": None}
        free = (chores.c.day < day) | (
            (chores.c.day == day) & chores.c.done_at.is_(None) & (chores.c.claimed_at <= now - AGAIN_AFTER)
        )
        statement = self._db.insert(chores).values(name=name, **begun)
        taken = statement.on_conflict_do_update(index_elements=[chores.c.name], set_=begun, where=free)
        if self._is_done(name, day):  # most ticks: without a write
            return False
        with self._db.write() as connection:
            return connection.execute(taken.returning(chores.c.name)).first() is not None

    def done(self, name: str, *, now: dt.datetime) -> None:
        with self._db.write() as connection:
            connection.execute(update(chores).where(chores.c.name == name).values(done_at=now))

    def last(self, name: str) -> dt.date | None:
        """The day for which it was last done; None if it never was."""
        query = select(chores.c.day).where(chores.c.name == name, chores.c.done_at.is_not(None))
        with self._db.read() as connection:
            day: dt.date | None = connection.execute(query).scalar_one_or_none()
        return day

    def _is_done(self, name: str, day: dt.date) -> bool:
        last = self.last(name)
        return last is not None and last >= day
