"""One reader's edition now, without waiting for the hour; it takes the place of the day's scheduled one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from digest.model import RELEASING_STATES, DeliveryState, ReaderState
from digest.pipeline.rooms import Rooms
from digest.schedule import Slot, expires_at, next_slot, zone
from digest.store.outbox import Filters, Plan
from digest.store.outbox.values import DeliveryRow
from digest.store.subscribers import KnownReader


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether the mail went out, and what happened in a line."""

    done: bool
    words: str


AGAIN = RELEASING_STATES | {DeliveryState.DEFERRED}
"""What a command given by hand tries once more at once."""

GOING = frozenset({DeliveryState.PLANNED, DeliveryState.BUILDING, DeliveryState.READY, DeliveryState.LEASED})
"""On its way already: carrying on is all there is to do."""


def send_now(rooms: Rooms, reader: str, *, trial: bool, work: Callable[[], str | None]) -> Outcome:
    """Plan today's edition for one reader and let ``work`` (build and deliver) carry it out.

    ``work`` returns why the mail server is paused, if it is.

    Raises:
        NotFound: no such reader.
    """
    known = rooms.subscribers.get(reader)
    name = known.subscriber.id
    if known.state != ReaderState.ACTIVE:
        return Outcome(False, f"{name} is {known.state}: nothing is sent")
    edition = rooms.clock().astimezone(zone(known.subscriber.times.timezone)).date()
    before = _row(rooms, name, edition, trial)
    if before is None:
        plan_now(rooms, known, trial=trial)
    elif before.state in AGAIN:
        rooms.outbox.retry([before.id], now=rooms.clock())
    elif before.state not in GOING:
        return Outcome(False, _already(before))
    paused = work()
    after = _row(rooms, name, edition, trial)
    if after is None:
        return Outcome(False, f"{name} has had a later edition already")
    if after.state is DeliveryState.ACCEPTED:
        return Outcome(True, f"{name}: {'written' if trial else f'accepted for {after.recipient}'}")
    if after.state is DeliveryState.READY and paused:
        return Outcome(
            False, f"{name}: not sent yet, the mail server is paused: {paused} (digest queue resume tries now)"
        )
    return Outcome(False, f"{name}: {after.state}: {after.reason or 'see digest queue'}")


def plan_now(rooms: Rooms, known: KnownReader, *, trial: bool) -> bool:
    """Plan a reader's edition of today for this moment, in place of the scheduled one; False if there was one."""
    now = rooms.clock()
    edition = now.astimezone(zone(known.subscriber.times.timezone)).date()
    return rooms.outbox.plan([_plan(rooms, known, edition)], trial=trial, now=now) > 0


def _row(rooms: Rooms, reader: str, edition: dt.date, trial: bool) -> DeliveryRow | None:
    rows = rooms.outbox.listing(Filters(subscriber_id=reader, edition=edition, trial=trial, limit=1))
    return rows[0] if rows else None


def _already(row: DeliveryRow) -> str:
    look = f"Look at it: digest preview {row.subscriber_id} --date {row.edition}"
    if row.state is DeliveryState.ACCEPTED:
        what = "was written as a trial" if row.trial else "went out"
        when = f"at {row.updated_at:%H:%M} UTC"
        return f"{row.subscriber_id}'s mail of {row.edition} {what} {when}; nobody gets a day twice. {look}"
    return f"{row.subscriber_id}'s mail of {row.edition} is {row.state}: digest queue shows and repairs it. {look}"


def _plan(rooms: Rooms, known: KnownReader, edition: dt.date) -> Plan:
    now, times = rooms.clock(), known.subscriber.times
    lateness = dt.timedelta(seconds=rooms.config.freshness.max_lateness_s)
    following = next_slot(times, after=now, last_edition=edition)
    return Plan(
        subscriber_id=known.subscriber.id,
        edition=edition,
        due_at=now,
        not_before=now,
        expires_at=expires_at(times, Slot(edition=edition, due_at=now), lateness),
        recipient=known.subscriber.email,
        next_due_at=following.due_at,
        next_edition=following.edition,
    )
