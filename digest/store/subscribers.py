"""Readers as the store knows them: the last good settings, and when each is due.

Files declare settings and are never written; the store owns everything else. A deleted file pauses its reader, a broken
one keeps the last good settings, an erased id stays erased.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from digest.errors import NotFound
from digest.model import Subscriber
from digest.schedule import next_slot, previous_slot, times_hash
from digest.store.database import Database, chunks
from digest.store.schema import deliveries, subscribers
from digest.subscribers import subscriber_from_json, subscriber_to_json

FILE, STORE = "file", "store"
ACTIVE, PAUSED, GONE, ERASED = "active", "paused", "gone", "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownReader:
    """A reader with what the store adds to the settings."""

    subscriber: Subscriber
    state: str
    origin: str
    next_due_at: dt.datetime | None
    next_edition: dt.date | None
    last_edition: dt.date | None
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What re-reading the files changed, by reader id."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)


class SubscriberStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def sync(
        self,
        declared: Sequence[Subscriber],
        *,
        paused: Iterable[str] = (),
        broken: Mapping[str, str],
        max_lateness: dt.timedelta,
        now: dt.datetime,
    ) -> SyncReport:
        """Make the store follow the files. ``broken`` says, by id, what is wrong with a file that could not be read.

        A new reader whose latest send time is not longer ago than ``max_lateness`` is due at once, as after an outage.
        """
        asleep = set(paused)
        added, changed = [], []
        with self._db.write() as connection:
            rows = {row.id: row for row in connection.execute(select(subscribers))}
            for subscriber in declared:
                row = rows.get(subscriber.id)
                if row is not None and (row.state == ERASED or row.origin != FILE):
                    continue
                state = PAUSED if subscriber.id in asleep else ACTIVE
                values = self._values(subscriber, row, state, max_lateness, now)
                if row is None:
                    connection.execute(insert(subscribers).values(id=subscriber.id, origin=FILE, **values))
                    added.append(subscriber.id)
                elif any(getattr(row, name) != value for name, value in values.items() if name != "updated_at"):
                    connection.execute(update(subscribers).where(subscribers.c.id == subscriber.id).values(values))
                    changed.append(subscriber.id)
            present = {subscriber.id for subscriber in declared} | set(broken)
            gone = [
                i
                for i, row in rows.items()
                if row.origin == FILE and row.state in {ACTIVE, PAUSED} and i not in present
            ]
            for reader_id in gone:
                connection.execute(
                    update(subscribers).where(subscribers.c.id == reader_id).values(state=GONE, updated_at=now)
                )
            for reader_id, problem in broken.items():
                connection.execute(update(subscribers).where(subscribers.c.id == reader_id).values(problem=problem))
        return SyncReport(added=tuple(added), changed=tuple(changed), gone=tuple(gone), broken=dict(broken))

    def _values(
        self, subscriber: Subscriber, row: Row[Any] | None, state: str, max_lateness: dt.timedelta, now: dt.datetime
    ) -> dict[str, Any]:
        digest = times_hash(subscriber.times)
        values: dict[str, Any] = {
            "email": subscriber.email,
            "state": state,
            "settings": subscriber_to_json(subscriber),
            "times_hash": digest,
            "problem": None,
            "updated_at": now,
        }
        woken = row is not None and row.state != ACTIVE and state == ACTIVE
        if row is None or row.times_hash != digest or woken:
            latest = previous_slot(subscriber.times, at=now) if row is None else None
            if latest is not None and now - latest.due_at <= max_lateness:
                slot = latest
            else:
                slot = next_slot(subscriber.times, after=now, last_edition=row.last_edition if row else None)
            values |= {"next_due_at": slot.due_at, "next_edition": slot.edition}
        return values

    def wake_after_trial(self, *, now: dt.datetime) -> int:
        """Make due again whose newest edition was only a trial and is still news; returns how many.

        For the moment when the transport becomes a real one: a trial is no mail, so the day is not used up.
        """
        trials = (
            select(deliveries.c.subscriber_id, deliveries.c.edition, deliveries.c.due_at)
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .where(
                deliveries.c.trial,
                deliveries.c.edition >= now.date() - dt.timedelta(days=8),  # by index; nothing stays news for longer
                deliveries.c.expires_at > now,
                subscribers.c.state == ACTIVE,
                subscribers.c.next_edition > deliveries.c.edition,
                or_(subscribers.c.last_edition.is_(None), subscribers.c.last_edition < deliveries.c.edition),
            )
            .order_by(deliveries.c.edition)
        )
        with self._db.write() as connection:
            newest = {row.subscriber_id: row for row in connection.execute(trials)}
            for reader_id, row in newest.items():
                connection.execute(
                    update(subscribers)
                    .where(subscribers.c.id == reader_id)
                    .values(next_due_at=row.due_at, next_edition=row.edition)
                )
        return len(newest)

    def refresh_stale(self, *, now: dt.datetime) -> int:
        """Recompute due times that an update of the time zone database may have made wrong."""
        stale = 0
        with self._db.write() as connection:
            for row in connection.execute(select(subscribers).where(subscribers.c.state == ACTIVE)).all():
                times = subscriber_from_json(row.settings).times
                digest = times_hash(times)
                if digest == row.times_hash:
                    continue
                slot = next_slot(times, after=now, last_edition=row.last_edition)
                values = {"next_due_at": slot.due_at, "next_edition": slot.edition, "times_hash": digest}
                connection.execute(update(subscribers).where(subscribers.c.id == row.id).values(values))
                stale += 1
        return stale

    def due(self, before: dt.datetime, limit: int) -> list[KnownReader]:
        """Active readers whose time has come, the longest due first."""
        query = (
            select(subscribers)
            .where(subscribers.c.state == ACTIVE, subscribers.c.next_due_at <= before)
            .order_by(subscribers.c.next_due_at, subscribers.c.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            return [_known(row) for row in connection.execute(query)]

    def next_due(self) -> KnownReader | None:
        """Who is next."""
        query = (
            select(subscribers)
            .where(subscribers.c.state == ACTIVE, subscribers.c.next_due_at.is_not(None))
            .order_by(subscribers.c.next_due_at, subscribers.c.id)
            .limit(1)
        )
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return _known(row) if row else None

    def all(self) -> list[KnownReader]:
        with self._db.read() as connection:
            rows = connection.execute(
                select(subscribers).where(subscribers.c.state != ERASED).order_by(subscribers.c.id)
            )
            return [_known(row) for row in rows]

    def problems(self) -> dict[str, str]:
        """By reader, what is wrong with a file that could not be read; its last good settings hold."""
        query = select(subscribers.c.id, subscribers.c.problem).where(
            subscribers.c.problem.is_not(None), subscribers.c.state != ERASED
        )
        with self._db.read() as connection:
            return {row.id: row.problem for row in connection.execute(query.order_by(subscribers.c.id))}

    def many(self, ids: Sequence[str]) -> dict[str, KnownReader]:
        found: dict[str, KnownReader] = {}
        with self._db.read() as connection:
            for chunk in chunks(ids):
                query = select(subscribers).where(subscribers.c.id.in_(chunk))
                found.update({row.id: _known(row) for row in connection.execute(query)})
        return found

    def get(self, reader: str, *, declared: Collection[str] = ()) -> KnownReader:
        """A reader by id or address.

        Raises:
            NotFound: with the nearest id there is, here or among those ``declared`` in files.
        """
        query = select(subscribers).where((subscribers.c.id == reader) | (subscribers.c.email == reader))
        with self._db.read() as connection:
            row = connection.execute(query.order_by(subscribers.c.id)).first()
            if row is not None:
                return _known(row)
            stored = connection.scalars(select(subscribers.c.id).order_by(subscribers.c.id).limit(5000))
            ids = sorted({*stored, *declared})
        import difflib

        near = difflib.get_close_matches(reader, ids, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(ids[:8]) or 'none yet'}"
        raise NotFound(f"no reader {reader!r}{hint}")


def _known(row: Row[Any]) -> KnownReader:
    return KnownReader(
        subscriber=subscriber_from_json(row.settings),
        state=row.state,
        origin=row.origin,
        next_due_at=row.next_due_at,
        next_edition=row.next_edition,
        last_edition=row.last_edition,
        problem=row.problem,
    )
