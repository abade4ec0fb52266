"""What dead processes leave behind: expired leases, by what had been committed before they ended."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from sqlalchemy import insert, or_, select, update

from digest.model import DeliveryState
from digest.store.outbox.base import Chapter
from digest.store.outbox.reconciling import put_gaps
from digest.store.outbox.values import Reaped
from digest.store.owners import is_dead, machine
from digest.store.schema import attempts, deliveries

WORDS = "the sender ended between the first byte and the reply; it may or may not have been delivered"


class Reaping(Chapter):
    def reap(self, now: dt.datetime, *, on_uncertain: Literal["hold", "retry"] = "hold") -> Reaped:
        """Settle every lease that has ended: by time, or because its process was killed on this machine.

        ``building`` goes back to planned. ``leased`` goes back to ready: nothing was sent. ``sending`` becomes
        uncertain and keeps its token, so that a late reply of a sender that only slept still counts; with
        ``on_uncertain="retry"`` it goes back to ready instead while it is news, and the Message-ID stays the same.
        A trial that was being written to a file is simply written again.
        """
        ended = or_(deliveries.c.lease_until <= now, deliveries.c.lease_token.in_(self._orphaned(now)))
        freed = {"lease_token": None, "lease_until": None, "updated_at": now}
        with self._db.write() as connection:
            planned = connection.execute(
                update(deliveries)
                .where(ended, deliveries.c.state == DeliveryState.BUILDING)
                .values(state=DeliveryState.PLANNED, **freed)
            ).rowcount
            leased = connection.execute(
                update(deliveries)
                .where(ended, deliveries.c.state == DeliveryState.LEASED)
                .values(state=DeliveryState.READY, **freed)
            ).rowcount
            lost = connection.execute(
                select(deliveries.c.id, deliveries.c.lease_token, deliveries.c.trial, deliveries.c.expires_at)
                .where(ended, deliveries.c.state == DeliveryState.SENDING)
                .order_by(deliveries.c.id)
                .with_for_update()
            ).all()
            again = [row.id for row in lost if row.trial or (on_uncertain == "retry" and row.expires_at > now)]
            unsure = [row.id for row in lost if row.id not in again]
            charged = {"attempt_count": deliveries.c.attempt_count + 1}
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(unsure))
                .values(state=DeliveryState.UNCERTAIN, reason=WORDS, lease_until=None, updated_at=now, **charged)
            )
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(again))
                .values(state=DeliveryState.READY, **freed, **charged)
            )
            put_gaps(connection, unsure, now)
            # One that is sent again may arrive twice: that is on record, too. A trial is a file, and harms nobody.
            rows = [
                {
                    "delivery_id": row.id,
                    "lease_token": row.lease_token,
                    "at": now,
                    "relay": "",
                    "phase": "lost",
                    "outcome": "uncertain",
                    "code": None,
                    "text": WORDS,
                }
                for row in lost
                if not row.trial
            ]
            if rows:
                connection.execute(insert(attempts), rows)
        return Reaped(ready=leased + len(again), planned=planned, uncertain=len(unsure))

    def _orphaned(self, now: dt.datetime) -> list[str]:
        """Tokens of running leases whose process is dead."""
        mine = deliveries.c.lease_token.startswith(machine())
        query = select(deliveries.c.lease_token).where(deliveries.c.lease_until > now, mine).distinct()
        with self._db.read() as connection:
            return [token for token in connection.scalars(query) if is_dead(token)]
