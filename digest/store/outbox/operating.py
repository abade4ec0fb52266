"""What an operator does by hand, each act on record as an event: hold, release, cancel, retry, confirm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, exists, insert, select, update

from digest.model import RELEASING_STATES, DeliveryState
from digest.store.outbox.base import AnyRow, Chapter, settle, write_event
from digest.store.outbox.reconciling import put_gaps
from digest.store.schema import attempts, deliveries, sent_papers

S = DeliveryState

HOLDABLE = frozenset({S.PLANNED, S.READY, S.LEASED, S.DEFERRED})
CANCELLABLE = frozenset({S.PLANNED, S.BUILDING, S.READY, S.LEASED, S.DEFERRED, S.HELD, S.UNCERTAIN})
RETRIABLE = RELEASING_STATES | {S.DEFERRED, S.UNCERTAIN, S.HELD}

GRACE = dt.timedelta(hours=18)
"""How long a delivery that the operator retries stays news."""


class Operating(Chapter):
    """Each method takes ids, acts on those whose state allows it, and returns the ids it changed.

    One that is ``sending`` cannot be called back; one that is leased can, until its mark is committed.
    """

    def hold(self, ids: Collection[int], *, now: dt.datetime) -> list[int]:
        """Keep from being sent until released."""
        with self._db.write() as connection:
            rows = _locked(connection, ids, HOLDABLE)
            return _move(connection, "hold", {S.HELD: rows}, "held by the operator", now)

    def release_held(self, ids: Collection[int], *, now: dt.datetime) -> list[int]:
        """Let held deliveries go on: to be sent if they are built, else to be built."""
        with self._db.write() as connection:
            rows = _locked(connection, ids, {S.HELD})
            ready = [row for row in rows if row.recipe is not None]
            planned = [row for row in rows if row.recipe is None]
            return _move(connection, "release", {S.READY: ready, S.PLANNED: planned}, None, now)

    def cancel(self, ids: Collection[int], *, now: dt.datetime) -> list[int]:
        """Never send; gives the papers back. Of an uncertain one it says: it did not arrive."""
        with self._db.write() as connection:
            rows = _locked(connection, ids, CANCELLABLE)
            return _move(connection, "cancel", {S.CANCELLED: rows}, "cancelled by the operator", now)

    def confirm(self, ids: Collection[int], *, now: dt.datetime) -> list[int]:
        """Of uncertain ones: they did arrive. Written to the attempts too, so that the books balance."""
        with self._db.write() as connection:
            rows = _locked(connection, ids, {S.UNCERTAIN})
            for row in rows:
                connection.execute(
                    insert(attempts).values(
                        delivery_id=row.id,
                        lease_token=row.lease_token or "",
                        at=now,
                        relay="operator",
                        phase="lost",
                        outcome="accepted",
                        text="the operator confirmed that it arrived",
                    )
                )
            put_gaps(connection, [row.id for row in rows], now)
            return _move(connection, "confirm", {S.ACCEPTED: rows}, "confirmed by the operator", now)

    def retry(self, ids: Collection[int], *, now: dt.datetime) -> list[int]:
        """Send again now: the same bytes and Message-ID if they are still right, else built anew.

        A delivery that had given its papers back is built anew when one of them went out in another edition since. It
        stays news for GRACE. A suppressed address must be unsuppressed first, or the claim settles it again.
        """
        with self._db.write() as connection:
            rows = _locked(connection, ids, RETRIABLE)
            again = [row for row in rows if row.recipe is not None and not _overtaken(connection, row)]
            anew = [row for row in rows if row not in again]
            for row in anew:
                connection.execute(delete(sent_papers).where(sent_papers.c.delivery_id == row.id))
                connection.execute(
                    update(deliveries).where(deliveries.c.id == row.id).values(recipe=None, message_id=None)
                )
            for row in rows:
                connection.execute(
                    update(deliveries)
                    .where(deliveries.c.id == row.id)
                    .values(expires_at=max(row.expires_at, now + GRACE), attempt_count=0)
                )
            return _move(connection, "retry", {S.READY: again, S.PLANNED: anew}, None, now)


def _locked(connection: Connection, ids: Collection[int], states: Collection[DeliveryState]) -> Sequence[AnyRow]:
    return connection.execute(
        select(deliveries)
        .where(deliveries.c.id.in_(list(ids)), deliveries.c.state.in_(list(states)))
        .order_by(deliveries.c.id)
        .with_for_update()
    ).all()


def _move(
    connection: Connection,
    act: str,
    moves: dict[DeliveryState, Sequence[AnyRow] | list[AnyRow]],
    reason: str | None,
    now: dt.datetime,
) -> list[int]:
    for state, rows in moves.items():
        settle(connection, [row.id for row in rows], state, reason, now)
    changed = sorted(row.id for rows in moves.values() for row in rows)
    if changed:
        write_event(connection, f"queue.{act}", {"ids": changed}, now)
    return changed


def _overtaken(connection: Connection, row: AnyRow) -> bool:
    """True if a paper of this delivery counts as gone through another delivery to the same reader."""
    if row.state not in RELEASING_STATES:
        return False
    mine, theirs, other = sent_papers.alias("mine"), sent_papers.alias("theirs"), deliveries.alias("other")
    return bool(
        connection.execute(
            select(
                exists()
                .where(mine.c.delivery_id == row.id)
                .where(theirs.c.paper_id == mine.c.paper_id, theirs.c.delivery_id != row.id)
                .where(theirs.c.subscriber_id == row.subscriber_id)
                .where(other.c.id == theirs.c.delivery_id, other.c.state.not_in(list(RELEASING_STATES)))
                .where(other.c.trial.is_(False))
            )
        ).scalar_one()
    )
