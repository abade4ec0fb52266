"""Which press days were reported to the operator: once each, whoever looks, and again if the attempt failed."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import update

from digest.store.database import Database
from digest.store.schema import reports

AGAIN_AFTER = dt.timedelta(minutes=30)
"""A report that was claimed and not sent by then is anybody's again."""


class ReportStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._insert = db.insert

    def claim(self, day: dt.date, *, now: dt.datetime) -> bool:
        """True: this process sends the report of ``day``. False: it was sent, or somebody is at it."""
        statement = self._insert(reports).values(press_day=day, claimed_at=now)
        taken = statement.on_conflict_do_update(
            index_elements=[reports.c.press_day],
            set_={"claimed_at": now},
            where=reports.c.sent_at.is_(None) & (reports.c.claimed_at <= now - AGAIN_AFTER),
        )
        with self._db.write() as connection:
            return connection.execute(taken.returning(reports.c.press_day)).first() is not None

    def sent(self, day: dt.date, *, now: dt.datetime) -> None:
        with self._db.write() as connection:
            connection.execute(update(reports).where(reports.c.press_day == day).values(sent_at=now))
