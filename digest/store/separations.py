"""Separations as they are stored, and the lock under which papers are decided on."""

from __future__ import annotations

from sqlalchemy import Connection, select, text

from digest.catalog.separation import RecordKey, Separation
from digest.store.schema import separated_records


def decide_alone(connection: Connection) -> None:
    """Two processes must not decide about one component at once. Until the end of the transaction."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(7368213)"))


def read_separations(connection: Connection) -> tuple[Separation, ...]:
    """All of them: they are made by hand, so there are few."""
    return tuple(numbered_separations(connection).values())


def numbered_separations(connection: Connection) -> dict[int, Separation]:
    """By id, oldest first."""
    sides: dict[int, tuple[set[RecordKey], set[RecordKey]]] = {}
    for row in connection.execute(select(separated_records).order_by(separated_records.c.separation_id)):
        sides.setdefault(row.separation_id, (set(), set()))[row.side].add((row.source, row.key))
    return {number: Separation(one=frozenset(one), other=frozenset(other)) for number, (one, other) in sides.items()}
