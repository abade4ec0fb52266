"""What operators did by hand on their pages: events that say who, when, what, and to whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from digest.store.database import Database
from digest.store.outbox.base import write_event
from digest.store.schema import events

_PREFIX = "admin."


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneByHand:
    """One act. ``detail`` is empty where it named a reader who was erased since."""

    at: dt.datetime
    act: str
    who: str
    detail: Mapping[str, object]


class ActStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, act: str, *, who: str, detail: Mapping[str, object], now: dt.datetime) -> None:
        """Put an act on record. Readers are named by id, never by address."""
        with self._db.write() as connection:
            write_event(connection, f"{_PREFIX}{act}", {**detail, "who": who}, now)

    def latest(self, limit: int) -> list[DoneByHand]:
        """The newest first."""
        query = select(events).where(events.c.kind.startswith(_PREFIX)).order_by(events.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return [
                DoneByHand(
                    at=row.at,
                    act=row.kind.removeprefix(_PREFIX),
                    who=row.detail.get("who", ""),
                    detail={name: value for name, value in row.detail.items() if name != "who"},
                )
                for row in connection.execute(query)
            ]
