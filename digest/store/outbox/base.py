"""What the outbox's chapters share: the database, events, and the gate every delivery passes before work on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Row, Table, insert, update

from digest.model import DeliveryState
from digest.store.database import Database, dialect_insert
from digest.store.outbox.suppression import suppressed_among
from digest.store.schema import deliveries, events

AnyRow = Row[*tuple[Any, ...]]


class Chapter:
    """A part of the outbox. Each public method is one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db


def insert_or_ignore(connection: Connection, table: Table) -> Insert:
    """INSERT … ON CONFLICT DO NOTHING in the dialect at hand."""
    return dialect_insert(connection.dialect.name)(table).on_conflict_do_nothing()


def write_event(connection: Connection, kind: str, detail: dict[str, Any], now: dt.datetime) -> None:
    connection.execute(insert(events).values(at=now, kind=kind, detail=detail))


def settle(
    connection: Connection, ids: Iterable[int], state: DeliveryState, reason: str | None, now: dt.datetime
) -> None:
    """Move deliveries that the caller has locked to a state without a lease."""
    wanted = list(ids)
    if wanted:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(wanted))
            .values(
                state=state, reason=reason, lease_token=None, lease_until=None, next_attempt_at=None, updated_at=now
            )
        )


def pass_gate(connection: Connection, rows: Sequence[AnyRow], now: dt.datetime) -> list[AnyRow]:
    """The rows that may still go out; the others are settled here and now.

    What a reader or the clock said since the last step wins: an unsubscribe between build and send cancels, a
    suppressed address is not written to, and yesterday's news expires. Rows need ``id``, ``recipient``, ``expires_at``
    and ``reader_state``.
    """
    suppressed = suppressed_among(connection, [row.recipient for row in rows if row.recipient], now)
    fates: dict[tuple[DeliveryState, str], list[int]] = {}
    passed = []
    for row in rows:
        if row.reader_state != "active":
            fate = (DeliveryState.CANCELLED, f"the reader is {row.reader_state}")
        elif (reason := suppressed.get(row.recipient or "")) is not None:
            fate = (DeliveryState.SUPPRESSED, reason)
        elif row.expires_at <= now:
            fate = (DeliveryState.EXPIRED, "too late to be news")
        else:
            passed.append(row)
            continue
        fates.setdefault(fate, []).append(row.id)
    for (state, reason), ids in fates.items():
        settle(connection, ids, state, reason, now)
    return passed
