"""Who may ask a provider now: one turn per pace key, kept in the database that all processes share.

    free, next_at passed ──acquire──▶ held until now + lease ──release──▶ free, next_at = request sent + pace
                                          └──nobody renews──▶ free when the lease ends, or its process is known dead

Whoever had the turn last lets those through who were refused meanwhile: with long answers, whoever is there when the
turn ends would else always be the same.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row, select

from digest.model import TurnRefused, Validators
from digest.store.database import Database
from digest.store.owners import is_dead, new_token
from digest.store.schema import http_cache, provider_turns

LONGEST_POLL_S = 0.5
"""How often somebody who waits for a held turn looks again; a quarter of the pace where that is shorter."""
SHORTEST_POLL_S = 0.02


class LedgerStore:
    """Implements :class:`digest.sources.turns.Ledger`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._insert = db.insert

    def new_holder(self) -> str:
        """A name for one client that nobody else has, and by which its process is known to be gone."""
        return new_token()

    def acquire(self, key: str, holder: str, *, now: dt.datetime, pace_s: float, lease_s: float) -> TurnRefused | None:
        """Take the turn, which is nobody else's then; None: it is ours."""
        poll = dt.timedelta(seconds=min(max(pace_s / 4, SHORTEST_POLL_S), LONGEST_POLL_S))
        with self._db.write() as connection:
            row = self._locked(connection, key, now)
            refused = _refusal(row, holder, now=now, poll=poll)
            if refused is None:
                self._set(
                    connection,
                    key,
                    holder=holder,
                    held_until=now + dt.timedelta(seconds=lease_s),
                    next_at=now + dt.timedelta(seconds=pace_s),
                    wanted=False,
                )
            elif row.holder != holder and not row.wanted:
                self._set(connection, key, wanted=True)
        return refused

    def renew(self, key: str, holder: str, *, now: dt.datetime, lease_s: float) -> bool:
        """Keep the turn; False: it went to somebody else."""
        with self._db.write() as connection:
            row = self._locked(connection, key, now)
            ours = row.holder == holder and row.held_until is not None
            if ours:
                self._set(connection, key, held_until=now + dt.timedelta(seconds=lease_s))
        return ours

    def release(self, key: str, holder: str, *, next_at: dt.datetime) -> None:
        """Give the turn back; nobody starts before ``next_at``, nor before what a Retry-After asked for."""
        with self._db.write() as connection:
            row = self._locked(connection, key, next_at)
            if row.holder == holder:
                self._set(connection, key, held_until=None, next_at=max(next_at, row.next_at))

    def postpone(self, key: str, until: dt.datetime) -> None:
        """Nobody asks before ``until`` (Retry-After, RFC 9110 section 10.2.3)."""
        with self._db.write() as connection:
            row = self._locked(connection, key, until)
            self._set(connection, key, next_at=max(until, row.next_at))

    def validators(self, url: str) -> Validators | None:
        """What makes the next request for a URL conditional."""
        with self._db.read() as connection:
            row = connection.execute(select(http_cache).where(http_cache.c.url == url)).one_or_none()
        return Validators(url=row.url, etag=row.etag, last_modified=row.last_modified) if row else None

    def _locked(self, connection: Connection, key: str, default: dt.datetime) -> Row[Any]:
        # The row must exist before it can be locked, or two first requests would both find nothing.
        first = self._insert(provider_turns).values(key=key, next_at=default, wanted=False)
        connection.execute(first.on_conflict_do_nothing())
        query = select(provider_turns).where(provider_turns.c.key == key).with_for_update()
        return connection.execute(query).one()

    def _set(self, connection: Connection, key: str, **values: object) -> None:
        connection.execute(provider_turns.update().where(provider_turns.c.key == key).values(**values))


def _refusal(row: Row[Any], holder: str, *, now: dt.datetime, poll: dt.timedelta) -> TurnRefused | None:
    """Why a holder does not get the turn now, and when to ask again; None: it does."""
    held = row.held_until is not None and row.held_until > now and row.holder != holder
    if held and not is_dead(row.holder):
        return TurnRefused(until=min(row.held_until, now + poll), held=True)
    if row.next_at > now:
        return TurnRefused(until=row.next_at, held=False)
    if row.wanted and row.holder == holder and now < row.next_at + 2 * poll:
        return TurnRefused(until=row.next_at + 2 * poll, held=True)
    return None
