"""An outbox with readers and papers in it, for tests of delivery."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import insert, select, update

from digest.model import Envelope
from digest.store.database import Database
from digest.store.outbox import Built, ClaimedDelivery, Outbox, Plan
from digest.store.schema import attempts, deliveries, metadata, papers, subscribers

NOW = dt.datetime(2025, 11, 24, 7, 0, tzinfo=dt.UTC)
EDITION = dt.date(2025, 11, 24)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def make_outbox(url: str) -> Outbox:
    """A fresh schema behind the outbox under test."""
    db = Database(url)
    with db.write() as connection:
        metadata.create_all(connection)
    return Outbox(db)


def add_readers(db: Database, *ids: str, state: str = "active") -> None:
    with db.write() as connection:
        connection.execute(
            insert(subscribers),
            [
                {
                    "id": reader,
                    "email": f"{reader}@example.org",
                    "address": f"{reader}@example.org",
                    "origin": "file",
                    "state": state,
                    "settings": {},
                    "times_hash": "",
                    "next_due_at": NOW,
                    "next_edition": EDITION,
                    "updated_at": NOW,
                }
                for reader in ids
            ],
        )


def add_papers(db: Database, number: int) -> list[int]:
    with db.write() as connection:
        return list(
            connection.execute(
                insert(papers).returning(papers.c.id),
                [
                    {
                        "title": f"Paper {index}",
                        "abstract": "",
                        "authors": [],
                        "categories": [],
                        "primary_category": "",
                        "url": "",
                        "withdrawn": False,
                        "candidate": True,
                        "sources": [],
                        "first_seen_at": NOW,
                        "news_at": int(NOW.timestamp()),
                        "updated_at": NOW,
                    }
                    for index in range(number)
                ],
            ).scalars()
        )


def set_reader(db: Database, reader: str, state: str) -> None:
    with db.write() as connection:
        connection.execute(update(subscribers).where(subscribers.c.id == reader).values(state=state))


def plan_of(
    reader: str, edition: dt.date = EDITION, *, due_at: dt.datetime = NOW, recipient: str | None = None
) -> Plan:
    return Plan(
        subscriber_id=reader,
        edition=edition,
        due_at=due_at,
        not_before=due_at,
        expires_at=due_at + 18 * HOUR,
        recipient=recipient or f"{reader}@example.org",
        next_due_at=due_at + DAY,
        next_edition=edition + DAY,
    )


def make_ready(
    outbox: Outbox,
    readers: Sequence[str],
    *,
    trial: bool = False,
    paper_ids: Sequence[int] = (),
    plans: Sequence[Plan] = (),
) -> list[int]:
    """Plan and build today's edition for these readers; returns the delivery ids in their order."""
    built = plan_and_build(outbox, readers, trial=trial, paper_ids=paper_ids, plans=plans)
    return [built[reader] for reader in readers]


def plan_and_build(
    outbox: Outbox,
    readers: Sequence[str],
    *,
    trial: bool = False,
    paper_ids: Sequence[int] = (),
    plans: Sequence[Plan] = (),
) -> dict[str, int]:
    """Plan and build what is not yet planned and built; the delivery ids that were built, by reader."""
    outbox.plan(plans or [plan_of(reader) for reader in readers], trial=trial, now=NOW)
    built: dict[str, int] = {}
    while claimed := outbox.claim_for_building(500, now=NOW, trial=trial):
        outbox.built(
            [
                Built(
                    delivery_id=planned.id,
                    lease_token=planned.lease_token,
                    recipe=planned.subscriber_id.encode(),
                    message_id=f"<{planned.edition}.{planned.subscriber_id}@digest.test>",
                    paper_ids=tuple(paper_ids),
                )
                for planned in claimed
            ],
            now=NOW,
        )
        built |= {planned.subscriber_id: planned.id for planned in claimed}
    return built


def message_for(delivery: ClaimedDelivery, *, size: int = 300) -> Envelope:
    """A small finished message; ``size`` is about how long its body is, in bytes."""
    line = b"All the news that is fit to be read, and not one line more than that.\r\n"
    head = (
        f"From: Digest <digest@example.org>\r\nTo: {delivery.recipient}\r\nSubject: News\r\n"
        f"Date: Mon, 24 Nov 2025 08:00:00 +0100\r\nMessage-ID: {delivery.message_id}\r\nMIME-Version: 1.0\r\n\r\n"
    )
    return Envelope(
        delivery_id=delivery.id,
        sender="digest@example.org",
        recipient=delivery.recipient,
        message_id=delivery.message_id,
        data=head.encode() + line * (size // len(line) + 1),
    )


def states(outbox: Outbox) -> dict[int, str]:
    """Every delivery's state by id."""
    with outbox._db.read() as connection:
        return {
            row.id: str(row.state)
            for row in connection.execute(select(deliveries.c.id, deliveries.c.state).order_by(deliveries.c.id))
        }


def attempts_of(outbox: Outbox, delivery_id: int) -> list[tuple[str, str, int | None]]:
    """(phase, outcome, code) of a delivery's attempts, oldest first."""
    with outbox._db.read() as connection:
        rows = connection.execute(
            select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.id)
        ).all()
    return [(row.phase, row.outcome, row.code) for row in rows]


def relays_of_attempts(outbox: Outbox) -> list[str]:
    """The relay of every attempt, oldest first."""
    with outbox._db.read() as connection:
        return list(connection.scalars(select(attempts.c.relay).order_by(attempts.c.id)))
