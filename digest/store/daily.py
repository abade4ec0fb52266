"""What happened day by day (UTC): the figures of the operator's charts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, func, select

from digest.attention import SIGNAL_PREFIX
from digest.model import Act, DeliveryState
from digest.store.database import Database
from digest.store.schema import bounces, consents, deliveries, source_runs

NEWCOMERS = (Act.CONFIRMED, Act.ADDED, Act.IMPORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """One number for each of ``days``, which follow each other without a gap."""

    days: tuple[dt.date, ...]
    sent: tuple[int, ...]
    """Editions of the day that a server took; trials left out."""
    newcomers: tuple[int, ...]
    """Confirmed, added or imported; a confirmed change of address counts too."""
    leaves: tuple[int, ...]
    bounces: tuple[int, ...]
    papers: tuple[int, ...]
    """New ones that sources brought."""


def daily(db: Database, last: dt.date, *, days: int) -> Daily:
    """The figures of so many days up to ``last``."""
    dates = tuple(last - dt.timedelta(days=back) for back in range(days - 1, -1, -1))
    since = dt.datetime.combine(dates[0], dt.time(), dt.UTC)
    until = dt.datetime.combine(last, dt.time(), dt.UTC) + dt.timedelta(days=1)
    sent = (
        select(deliveries.c.edition, func.count())
        .where(
            deliveries.c.trial.is_(False),
            deliveries.c.state == DeliveryState.ACCEPTED,
            deliveries.c.edition.between(dates[0], last),
        )
        .group_by(deliveries.c.edition)
    )
    with db.read() as connection:

        def counted(
            at: Column[dt.datetime], *where: ColumnElement[bool], what: ColumnElement[Any] | None = None
        ) -> tuple[int, ...]:
            day = _day(connection, at)
            number = func.count() if what is None else func.sum(what)
            query = select(day, number).where(at >= since, at < until, *where).group_by(day)
            return _by_day(connection, query, dates)

        return Daily(
            days=dates,
            sent=_by_day(connection, sent, dates),
            newcomers=counted(consents.c.recorded_at, consents.c.act.in_(NEWCOMERS)),
            leaves=counted(consents.c.recorded_at, consents.c.act == Act.LEFT),
            bounces=counted(bounces.c.taken_at),
            papers=counted(
                source_runs.c.started_at, source_runs.c.source.not_like(f"{SIGNAL_PREFIX}%"), what=source_runs.c.new
            ),
        )


def _by_day(connection: Connection, query: Select[Any], dates: tuple[dt.date, ...]) -> tuple[int, ...]:
    found = {str(day): int(number) for day, number in connection.execute(query)}
    return tuple(found.get(day.isoformat(), 0) for day in dates)


def _day(connection: Connection, at: Column[dt.datetime]) -> ColumnElement[Any]:
    """The UTC date of an instant."""
    if connection.dialect.name == "postgresql":
        return func.date(func.timezone("UTC", at))
    return func.date(at)
