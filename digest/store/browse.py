"""What the search index is made of, in portions: every paper that has features, with who wrote it and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import and_, bindparam, func, select, type_coerce
from sqlalchemy.types import NullType

from digest.model import Observation, Signal
from digest.store.bulk import select_in
from digest.store.database import Database, chunks
from digest.store.schema import Instant, features, observations, papers


class Browsable(NamedTuple):
    paper_id: int
    announced_at: int
    """Or published, or first seen: seconds since 1970. History that was imported today is of its own day."""
    authors: Sequence[str]
    features: bytes


class Listed(NamedTuple):
    """One line of a long list."""

    id: int
    title: str
    abstract: str
    authors: Sequence[str]
    category: str
    """The primary one, or empty."""
    announced_on: dt.date
    """Or published, or first seen (UTC)."""


_ANNOUNCED = func.coalesce(papers.c.announced_at, papers.c.published_at, papers.c.first_seen_at, type_=Instant())

_DAY = {
    "sqlite": "substr(coalesce(announced_at, published_at, first_seen_at), 1, 10)",
    "postgresql": "to_char(coalesce(announced_at, published_at, first_seen_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}
_LISTED = {
    dialect: f"SELECT id, title, abstract, authors, primary_category, {day} FROM papers "  # noqa: S608 - words of ours
    "WHERE id IN ({values}) AND redirect_to IS NULL"
    for dialect, day in _DAY.items()
}


_READINGS = (
    select(observations).where(observations.c.paper_id == bindparam("given")).order_by(observations.c.observed_at)
)


def _names(stored: str | Sequence[str]) -> Sequence[str]:
    """Authors as the driver gives them: SQLite has text, PostgreSQL a list."""
    names: Sequence[str] = orjson.loads(stored) if isinstance(stored, str) else stored
    return names


class BrowseStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def ids(self, basis: str) -> set[int]:
        """Every paper that can be found: not merged into another, not withdrawn, and read by this text basis."""
        query = (
            select(papers.c.id)
            .join(features, and_(features.c.paper_id == papers.c.id, features.c.basis == basis))
            .where(papers.c.redirect_to.is_(None), ~papers.c.withdrawn)
        )
        with self._db.read() as connection:
            return set(connection.scalars(query))

    def announced(self, *, since: dt.datetime, until: dt.datetime) -> list[tuple[int, dt.datetime, str]]:
        """(id, when, primary category) of what was announced, else published, else first seen in a span, ascending.

        Unlike :meth:`digest.store.papers.PaperStore.news`, which says what was news to us: history that was imported
        today is of its own day. It looks at every paper.
        """
        at = _ANNOUNCED
        query = (
            select(papers.c.id, at.label("at"), papers.c.primary_category)
            .where(papers.c.candidate, ~papers.c.withdrawn, papers.c.redirect_to.is_(None), at >= since, at < until)
            .order_by(papers.c.id)
        )
        with self._db.read() as connection:
            return [(row.id, row.at, row.primary_category) for row in connection.execute(query)]

    def changed(self, since: dt.datetime) -> set[int]:
        """Papers that were written at or after an instant."""
        with self._db.read() as connection:
            return set(connection.scalars(select(papers.c.id).where(papers.c.updated_at >= since)))

    def rows(self, basis: str, ids: Iterable[int]) -> list[Browsable]:
        """Papers by id, ascending; raw values, since there are so many."""
        found: list[Browsable] = []
        with self._db.read() as connection:
            for chunk in chunks(sorted(ids)):
                query = (
                    select(papers.c.id, _ANNOUNCED, type_coerce(papers.c.authors, NullType()), features.c.blob)
                    .join(features, and_(features.c.paper_id == papers.c.id, features.c.basis == basis))
                    .where(papers.c.id.in_(chunk))
                )
                found += [
                    Browsable(i, int(at.timestamp()), _names(names), bytes(blob))
                    for i, at, names, blob in connection.execute(query)
                ]
        return sorted(found)

    def listed(self, ids: Sequence[int]) -> dict[int, Listed]:
        """Papers as a list of many shows them, by id; merged ones are left out. Raw values: a search waits for them."""
        with self._db.read() as connection:
            return {
                row[0]: Listed(row[0], row[1], row[2], _names(row[3]), row[4], dt.date.fromisoformat(row[5]))
                for row in select_in(connection, _LISTED[self._db.dialect], ids)
            }

    def readings(self, paper_id: int) -> list[Observation]:
        """All attention that was read of one paper, oldest first."""
        with self._db.read() as connection:
            return [
                Observation(row.paper_id, Signal(row.signal), row.value, row.observed_at)
                for row in connection.execute(_READINGS, {"given": paper_id})
            ]

    def latest(self, ids: Iterable[int]) -> dict[int, dict[Signal, float]]:
        """The last reading of each signal of papers, by paper; those without any are left out."""
        found: dict[int, dict[Signal, float]] = {}
        with self._db.read() as connection:
            for chunk in chunks(sorted(ids)):
                query = (
                    select(observations.c.paper_id, observations.c.signal, observations.c.value)
                    .where(observations.c.paper_id.in_(chunk))
                    .order_by(observations.c.observed_at)
                )
                for paper_id, signal, value in connection.execute(query):
                    found.setdefault(paper_id, {})[Signal(signal)] = value
        return found
