"""Who is due → planned deliveries. Planning always advances a reader's due time, so nothing can loop or repeat."""

from __future__ import annotations

import datetime as dt

from digest.announcements import FEED_DELAY, last_announcement
from digest.model import SourceStatus
from digest.pipeline.rooms import Rooms
from digest.schedule import Slot, expires_at, next_slot, previous_slot
from digest.store.outbox import Plan
from digest.store.subscribers import KnownReader

BATCH = 500


def plan(rooms: Rooms, *, trial: bool) -> int:
    """Plan every edition that is due; returns how many are new.

    An edition waits for the sources of ``freshness.wait_for``, at most ``at_most``. After an outage only the newest
    edition of each reader is planned; one later than ``max_lateness`` is planned too and then expires, so that the
    books show it.
    """
    now = rooms.clock()
    freshness = rooms.config.freshness
    before = now if is_fresh(rooms, now) else now - dt.timedelta(seconds=freshness.at_most_s)
    planned = 0
    while due := rooms.subscribers.due(before, BATCH):
        plans = [_planned(reader, now, dt.timedelta(seconds=freshness.max_lateness_s)) for reader in due]
        planned += rooms.outbox.plan(plans, trial=trial, now=now)
    return planned


def _planned(reader: KnownReader, now: dt.datetime, max_lateness: dt.timedelta) -> Plan:
    times = reader.subscriber.times
    if reader.next_edition is None or reader.next_due_at is None:
        raise ValueError(f"{reader.subscriber.id} is due without a date")  # the query of due readers excludes it
    slot = Slot(edition=reader.next_edition, due_at=reader.next_due_at)
    newest = previous_slot(times, at=now)
    if newest is not None and newest.edition > slot.edition:
        slot = newest
    following = next_slot(times, after=max(now, slot.due_at), last_edition=slot.edition)
    return Plan(
        subscriber_id=reader.subscriber.id,
        edition=slot.edition,
        due_at=slot.due_at,
        not_before=slot.due_at,
        expires_at=expires_at(times, slot, max_lateness),
        recipient=reader.subscriber.email,
        next_due_at=following.due_at,
        next_edition=following.edition,
    )


def is_fresh(rooms: Rooms, now: dt.datetime) -> bool:
    """True when every awaited source has been read since it last had news."""
    waiting = rooms.config.freshness.wait_for
    if not waiting:
        return True
    last = rooms.sources.last_success()
    good = {SourceStatus.OK, SourceStatus.UNCHANGED, SourceStatus.QUIET}
    for source in waiting:
        if source not in last:
            return False
        news = last_announcement(now - FEED_DELAY) if source == "arxiv" else now - dt.timedelta(hours=24)
        runs = rooms.sources.runs(since=news + (FEED_DELAY if source == "arxiv" else dt.timedelta()), until=now)
        if not any(run.source == source and run.status in good for run in runs):
            return False
    return True
