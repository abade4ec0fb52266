"""What is kept for how long. All of it is old and of no more use to what goes out; readers' wishes are never touched.

    what mails were made from (recipes, cards)       ``mails``    90 days: replays and the archive show these
    deliveries with their attempts and papers        ``history``  a year: nobody gets a paper twice within it
    events, readings of sources and of attention     ``history``

Rows go in small transactions, so that nobody waits; SQLite fills the space again before its file grows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Column, ColumnElement, Table, delete, func, select, update

from digest.model import OPEN_STATES, DeliveryState
from digest.store.database import Database
from digest.store.schema import (
    attempts,
    bounces,
    deliveries,
    events,
    fragments,
    journal_gaps,
    journal_waiting,
    observations,
    reports,
    sent_names,
    sent_papers,
    source_runs,
)

T = TypeVar("T")

AT_ONCE = 500
"""Rows of one transaction."""
_STEP = dt.timedelta(days=1)
_STILL_OPEN = (*OPEN_STATES, DeliveryState.HELD, DeliveryState.UNCERTAIN)
"""Whoever has to decide about one of these needs all of it."""
_OF_A_DELIVERY = (attempts, bounces, sent_papers, sent_names, journal_gaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How much of one kind went, or would go."""

    what: str
    rows: int
    size: int = 0
    """Bytes, of what is counted in bytes."""


def prune(
    db: Database, *, mails_before: dt.date, history_before: dt.date, dry_run: bool, stop: Callable[[], bool] = bool
) -> list[Pruned]:
    """Remove what is older. ``stop`` is asked between transactions; the rest is for the next time."""
    found = [_recipes(db, mails_before, dry_run, stop), _fragments(db, _midnight(mails_before), dry_run, stop)]
    found.append(_deliveries(db, history_before, dry_run, stop))
    until = _midnight(history_before)
    for what, table, at in _DATED:
        found.append(_by_day(db, what, table, at, until, dry_run, stop))
    return found


_DATED: Sequence[tuple[str, Table, Column[dt.datetime]]] = (
    ("events", events, events.c.at),
    ("readings of sources", source_runs, source_runs.c.started_at),
    ("readings of attention", observations, observations.c.observed_at),
    ("reports", reports, reports.c.claimed_at),
    ("facts of the journal that nobody claimed", journal_waiting, journal_waiting.c.noted_at),
)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _recipes(db: Database, before: dt.date, dry_run: bool, stop: Callable[[], bool]) -> Pruned:
    old = [deliveries.c.edition < before, deliveries.c.recipe.is_not(None), deliveries.c.state.not_in(_STILL_OPEN)]
    size = func.sum(func.length(deliveries.c.recipe))
    counted = _counted(db, "texts of mails", old, deliveries.c.id, size)
    for ids in () if dry_run else _batches(db, deliveries.c.id, old, stop):
        with db.write() as connection:
            connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(recipe=None))
    return counted


def _fragments(db: Database, before: dt.datetime, dry_run: bool, stop: Callable[[], bool]) -> Pruned:
    # A fragment gets younger with every mail that uses it, so an old one belongs to old mails alone.
    old = [fragments.c.used_at < before]
    counted = _counted(db, "cards and shells", old, fragments.c.hash, func.sum(func.length(fragments.c.body)))
    for names in () if dry_run else _batches(db, fragments.c.hash, old, stop):
        with db.write() as connection:
            connection.execute(delete(fragments).where(fragments.c.hash.in_(names), *old))
    return counted


def _deliveries(db: Database, before: dt.date, dry_run: bool, stop: Callable[[], bool]) -> Pruned:
    old = [deliveries.c.edition < before, deliveries.c.state.not_in(_STILL_OPEN)]
    counted = _counted(db, "deliveries", old, deliveries.c.id)
    for ids in () if dry_run else _batches(db, deliveries.c.id, old, stop):
        with db.write() as connection:
            for table in _OF_A_DELIVERY:
                connection.execute(delete(table).where(table.c.delivery_id.in_(ids)))
            connection.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
    return counted


def _by_day(
    db: Database, what: str, table: Table, at: Column[dt.datetime], until: dt.datetime, dry_run: bool,
    stop: Callable[[], bool],
) -> Pruned:  # fmt: skip
    counted = _counted(db, what, [at < until], at)
    while not dry_run and not stop():
        with db.write() as connection:
            oldest = select(func.min(at)).where(at < until)
            first: dt.datetime | None = connection.execute(oldest).scalar_one_or_none()
            if first is None:
                break
            connection.execute(delete(table).where(at < min(first + _STEP, until)))
    return counted


def _counted(
    db: Database, what: str, old: Sequence[ColumnElement[bool]], column: ColumnElement[T],
    size: ColumnElement[int] | None = None,
) -> Pruned:  # fmt: skip
    with db.read() as connection:
        rows = connection.execute(select(func.count(column)).where(*old)).scalar_one()
        total = connection.execute(select(size).where(*old)).scalar_one() if size is not None else 0
    return Pruned(what=what, rows=rows, size=total or 0)


def _batches(
    db: Database, key: ColumnElement[T], old: Sequence[ColumnElement[bool]],
    stop: Callable[[], bool],
) -> Iterator[list[T]]:  # fmt: skip
    """Keys of old rows, some at once; the caller removes them before the next are asked for."""
    while not stop():
        with db.read() as connection:
            keys = list(connection.scalars(select(key).where(*old).limit(AT_ONCE)))
        if not keys:
            return
        yield keys
