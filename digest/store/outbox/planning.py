"""From due to ready: planning inserts, builders claim, and what they built becomes sendable.

planned ──claim_for_building──▶ building ──built──▶ ready
                                   ├─ skipped ──▶ skipped      └─ build_failed ──▶ failed
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update

from digest.model import DeliveryState
from digest.store.bulk import BulkInsert
from digest.store.outbox.base import Chapter, insert_or_ignore, pass_gate, settle
from digest.store.outbox.suppression import domain_of
from digest.store.outbox.values import Built, Plan, PlannedDelivery
from digest.store.owners import new_token
from digest.store.schema import deliveries, sent_papers, subscribers

BUILD_LEASE_S = 600.0
"""Building a batch takes seconds; a builder that is silent for longer is dead."""

EXPIRABLE = (DeliveryState.PLANNED, DeliveryState.READY, DeliveryState.DEFERRED)

BUILT = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(
        state=DeliveryState.READY,
        recipe=bindparam("made_from"),
        message_id=bindparam("message"),
        reason=None,
        lease_token=None,
        lease_until=None,
        updated_at=bindparam("at"),
    )
)

_SENT = ("delivery_id", "paper_id", "subscriber_id", "position")


class Planning(Chapter):
    def plan(self, plans: Sequence[Plan], *, trial: bool, now: dt.datetime) -> int:
        """Insert planned deliveries and advance their readers' due times, in one transaction; returns how many are new.

        An edition that is there already is left alone (the unique key decides, whoever else plans), and so is one
        older than the reader's last: a journey west repeats no date. The due time advances in any case, so a due
        reader never stays due. Trials leave ``last_edition`` alone.
        """
        if not plans:
            return 0
        rows = [
            {
                "subscriber_id": plan.subscriber_id,
                "edition": plan.edition,
                "trial": trial,
                "state": DeliveryState.PLANNED,
                "due_at": plan.due_at,
                "not_before": plan.not_before,
                "expires_at": plan.expires_at,
                "recipient": plan.recipient,
                "domain": domain_of(plan.recipient),
                "created_at": now,
                "updated_at": now,
            }
            for plan in plans
        ]
        readers = subscribers.c
        cursor = (
            update(subscribers)
            .where(readers.id == bindparam("reader"))
            .values(next_due_at=bindparam("due"), next_edition=bindparam("following"))
        )
        remember = (
            update(subscribers)
            .where(
                readers.id == bindparam("reader"),
                or_(readers.last_edition.is_(None), readers.last_edition < bindparam("edition_sent")),
            )
            .values(last_edition=bindparam("edition_sent"))
        )
        with self._db.write() as connection:
            last = {
                row.id: row.last_edition
                for row in connection.execute(
                    select(readers.id, readers.last_edition)
                    .where(readers.id.in_([plan.subscriber_id for plan in plans]))
                    .order_by(readers.id)
                    .with_for_update()
                )
            }
            fresh = [
                row
                for row, plan in zip(rows, plans, strict=True)
                if plan.subscriber_id in last  # else erased since the plan was made
                and (trial or (known := last[plan.subscriber_id]) is None or known <= plan.edition)
            ]
            inserted = 0
            if fresh:
                statement = insert_or_ignore(connection, deliveries).returning(deliveries.c.id)
                inserted = len(connection.execute(statement, fresh).all())
            connection.execute(
                cursor,
                [
                    {"reader": plan.subscriber_id, "due": plan.next_due_at, "following": plan.next_edition}
                    for plan in plans
                ],
            )
            if not trial:
                connection.execute(
                    remember, [{"reader": plan.subscriber_id, "edition_sent": plan.edition} for plan in plans]
                )
            return inserted

    def claim_for_building(
        self,
        limit: int,
        *,
        now: dt.datetime,
        trial: bool,
        ahead: dt.timedelta = dt.timedelta(0),
        lease_s: float = BUILD_LEASE_S,
    ) -> list[PlannedDelivery]:
        """Lease up to ``limit`` planned deliveries that are due within ``ahead``, the longest due first.

        Empty means that there is nothing to build. Readers who left meanwhile and editions that are too late are
        settled on the way.
        """
        token, until = new_token(), now + dt.timedelta(seconds=lease_s)
        query = (
            select(deliveries, subscribers.c.state.label("reader_state"))
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .where(
                deliveries.c.state == DeliveryState.PLANNED,
                deliveries.c.trial == trial,
                deliveries.c.due_at <= now + ahead,
            )
            .order_by(deliveries.c.not_before, deliveries.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=deliveries)
        )
        with self._db.write() as connection:
            passed = []
            while rows := connection.execute(query).all():
                if passed := pass_gate(connection, rows, now):
                    break
            if passed:
                connection.execute(
                    update(deliveries)
                    .where(deliveries.c.id.in_([row.id for row in passed]))
                    .values(state=DeliveryState.BUILDING, lease_token=token, lease_until=until, updated_at=now)
                )
        return [
            PlannedDelivery(
                id=row.id,
                subscriber_id=row.subscriber_id,
                edition=row.edition,
                due_at=row.due_at,
                not_before=row.not_before,
                expires_at=row.expires_at,
                recipient=row.recipient,
                lease_token=token,
            )
            for row in passed
        ]

    def built(self, items: Sequence[Built], *, now: dt.datetime) -> int:
        """Make deliveries ready and their papers gone, in one transaction; returns how many still were the caller's."""
        if not items:
            return 0
        held = (
            select(deliveries.c.id, deliveries.c.lease_token, deliveries.c.subscriber_id)
            .where(
                deliveries.c.id.in_([item.delivery_id for item in items]),
                deliveries.c.state == DeliveryState.BUILDING,
            )
            .order_by(deliveries.c.id)
            .with_for_update()
        )
        with self._db.write() as connection:
            readers = {(row.id, row.lease_token): row.subscriber_id for row in connection.execute(held)}
            mine = {item.delivery_id: item for item in items if (item.delivery_id, item.lease_token) in readers}
            if mine:
                connection.execute(
                    BUILT,
                    [
                        {
                            "delivery": item.delivery_id,
                            "made_from": item.recipe,
                            "message": item.message_id,
                            "at": now,
                        }
                        for item in mine.values()
                    ],
                )
            BulkInsert(sent_papers, _SENT, connection.dialect)(
                connection,
                [
                    (item.delivery_id, paper_id, readers[item.delivery_id, item.lease_token], position)
                    for item in mine.values()
                    for position, paper_id in enumerate(dict.fromkeys(item.paper_ids), start=1)
                ],
            )
        return len(mine)

    def skipped(self, delivery_id: int, lease_token: str, reason: str, *, now: dt.datetime) -> bool:
        """Nothing to say today; on record, or the same readers would be picked forever. False: not the caller's."""
        return self._end(delivery_id, lease_token, DeliveryState.SKIPPED, reason, now)

    def build_failed(self, delivery_id: int, lease_token: str, reason: str, *, now: dt.datetime) -> bool:
        """A bug or a broken template: this delivery fails, the others go on. False: not the caller's."""
        return self._end(delivery_id, lease_token, DeliveryState.FAILED, reason, now)

    def _end(self, delivery_id: int, token: str, state: DeliveryState, reason: str, now: dt.datetime) -> bool:
        with self._db.write() as connection:
            mine = connection.execute(
                select(deliveries.c.id).where(*_under_lease(delivery_id, token)).with_for_update()
            ).scalar_one_or_none()
            settle(connection, [] if mine is None else [mine], state, reason, now)
            return mine is not None

    def expire_overdue(self, now: dt.datetime) -> int:
        """Settle what nobody has claimed in time; returns how many. Held ones wait for their operator."""
        with self._db.write() as connection:
            return connection.execute(
                update(deliveries)
                .where(and_(deliveries.c.state.in_(EXPIRABLE), deliveries.c.expires_at <= now))
                .values(state=DeliveryState.EXPIRED, reason="too late to be news", next_attempt_at=None, updated_at=now)
            ).rowcount


def _under_lease(delivery_id: int, token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        deliveries.c.id == delivery_id,
        deliveries.c.lease_token == token,
        deliveries.c.state == DeliveryState.BUILDING,
    )
