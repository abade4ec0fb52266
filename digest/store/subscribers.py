"""Readers as the store knows them: the last good settings, and when each is due.

Files declare settings and are never written; the store owns everything else. A deleted file pauses its reader, a broken
one keeps the last good settings, an erased id stays erased, and who left or rests until a day does so whatever their
file says. What readers wish is digest.store.members.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from digest.errors import NotFound
from digest.model import ReaderState, SendTimes, Subscriber
from digest.schedule import Slot, next_slot, previous_slot, times_hash
from digest.store.database import Database, chunks
from digest.store.keys import keyed_hashes
from digest.store.outbox.suppression import canonical_address
from digest.store.schema import deliveries, erasures, subscribers
from digest.store.words import READER_ID, Said, Word, last_said
from digest.subscribers import subscriber_from_json, subscriber_to_json

FILE, STORE = "file", "store"

S = ReaderState


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownReader:
    """A reader with what the store adds to the settings."""

    subscriber: Subscriber
    state: ReaderState
    origin: str
    paused_until: dt.datetime | None
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
    erased: tuple[str, ...] = ()
    """Files that are still there although their readers were erased: they count for nothing."""


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
        added, changed, erased = [], [], []
        with self._db.write() as connection:
            rows = {row.id: row for row in connection.execute(select(subscribers))}
            unknown = [one.id for one in declared if one.id not in rows]
            forgotten = _forgotten(connection, unknown)
            words = last_said(connection, READER_ID, unknown)  # by the journal: the database is an older one
            for subscriber in declared:
                row = rows.get(subscriber.id)
                if subscriber.id in forgotten or (row is not None and row.state == S.ERASED):
                    erased.append(subscriber.id)
                    continue
                if row is not None and row.origin != FILE:
                    continue
                state = _declared_state(row, paused=subscriber.id in asleep)
                values = _values(subscriber, row, state, max_lateness, now)
                if subscriber.id in asleep:
                    values["paused_until"] = None  # no day ends what a file says
                if row is None:
                    values |= _standing(words.get(subscriber.id), now)
                    connection.execute(insert(subscribers).values(id=subscriber.id, origin=FILE, **values))
                    added.append(subscriber.id)
                elif any(getattr(row, name) != value for name, value in values.items() if name != "updated_at"):
                    connection.execute(update(subscribers).where(subscribers.c.id == subscriber.id).values(values))
                    changed.append(subscriber.id)
            present = {subscriber.id for subscriber in declared} | set(broken)
            gone = [
                i
                for i, row in rows.items()
                if row.origin == FILE and row.state in {S.ACTIVE, S.PAUSED} and i not in present
            ]
            for reader_id in gone:
                connection.execute(
                    update(subscribers).where(subscribers.c.id == reader_id).values(state=S.GONE, updated_at=now)
                )
            for reader_id, problem in broken.items():
                connection.execute(update(subscribers).where(subscribers.c.id == reader_id).values(problem=problem))
        return SyncReport(
            added=tuple(added), changed=tuple(changed), gone=tuple(gone), broken=dict(broken), erased=tuple(erased)
        )

    def wake_rested(self, *, now: dt.datetime) -> int:
        """Make active again whose pause is over; returns how many. Their next edition is the next one to come."""
        over = select(subscribers).where(subscribers.c.state == S.PAUSED, subscribers.c.paused_until <= now)
        with self._db.write() as connection:
            rows = connection.execute(over.with_for_update()).all()
            for row in rows:
                slot = next_slot(subscriber_from_json(row.settings).times, after=now, last_edition=row.last_edition)
                connection.execute(
                    update(subscribers)
                    .where(subscribers.c.id == row.id)
                    .values(
                        state=S.ACTIVE,
                        paused_until=None,
                        next_due_at=slot.due_at,
                        next_edition=slot.edition,
                        updated_at=now,
                    )
                )
        return len(rows)

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
                subscribers.c.state == S.ACTIVE,
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
            for row in connection.execute(select(subscribers).where(subscribers.c.state == S.ACTIVE)).all():
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
            .where(subscribers.c.state == S.ACTIVE, subscribers.c.next_due_at <= before)
            .order_by(subscribers.c.next_due_at, subscribers.c.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            return [known_reader(row) for row in connection.execute(query)]

    def next_due(self) -> KnownReader | None:
        """Who is next."""
        query = (
            select(subscribers)
            .where(subscribers.c.state == S.ACTIVE, subscribers.c.next_due_at.is_not(None))
            .order_by(subscribers.c.next_due_at, subscribers.c.id)
            .limit(1)
        )
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return known_reader(row) if row else None

    def all(self) -> list[KnownReader]:
        with self._db.read() as connection:
            rows = connection.execute(
                select(subscribers).where(subscribers.c.state != S.ERASED).order_by(subscribers.c.id)
            )
            return [known_reader(row) for row in rows]

    def overdue(self, before: dt.datetime) -> int:
        """How many active readers were due before an instant and have not been planned for."""
        late = (subscribers.c.state == S.ACTIVE, subscribers.c.next_due_at < before)
        with self._db.read() as connection:
            return connection.execute(select(func.count()).select_from(subscribers).where(*late)).scalar_one()

    def ids(self) -> list[str]:
        """Of all readers, erased ones left out."""
        query = select(subscribers.c.id).where(subscribers.c.state != S.ERASED).order_by(subscribers.c.id)
        with self._db.read() as connection:
            return list(connection.scalars(query))

    def problems(self) -> dict[str, str]:
        """By reader, what is wrong with a file that could not be read; its last good settings hold."""
        query = select(subscribers.c.id, subscribers.c.problem).where(
            subscribers.c.problem.is_not(None), subscribers.c.state != S.ERASED
        )
        with self._db.read() as connection:
            return {row.id: row.problem for row in connection.execute(query.order_by(subscribers.c.id))}

    def many(self, ids: Sequence[str]) -> dict[str, KnownReader]:
        found: dict[str, KnownReader] = {}
        with self._db.read() as connection:
            for chunk in chunks(ids):
                query = select(subscribers).where(subscribers.c.id.in_(chunk), subscribers.c.state != S.ERASED)
                found.update({row.id: known_reader(row) for row in connection.execute(query)})
        return found

    def get(self, reader: str, *, declared: Collection[str] = ()) -> KnownReader:
        """A reader by id or address.

        Raises:
            NotFound: with the nearest id there is, here or among those ``declared`` in files.
        """
        query = select(subscribers).where(
            or_(subscribers.c.id == reader, subscribers.c.address == canonical_address(reader)),
            subscribers.c.state != S.ERASED,
        )
        with self._db.read() as connection:
            row = connection.execute(query.order_by(subscribers.c.id != reader, subscribers.c.id)).first()
            if row is not None:
                return known_reader(row)
            stored = connection.scalars(
                select(subscribers.c.id).where(subscribers.c.state != S.ERASED).order_by(subscribers.c.id).limit(5000)
            )
            ids = sorted({*stored, *declared})
        import difflib

        near = difflib.get_close_matches(reader, ids, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(ids[:8]) or 'none yet'}"
        raise NotFound(f"no reader {reader!r}{hint}")


def known_reader(row: Row[Any]) -> KnownReader:
    return KnownReader(
        subscriber=subscriber_from_json(row.settings),
        state=ReaderState(row.state),
        origin=row.origin,
        paused_until=row.paused_until,
        next_due_at=row.next_due_at,
        next_edition=row.next_edition,
        last_edition=row.last_edition,
        problem=row.problem,
    )


def settings_values(subscriber: Subscriber, *, now: dt.datetime) -> dict[str, Any]:
    """The columns that hold a reader's settings."""
    return {
        "email": subscriber.email,
        "address": canonical_address(subscriber.email),
        "settings": subscriber_to_json(subscriber),
        "times_hash": times_hash(subscriber.times),
        "updated_at": now,
    }


def first_slot(times: SendTimes, *, max_lateness: dt.timedelta, now: dt.datetime) -> Slot:
    """A newcomer's: the latest one if it is not longer ago than ``max_lateness``, as after an outage; else the next."""
    latest = previous_slot(times, at=now)
    if latest is not None and now - latest.due_at <= max_lateness:
        return latest
    return next_slot(times, after=now, last_edition=None)


def _declared_state(row: Row[Any] | None, *, paused: bool) -> ReaderState:
    """A file's word, but where the reader's own stands against it."""
    if row is not None and row.state == S.LEFT:
        return S.LEFT
    resting = row is not None and row.state == S.PAUSED and row.paused_until is not None
    return S.PAUSED if paused or resting else S.ACTIVE


def _values(
    subscriber: Subscriber, row: Row[Any] | None, state: ReaderState, max_lateness: dt.timedelta, now: dt.datetime
) -> dict[str, Any]:
    values = settings_values(subscriber, now=now) | {"state": state, "problem": None}
    woken = row is not None and row.state != S.ACTIVE and state is S.ACTIVE
    if row is None:
        slot = first_slot(subscriber.times, max_lateness=max_lateness, now=now)
        values |= {"next_due_at": slot.due_at, "next_edition": slot.edition}
    elif row.times_hash != values["times_hash"] or woken:
        slot = next_slot(subscriber.times, after=now, last_edition=row.last_edition)
        values |= {"next_due_at": slot.due_at, "next_edition": slot.edition}
    return values


def _standing(word: Word | None, now: dt.datetime) -> dict[str, Any]:
    """What a reader who is new to this database said when it knew them."""
    if word is not None and word.said is Said.LEFT:
        return {"state": S.LEFT}
    if word is not None and word.said is Said.PAUSED and (word.until is None or word.until > now):
        return {"state": S.PAUSED, "paused_until": word.until}
    return {}


def _forgotten(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the ids that belonged to readers who were erased."""
    found: set[str] = set()
    for chunk in chunks(ids):
        hashes = keyed_hashes(connection, READER_ID, chunk)
        query = select(erasures.c.id_hash).where(erasures.c.id_hash.in_(sorted(hashes.values())))
        there = set(connection.scalars(query))
        found |= {reader for reader, hashed in hashes.items() if hashed in there}
    return found
