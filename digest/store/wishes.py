"""What every change of a reader's membership is made of: the locked row, its new values, and the line on record."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text, update

from digest.errors import MembershipError, NotFound
from digest.model import Act, Evidence, ReaderState, Subscriber
from digest.schedule import next_slot
from digest.store.keys import keyed_hashes
from digest.store.outbox.suppression import canonical_address
from digest.store.schema import consents, erasures, subscribers
from digest.store.subscribers import FILE, STORE, KnownReader, known_reader, settings_values
from digest.store.words import READER_ID, Said, say_of_reader
from digest.subscribers import subscriber_from_json

S = ReaderState

MEMBERS = (S.ACTIVE, S.PAUSED)
RANKS = (*MEMBERS, S.LEFT, S.PENDING)


def alone_with(connection: Connection, email: str) -> str:
    """The address's canonical form, once nobody else is at work on it: two sign-ups at once make one reader."""
    key = canonical_address(email)
    if connection.dialect.name == "postgresql":  # on SQLite writers are alone anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
    return key


def with_address(connection: Connection, key: str, *, but: str = "", lock: bool = True) -> Row[Any] | None:
    """Who has this address: a reader before one who left, and one who left before one who never confirmed."""
    query = (
        select(subscribers)
        .where(subscribers.c.address == key, subscribers.c.state.in_(RANKS), subscribers.c.id != but)
        .order_by(subscribers.c.id)
    )
    if lock:
        query = query.with_for_update()
    return min(connection.execute(query).all(), key=lambda row: RANKS.index(row.state), default=None)


def locked(connection: Connection, reader_id: str) -> Row[Any]:
    query = select(subscribers).where(subscribers.c.id == reader_id, subscribers.c.state != S.ERASED)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"no reader {reader_id!r}")
    return row


def member(row: Row[Any]) -> None:
    if row.state not in MEMBERS:
        raise MembershipError(f"{row.id} is {row.state}: only who gets mail can pause or resume")


def changeable(row: Row[Any]) -> None:
    if row.origin == FILE:
        raise MembershipError(f"{row.id} is declared by a file, which is where their settings are changed")
    if row.state not in (*MEMBERS, S.PENDING):
        raise MembershipError(f"{row.id} is {row.state}: there is nothing to change")


def id_taken(connection: Connection, reader_id: str) -> str | None:
    """Why nobody can have this id; None if it is free. One who was erased keeps theirs for good."""
    if connection.execute(select(subscribers.c.id).where(subscribers.c.id == reader_id)).first():
        return f"the id {reader_id!r} is taken"
    hashed = keyed_hashes(connection, READER_ID, [reader_id]).get(reader_id)
    if hashed and connection.execute(select(erasures).where(erasures.c.id_hash == hashed)).first():
        return f"the id {reader_id!r} was a reader who was erased"
    return None


def enrol(connection: Connection, subscriber: Subscriber, state: ReaderState, now: dt.datetime) -> None:
    if (reason := id_taken(connection, subscriber.id)) is not None:
        raise MembershipError(reason)
    values = settings_values(subscriber, now=now)
    connection.execute(insert(subscribers).values(id=subscriber.id, origin=STORE, state=state, **values))


def put(connection: Connection, reader_id: str, values: dict[str, Any]) -> None:
    connection.execute(update(subscribers).where(subscribers.c.id == reader_id).values(values))


def wake(connection: Connection, row: Row[Any], act: Act, evidence: Evidence, now: dt.datetime) -> KnownReader:
    say_of_reader(connection, row.id, row.address, Said.BACK, now=now)
    return revive(connection, row, act, evidence, now)


def revive(connection: Connection, row: Row[Any], act: Act, evidence: Evidence, now: dt.datetime) -> KnownReader:
    """:func:`wake`, of which the journal knows."""
    slot = next_slot(subscriber_from_json(row.settings).times, after=now, last_edition=row.last_edition)
    values = {"state": S.ACTIVE, "paused_until": None, "wanted": None, "updated_at": now}
    put(connection, row.id, values | {"next_due_at": slot.due_at, "next_edition": slot.edition})
    note(connection, row.id, act, evidence, now)
    return known_reader(locked(connection, row.id))


def note(connection: Connection, reader_id: str, act: Act, evidence: Evidence, now: dt.datetime) -> None:
    connection.execute(insert(consents).values(consent_values(reader_id, act, evidence, now)))


def consent_values(reader_id: str, act: Act, evidence: Evidence, now: dt.datetime) -> dict[str, Any]:
    """One line of the record."""
    return {
        "subscriber_id": reader_id,
        "act": act,
        "at": evidence.at or now,
        "ip": evidence.ip,
        "text": evidence.text,
        "language": evidence.language,
        "recorded_at": now,
    }
