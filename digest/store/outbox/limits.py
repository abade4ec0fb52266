"""How much each relay has been given, and which recipient domains are left in peace; for every process, over restarts.

Allowances are drawn before sending and what was not used is put back, so that two senders on one database never exceed
a limit together; a sender that is killed leaves at most what it had drawn unused. Time is counted in slots of five
minutes, and a slot counts until all of it is past: a relay is never given more in any hour or day than its limit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from digest.store.outbox.base import Chapter, insert_or_ignore, write_event
from digest.store.outbox.values import Draw, RestingDomain
from digest.store.schema import allowances, resting_domains

SLOT = dt.timedelta(minutes=5)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
LOCK = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""The slot of the row that is locked while one key is counted; it never counts itself."""


class Limits(Chapter):
    def draw(self, relay: str, wanted: int, *, per_hour: int | None, per_day: int | None, now: dt.datetime) -> Draw:
        """Take up to ``wanted`` messages out of what the relay may still be given; 0 asks what there is."""
        slot = _slot(now)
        with self._db.write() as connection:
            _lock(connection, relay)
            _forget(connection, relay, before=now - 2 * DAY)
            free, free_at = wanted, now
            for span, limit in ((HOUR, per_hour), (DAY, per_day)):
                if limit is None:
                    continue
                used, first = _used(connection, relay, now - span)
                if limit - used < max(free, 1):
                    free = max(0, min(free, limit - used))
                    if used >= limit and first is not None:
                        free_at = max(free_at, first + SLOT + span)
            if free:
                _add(connection, relay, slot, free)
        return Draw(number=free, slot=slot, free_at=free_at)

    def put_back(self, relay: str, draw: Draw, number: int) -> None:
        """Return what was drawn and not used."""
        with self._db.write() as connection:
            _add(connection, relay, draw.slot, -number)

    def given(self, now: dt.datetime) -> dict[str, tuple[int, int]]:
        """By relay: how many messages it was given in the last hour, and in the last 24."""
        with self._db.read() as connection:
            relays = connection.scalars(select(allowances.c.relay).distinct()).all()
            return {
                relay: (_used(connection, relay, now - HOUR)[0], _used(connection, relay, now - DAY)[0])
                for relay in relays
            }

    def rest_domain(self, domain: str, *, until: dt.datetime, failures: int, reason: str, now: dt.datetime) -> None:
        """Claim nothing for this recipient domain before ``until``, and then one message first."""
        with self._db.write() as connection:
            connection.execute(delete(resting_domains).where(resting_domains.c.domain == domain))
            connection.execute(
                insert(resting_domains).values(domain=domain, rests_until=until, failures=failures, reason=reason)
            )
            detail = {"domain": domain, "until": until.isoformat(), "failures": failures, "reason": reason}
            write_event(connection, "domain.rests", detail, now)

    def trust_domain(self, domain: str) -> bool:
        """A message was accepted, or the operator says so. False if it was trusted."""
        with self._db.write() as connection:
            return connection.execute(delete(resting_domains).where(resting_domains.c.domain == domain)).rowcount > 0

    def troubled_domains(self) -> Sequence[RestingDomain]:
        """Every domain that rests, or is to be tried with one message first."""
        with self._db.read() as connection:
            rows = connection.execute(select(resting_domains).order_by(resting_domains.c.domain)).all()
        return [
            RestingDomain(domain=row.domain, rests_until=row.rests_until, failures=row.failures, reason=row.reason)
            for row in rows
        ]


def _slot(now: dt.datetime) -> dt.datetime:
    return now - dt.timedelta(seconds=now.timestamp() % SLOT.total_seconds())


def _lock(connection: Connection, relay: str) -> None:
    """One counts at a time: on SQLite a write transaction is alone anyway, PostgreSQL locks this row."""
    connection.execute(insert_or_ignore(connection, allowances).values(relay=relay, slot=LOCK, taken=0))
    connection.execute(
        select(allowances.c.taken).where(allowances.c.relay == relay, allowances.c.slot == LOCK).with_for_update()
    )


def _forget(connection: Connection, relay: str, *, before: dt.datetime) -> None:
    past = and_(allowances.c.slot > LOCK, allowances.c.slot < before)
    connection.execute(delete(allowances).where(allowances.c.relay == relay, past))


def _used(connection: Connection, relay: str, since: dt.datetime) -> tuple[int, dt.datetime | None]:
    """(messages, the first slot that counts) of all slots that are not wholly before ``since``."""
    total, first = connection.execute(
        select(func.coalesce(func.sum(allowances.c.taken), 0), func.min(allowances.c.slot)).where(
            allowances.c.relay == relay, allowances.c.slot > max(since - SLOT, LOCK), allowances.c.taken > 0
        )
    ).one()
    return int(total), first


def _add(connection: Connection, relay: str, slot: dt.datetime, number: int) -> None:
    mine = and_(allowances.c.relay == relay, allowances.c.slot == slot)
    if not connection.execute(update(allowances).where(mine).values(taken=allowances.c.taken + number)).rowcount:
        connection.execute(insert(allowances).values(relay=relay, slot=slot, taken=number))
