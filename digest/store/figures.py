"""What there is to measure, counted in the database: the same for every process, and after every restart.

Counters come from tables that only grow (attempts, runs of sources, events), so they never go down but when an old
database is restored or pruned, which Prometheus takes for a reset. What moves between states is a gauge.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, case, func, literal, select

from digest.model import OPEN_STATES, DeliveryState, ReaderState, SourceStatus
from digest.store.database import Database
from digest.store.outbox.books import MISMATCH
from digest.store.schema import (
    attempts,
    bounces,
    consents,
    deliveries,
    events,
    letters,
    relays,
    source_runs,
    subscribers,
    suppressions,
)

WAITING = (*sorted(OPEN_STATES), DeliveryState.HELD, DeliveryState.UNCERTAIN)
DELAYS_S = (5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 4 * 3600.0, 18 * 3600.0)
"""Upper bounds of the buckets in which delays are counted."""
SETTLED_AFTER = dt.timedelta(minutes=15)
"""Attempts that are older are counted once: no transaction that writes one takes so long."""
LATELY = 1000
"""Attempts back in which a relay counts as in use."""
EDITIONS = 3
"""Press days that are going on, or just ended, anywhere."""

_GOOD = (SourceStatus.OK, SourceStatus.UNCHANGED, SourceStatus.QUIET)


@dataclass(frozen=True, slots=True)
class Delay:
    """How long accepted mails took from when they might go out; ``buckets`` count those within each of DELAYS_S."""

    buckets: tuple[int, ...] = (0,) * len(DELAYS_S)
    count: int = 0
    total_s: float = 0.0

    def __add__(self, other: Delay) -> Delay:
        both = tuple(a + b for a, b in zip(self.buckets, other.buckets, strict=True))
        return Delay(both, self.count + other.count, self.total_s + other.total_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Of mails that count, trials left out: how many attempts of each (relay, outcome), and delays by relay."""

    outcomes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    delays: Mapping[str, Delay] = field(default_factory=dict)

    def __add__(self, other: Attempts) -> Attempts:
        outcomes, delays = dict(self.outcomes), dict(self.delays)
        for key, number in other.outcomes.items():
            outcomes[key] = outcomes.get(key, 0) + number
        for relay, delay in other.delays.items():
            delays[relay] = delays.get(relay, Delay()) + delay
        return Attempts(outcomes=outcomes, delays=delays)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One moment. Ages are seconds; sources and signals go by their names, as in `digest sources`."""

    attempts: Attempts
    queue: Mapping[DeliveryState, int]
    oldest_s: float
    """How long the longest waiting mail has been due; 0 if none is."""
    editions: Mapping[tuple[int, DeliveryState], int]
    """By how many days ago the press day was (UTC), and state."""
    relays: Mapping[str, bool]
    """Whether it is paused, of those that were in use or in trouble lately."""
    source_success: Mapping[str, dt.datetime]
    source_runs: Mapping[tuple[str, str], int]
    entries: Mapping[tuple[str, str], int]
    """By (source, new | updated | unchanged | rejected)."""
    bounces: Mapping[str, int]
    unbalanced: int
    readers: Mapping[ReaderState, int]
    suppressed: int
    letters: int
    """Mails to one person, as those that ask for a confirmation, that are still to be sent."""


class FigureStore:
    """Keeps the attempts that can't change any more, so that looking costs what happened since."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._settled = Attempts()
        self._settled_id = 0

    def now(self, now: dt.datetime) -> Figures:
        """Everything, in one snapshot."""
        with self._db.read() as connection:
            return Figures(
                attempts=self._attempts(connection, now),
                queue=_queue(connection),
                oldest_s=_oldest_s(connection, now),
                editions=_editions(connection, now.date()),
                relays=_relays(connection, now),
                source_success=_successes(connection),
                source_runs=_runs(connection),
                entries=_entries(connection),
                bounces=_bounces(connection),
                unbalanced=_number(connection, events, events.c.kind == MISMATCH),
                readers=_readers(connection),
                suppressed=_number(
                    connection, suppressions, suppressions.c.expires_at.is_(None) | (suppressions.c.expires_at > now)
                ),
                letters=_number(connection, letters, letters.c.next_attempt_at.is_not(None)),
            )

    def bounced(self, since: dt.datetime, until: dt.datetime) -> dict[str, int]:
        """Bounces that were taken in a span, by kind."""
        return self._between(bounces.c.kind, bounces.c.taken_at, since, until)

    def wishes(self, since: dt.datetime, until: dt.datetime) -> dict[str, int]:
        """What readers wished in a span: asked, confirmed, left …"""
        return self._between(consents.c.act, consents.c.recorded_at, since, until)

    def due(self, before: dt.datetime) -> int:
        """Active readers whose next edition is due by then."""
        with self._db.read() as connection:
            active = subscribers.c.state == ReaderState.ACTIVE
            return _number(connection, subscribers, active & (subscribers.c.next_due_at <= before))

    def _between(
        self, what: Column[str], at: Column[dt.datetime], since: dt.datetime, until: dt.datetime
    ) -> dict[str, int]:
        query = select(what.label("what"), func.count().label("number")).where(at >= since, at < until).group_by(what)
        with self._db.read() as connection:
            return {row.what: row.number for row in connection.execute(query)}

    def _attempts(self, connection: Connection, now: dt.datetime) -> Attempts:
        newest = select(func.max(attempts.c.id)).where(
            attempts.c.id > self._settled_id, attempts.c.at < now - SETTLED_AFTER
        )
        settled = connection.execute(newest).scalar_one() or self._settled_id
        self._settled += _between(connection, self._settled_id, settled)
        self._settled_id = settled
        return self._settled + _between(connection, settled, None)


def _between(connection: Connection, after: int, until: int | None) -> Attempts:
    if until is not None and until <= after:
        return Attempts()
    span = [attempts.c.id > after, deliveries.c.trial.is_(False)]
    if until is not None:
        span.append(attempts.c.id <= until)
    joined = attempts.join(deliveries, deliveries.c.id == attempts.c.delivery_id)
    by_outcome = (
        select(attempts.c.relay, attempts.c.outcome, func.count())
        .select_from(joined)
        .where(*span)
        .group_by(attempts.c.relay, attempts.c.outcome)
    )
    waited = _seconds(connection)
    at_most = [func.sum(case((waited <= bound, 1), else_=0)) for bound in DELAYS_S]
    by_relay = (
        select(attempts.c.relay, func.count(), func.sum(waited), *at_most)
        .select_from(joined)
        .where(*span, attempts.c.outcome == "accepted", attempts.c.relay != "operator")
        .group_by(attempts.c.relay)
    )
    return Attempts(
        outcomes={(relay, outcome): number for relay, outcome, number in connection.execute(by_outcome)},
        delays={
            relay: Delay(tuple(int(bucket) for bucket in buckets), number, float(total))
            for relay, number, total, *buckets in connection.execute(by_relay)
        },
    )


def _seconds(connection: Connection) -> ColumnElement[Any]:
    """From when a mail might go out until its attempt ended, never below 0."""
    if connection.dialect.name == "postgresql":
        waited: ColumnElement[Any] = func.date_part("epoch", attempts.c.at - deliveries.c.not_before)
    else:
        waited = (func.julianday(attempts.c.at) - func.julianday(deliveries.c.not_before)) * 86_400.0
    return case((waited < 0, literal(0.0)), else_=waited)


def _queue(connection: Connection) -> dict[DeliveryState, int]:
    query = (
        select(deliveries.c.state, func.count())
        .where(deliveries.c.state.in_(WAITING), deliveries.c.trial.is_(False))
        .group_by(deliveries.c.state)
    )
    return dict.fromkeys(WAITING, 0) | {DeliveryState(state): number for state, number in connection.execute(query)}


def _oldest_s(connection: Connection, now: dt.datetime) -> float:
    query = select(func.min(deliveries.c.not_before)).where(
        deliveries.c.state.in_(sorted(OPEN_STATES)), deliveries.c.trial.is_(False)
    )
    oldest = connection.execute(query).scalar_one()
    return max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0


def _editions(connection: Connection, today: dt.date) -> dict[tuple[int, DeliveryState], int]:
    query = (
        select(deliveries.c.edition, deliveries.c.state, func.count())
        .where(deliveries.c.edition > today - dt.timedelta(days=EDITIONS), deliveries.c.trial.is_(False))
        .group_by(deliveries.c.edition, deliveries.c.state)
    )
    return {
        ((today - edition).days, DeliveryState(state)): number
        for edition, state, number in connection.execute(query)
        if edition <= today
    }


def _relays(connection: Connection, now: dt.datetime) -> dict[str, bool]:
    newest = connection.execute(select(func.max(attempts.c.id))).scalar_one() or 0
    used = (
        select(attempts.c.relay)
        .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
        .where(attempts.c.id > newest - LATELY, deliveries.c.trial.is_(False))
        .distinct()
    )
    found = {relay: False for relay in connection.scalars(used) if relay != "operator"}
    for row in connection.execute(select(relays)):
        found[row.relay] = row.paused_until is not None and row.paused_until > now
    return found


def _successes(connection: Connection) -> dict[str, dt.datetime]:
    query = (
        select(source_runs.c.source, func.max(source_runs.c.finished_at).label("at"))
        .where(source_runs.c.status.in_([str(status) for status in _GOOD]))
        .group_by(source_runs.c.source)
    )
    return {row.source: row.at for row in connection.execute(query)}


def _runs(connection: Connection) -> dict[tuple[str, str], int]:
    query = select(source_runs.c.source, source_runs.c.status, func.count()).group_by(
        source_runs.c.source, source_runs.c.status
    )
    return {(source, status): number for source, status, number in connection.execute(query)}


def _entries(connection: Connection) -> dict[tuple[str, str], int]:
    runs = source_runs.c
    query = select(
        runs.source, func.sum(runs.read), func.sum(runs.new), func.sum(runs.updated), func.sum(runs.rejected)
    ).group_by(runs.source)
    found: dict[tuple[str, str], int] = {}
    for source, read, new, updated, rejected in connection.execute(query):
        found |= {(source, "new"): int(new), (source, "updated"): int(updated), (source, "rejected"): int(rejected)}
        found[source, "unchanged"] = max(0, int(read) - int(new) - int(updated))
    return found


def _bounces(connection: Connection) -> dict[str, int]:
    query = select(bounces.c.kind, func.count().label("number")).group_by(bounces.c.kind)
    found = {row.kind: row.number for row in connection.execute(query)}
    return dict.fromkeys(("hard", "soft", "complaint"), 0) | found


def _readers(connection: Connection) -> dict[ReaderState, int]:
    query = select(subscribers.c.state, func.count()).group_by(subscribers.c.state)
    found = {ReaderState(state): number for state, number in connection.execute(query)}
    return {state: found.get(state, 0) for state in ReaderState if state is not ReaderState.ERASED}


def _number(connection: Connection, table: Any, where: ColumnElement[bool]) -> int:
    number: int = connection.execute(select(func.count()).select_from(table).where(where)).scalar_one()
    return number
