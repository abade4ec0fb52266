"""From ready to a reply: leases, the mark before the first byte, results, and what dead senders leave behind.

    ready | deferred ──claim_ready──▶ leased ──mark_sending──▶ sending ──record──▶ accepted, deferred, failed, …
         ▲                              │                         │
         └──────── release, reap ───────┘            reap ──▶ uncertain

Every update carries the lease token, so a sender whose lease was taken away can change nothing; with one exception:
a 250 is a fact, whoever holds the lease.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from sqlalchemy import BindParameter, Connection, bindparam, or_, select, update

from digest.model import DeliveryState
from digest.store.bulk import BulkInsert, instant_binder
from digest.store.outbox.base import AnyRow, Chapter, pass_gate
from digest.store.outbox.suppression import put_suppression
from digest.store.outbox.values import AttemptResult, ClaimedDelivery, Window
from digest.store.owners import new_token
from digest.store.schema import attempts, deliveries, resting_domains, subscribers

UNDER_LEASE = (DeliveryState.LEASED, DeliveryState.SENDING)

# Written once: to put a statement together takes SQLAlchemy longer than SQLite takes to carry it out.
_IDS: BindParameter[int] = bindparam("ids", expanding=True)

MARKABLE = (
    select(
        deliveries.c.id,
        deliveries.c.lease_token,
        deliveries.c.recipient,
        deliveries.c.expires_at,
        subscribers.c.state.label("reader_state"),
    )
    .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
    # `sending` as well: this very commit may have got through although its answer did not.
    .where(deliveries.c.id.in_(_IDS), deliveries.c.state.in_(UNDER_LEASE))
    .order_by(deliveries.c.id)
    .with_for_update(of=deliveries)
)

MARK = (
    update(deliveries).where(deliveries.c.id.in_(_IDS)).values(state=DeliveryState.SENDING, updated_at=bindparam("at"))
)

ACCEPT = (
    update(deliveries)
    .where(
        # Locked in the order of their ids, as verdicts are.
        deliveries.c.id.in_(
            select(deliveries.c.id)
            .where(deliveries.c.id.in_(_IDS), deliveries.c.state != DeliveryState.ACCEPTED)
            .order_by(deliveries.c.id)
            .with_for_update()
        )
    )
    .values(
        state=DeliveryState.ACCEPTED,
        reason=None,
        next_attempt_at=None,
        attempt_count=deliveries.c.attempt_count + 1,
        lease_token=None,
        lease_until=None,
        updated_at=bindparam("at"),
    )
)

_ATTEMPT = ("delivery_id", "lease_token", "at", "relay", "phase", "outcome", "code", "text")

VERDICT = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("delivery"),
        deliveries.c.lease_token == bindparam("token"),
        # Spelt out: an IN list cannot go with many rows of parameters.
        or_(*(deliveries.c.state == state for state in (*UNDER_LEASE, DeliveryState.UNCERTAIN))),
    )
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        next_attempt_at=bindparam("retry_at"),
        attempt_count=deliveries.c.attempt_count + bindparam("charge"),
        lease_token=None,
        lease_until=None,
        updated_at=bindparam("at"),
    )
)


class Sending(Chapter):
    def claim_ready(
        self, limit: int, *, now: dt.datetime, lease_s: float, trial: bool, without: Collection[str] = ()
    ) -> list[ClaimedDelivery]:
        """Lease up to ``limit`` deliveries that may go out now; those due again after a deferral come first.

        Left alone: recipient domains that rest, and those in ``without``, whose limits are used up for the moment.
        Consent, suppression and expiry are checked here and once more by ``mark_sending``. Empty means that nothing
        may go out now.
        """
        token, until = new_token(), now + dt.timedelta(seconds=lease_s)
        claimed: list[AnyRow] = []
        with self._db.write() as connection:
            for state in (DeliveryState.DEFERRED, DeliveryState.READY):
                # One state at a time, so that the index gives the order and a long queue is never sorted.
                while len(claimed) < limit:
                    rows = self._candidates(connection, state, limit - len(claimed), now, trial, without)
                    if not rows:
                        break
                    passed = pass_gate(connection, rows, now)
                    if passed:
                        connection.execute(
                            update(deliveries)
                            .where(deliveries.c.id.in_([row.id for row in passed]))
                            .values(state=DeliveryState.LEASED, lease_token=token, lease_until=until, updated_at=now)
                        )
                    claimed += passed
        return [
            ClaimedDelivery(
                id=row.id,
                subscriber_id=row.subscriber_id,
                edition=row.edition,
                recipient=row.recipient,
                recipe=row.recipe,
                message_id=row.message_id,
                attempt_count=row.attempt_count,
                lease_token=token,
                expires_at=row.expires_at,
            )
            for row in claimed
        ]

    @staticmethod
    def _candidates(
        connection: Connection,
        state: DeliveryState,
        limit: int,
        now: dt.datetime,
        trial: bool,
        without: Collection[str],
    ) -> Sequence[AnyRow]:
        resting = select(resting_domains.c.domain).where(resting_domains.c.rests_until > now)
        unknown = deliveries.c.domain.is_(None)
        query = (
            select(deliveries, subscribers.c.state.label("reader_state"))
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .where(deliveries.c.state == state, deliveries.c.trial == trial, deliveries.c.not_before <= now)
            .where(or_(unknown, deliveries.c.domain.not_in(resting)))
            .order_by(deliveries.c.not_before, deliveries.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=deliveries)
        )
        if without:
            query = query.where(or_(unknown, deliveries.c.domain.not_in(sorted(without))))
        if state is DeliveryState.DEFERRED:
            # One that is past its time is claimed too, so that the gate can expire it.
            due = or_(deliveries.c.next_attempt_at <= now, deliveries.c.expires_at <= now)
            query = query.where(due)
        return connection.execute(query).all()

    def mark_sending(self, ids: Collection[int], lease_token: str, *, now: dt.datetime) -> frozenset[int]:
        """Commit that these are about to be sent; returns those that may be. Call before the first byte of MAIL FROM.

        Missing from the answer: what was cancelled, held, suppressed, unsubscribed or reaped since the claim.
        """
        return self.advance((), (Window(lease_token=lease_token, ids=tuple(ids)),), now=now)

    def record(self, results: Sequence[AttemptResult], *, now: dt.datetime) -> int:
        """Write results: attempts first, then states, in one transaction; returns how many states changed."""
        with self._db.write() as connection:
            return _record(connection, results, now)

    def advance(
        self, results: Sequence[AttemptResult], windows: Sequence[Window], *, now: dt.datetime
    ) -> frozenset[int]:
        """``record`` and then ``mark_sending`` for several connections, in one transaction.

        A connection's last results and its next window go together, so no more than one window per connection is ever
        ``sending``: that is the bound on what a crash leaves uncertain.
        """
        with self._db.write() as connection:
            _record(connection, results, now)
            return _mark(connection, windows, now)

    def release(self, ids: Collection[int], lease_token: str, *, now: dt.datetime, reason: str | None = None) -> int:
        """Give back deliveries of which not one byte was sent; returns how many still were the caller's."""
        if not ids:
            return 0
        with self._db.write() as connection:
            return connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.id.in_(list(ids)),
                    deliveries.c.lease_token == lease_token,
                    deliveries.c.state.in_(UNDER_LEASE),
                )
                .values(
                    state=DeliveryState.READY,
                    lease_token=None,
                    lease_until=None,
                    next_attempt_at=None,
                    reason=reason,
                    updated_at=now,
                )
            ).rowcount

    def renew(self, lease_token: str, *, until: dt.datetime) -> int:
        """Heartbeat: move the end of a lease; returns how many deliveries still are under it."""
        with self._db.write() as connection:
            return connection.execute(
                update(deliveries)
                .where(deliveries.c.lease_token == lease_token, deliveries.c.state.in_(UNDER_LEASE))
                .values(lease_until=until)
            ).rowcount


def _mark(connection: Connection, windows: Sequence[Window], now: dt.datetime) -> frozenset[int]:
    token_of = {delivery: window.lease_token for window in windows for delivery in window.ids}
    if not token_of:
        return frozenset()
    rows = connection.execute(MARKABLE, {"ids": list(token_of)}).all()
    passed = [
        row.id for row in pass_gate(connection, [row for row in rows if row.lease_token == token_of[row.id]], now)
    ]
    if passed:
        connection.execute(MARK, {"ids": passed, "at": now})
    return frozenset(passed)


def _record(connection: Connection, results: Sequence[AttemptResult], now: dt.datetime) -> int:
    if not results:
        return 0
    instant = instant_binder(connection.dialect)
    BulkInsert(attempts, _ATTEMPT, connection.dialect)(
        connection,
        [(r.delivery_id, r.lease_token, instant(r.at), r.relay, r.phase, r.outcome, r.code, r.text) for r in results],
    )
    accepted = [result.delivery_id for result in results if result.state is DeliveryState.ACCEPTED]
    verdicts = [
        {
            "delivery": result.delivery_id,
            "token": result.lease_token,
            "new_state": result.state,
            "new_reason": result.reason,
            "retry_at": result.next_attempt_at,
            "charge": int(result.charged),
            "at": now,
        }
        # In the order of their ids, so that two writers on PostgreSQL never wait for each other in a circle.
        for result in sorted(results, key=lambda result: result.delivery_id)
        if result.state is not DeliveryState.ACCEPTED
    ]
    changed = _accept(connection, accepted, now) if accepted else 0
    changed += connection.execute(VERDICT, verdicts).rowcount if verdicts else 0
    dead = {result.delivery_id: result.reason or result.text for result in results if result.suppress}
    if dead:
        recipients = select(deliveries.c.id, deliveries.c.recipient).where(deliveries.c.id.in_(list(dead)))
        for row in connection.execute(recipients.where(deliveries.c.recipient.is_not(None))).all():
            put_suppression(connection, row.recipient, dead[row.id], now)
    return changed


def _accept(connection: Connection, ids: Sequence[int], now: dt.datetime) -> int:
    """A 250 is a fact, whoever holds the lease by now. One statement: nearly all results are this one."""
    return connection.execute(ACCEPT, {"ids": ids, "at": now}).rowcount
