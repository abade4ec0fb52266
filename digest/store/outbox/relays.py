"""The circuit to each relay, kept in the database so that it holds for every process and across restarts."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, insert, select

from digest.store.outbox.base import Chapter, write_event
from digest.store.outbox.values import RelayState
from digest.store.schema import relays


class Relays(Chapter):
    def relay(self, relay: str) -> RelayState:
        """The relay's circuit; one that was never in trouble is closed."""
        with self._db.read() as connection:
            row = connection.execute(select(relays).where(relays.c.relay == relay)).one_or_none()
        if row is None:
            return RelayState(relay=relay)
        return RelayState(relay=relay, failures=row.failures, paused_until=row.paused_until, reason=row.reason)

    def troubled_relays(self) -> list[RelayState]:
        """Every relay whose circuit is open or being probed."""
        with self._db.read() as connection:
            rows = connection.execute(select(relays).order_by(relays.c.relay)).all()
        return [
            RelayState(relay=row.relay, failures=row.failures, paused_until=row.paused_until, reason=row.reason)
            for row in rows
        ]

    def pause_relay(self, relay: str, *, until: dt.datetime, failures: int, reason: str, now: dt.datetime) -> None:
        """Open the circuit: nobody sends through the relay before ``until``, and then with one message first."""
        with self._db.write() as connection:
            connection.execute(delete(relays).where(relays.c.relay == relay))
            connection.execute(insert(relays).values(relay=relay, paused_until=until, failures=failures, reason=reason))
            detail = {"relay": relay, "until": until.isoformat(), "failures": failures, "reason": reason}
            write_event(connection, "relay.paused", detail, now)

    def resume_relay(self, relay: str, *, now: dt.datetime) -> bool:
        """Close the circuit, after a good probe or because the operator says so. False if it was closed."""
        with self._db.write() as connection:
            resumed = connection.execute(delete(relays).where(relays.c.relay == relay)).rowcount > 0
            if resumed:
                write_event(connection, "relay.resumed", {"relay": relay}, now)
            return resumed
