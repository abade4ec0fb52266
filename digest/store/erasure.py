"""Forgetting a reader: what is theirs is deleted, what the books need stays under a name that says nothing.

    settings, consents, feedback, recipes, addresses, server replies    deleted
    deliveries, sent papers, outcomes of attempts                       stay, of "erased-1a2b3c…": the books balance
    the address                                                         a keyed hash: it is never written to again
    the id                                                              a keyed hash: no file brings it back

Tables that other parts add are forgotten by their columns: rows of a ``subscriber_id`` are deleted, unless they are
named here. A mail that is being sent at that moment is answered later; :meth:`tidy` forgets what comes then.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, delete, insert, or_, select, update

from digest.model import OPEN_STATES, DeliveryState, ReaderState
from digest.store.database import Database
from digest.store.keys import keyed_hashes
from digest.store.letters import forget_letters
from digest.store.outbox.base import write_event
from digest.store.outbox.suppression import forget_address
from digest.store.schema import attempts, deliveries, erasures, events, metadata, sent_papers, subscribers
from digest.store.subscribers import FILE, STORE
from digest.store.wishes import locked
from digest.store.words import READER_ID, Said, say
from digest.subscribers import subscriber_from_json

KEPT = frozenset({"deliveries", "sent_papers"})
"""Tables whose rows stay for the books, under the new name."""
TIDIED_FOR = dt.timedelta(days=2)
"""How long after an erasure a late reply of a server may still bring the address back."""
WORDS = "the reader was erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was forgotten. ``address`` and ``editions`` are for what is kept outside the database; keep neither."""

    reader_id: str
    anonymous_id: str
    address: str
    editions: tuple[dt.date, ...]
    declared_by_file: bool
    message_ids: tuple[str, ...]


class ErasureStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def erase(self, reader_id: str, *, now: dt.datetime) -> Erased:
        """Forget a reader in one transaction.

        Raises:
            NotFound: no such reader; one who was erased is none.
        """
        with self._db.write() as connection:
            row = locked(connection, reader_id)
            say(connection, READER_ID, reader_id, Said.ERASED, now=now)
            mine = connection.execute(
                select(deliveries.c.edition, deliveries.c.message_id).where(deliveries.c.subscriber_id == reader_id)
            ).all()
            forget_address(connection, row.email, now)
            hashed = keyed_hashes(connection, READER_ID, [reader_id])[reader_id]
            stranger = forget(connection, row, hashed, now)
        return Erased(
            reader_id=reader_id,
            anonymous_id=stranger,
            address=row.email,
            editions=tuple(sorted({one.edition for one in mine})),
            declared_by_file=row.origin == FILE,
            message_ids=tuple(one.message_id for one in mine if one.message_id),
        )

    def tidy(self, *, now: dt.datetime) -> int:
        """Forget what came after an erasure: a server's late reply, a mail that was being built. How many readers."""
        lately = select(subscribers.c.id).where(
            subscribers.c.state == ReaderState.ERASED, subscribers.c.updated_at > now - TIDIED_FOR
        )
        with self._db.write() as connection:
            ids = list(connection.scalars(lately))
            for stranger in ids:
                _delete_theirs(connection, stranger)
            if ids:
                _anonymise(connection, ids, now)
        return len(ids)


def forget(connection: Connection, row: Row[Any], id_hash: str, now: dt.datetime) -> str:
    """All of a reader but their address, which is for the caller to hide; returns the name that is left."""
    stranger = f"erased-{secrets.token_hex(8)}"
    _rename(connection, row.id, stranger, now)
    _delete_theirs(connection, row.id)
    connection.execute(delete(subscribers).where(subscribers.c.id == row.id))
    _anonymise(connection, [stranger], now)
    wanted = subscriber_from_json(row.wanted).email if row.wanted is not None else ""
    _scrub_events(connection, {row.id, row.email, row.address, wanted} - {""})
    forget_letters(connection, {row.email, wanted} - {""})
    close_id(connection, id_hash, now)
    write_event(connection, "reader.erased", {"reader": stranger}, now)
    return stranger


def close_id(connection: Connection, id_hash: str, now: dt.datetime) -> None:
    """No file brings this id back."""
    connection.execute(delete(erasures).where(erasures.c.id_hash == id_hash))
    connection.execute(insert(erasures).values(id_hash=id_hash, erased_at=now))


def _rename(connection: Connection, reader_id: str, stranger: str, now: dt.datetime) -> None:
    connection.execute(
        insert(subscribers).values(
            id=stranger, email="", origin=STORE, state=ReaderState.ERASED, settings={}, times_hash="", updated_at=now
        )
    )
    for table in (deliveries, sent_papers):
        connection.execute(update(table).where(table.c.subscriber_id == reader_id).values(subscriber_id=stranger))


def _delete_theirs(connection: Connection, reader_id: str) -> None:
    """From every table that says whose a row is, the referring ones first."""
    for table in reversed(metadata.sorted_tables):
        if "subscriber_id" in table.c and table.name not in KEPT:
            connection.execute(delete(table).where(table.c.subscriber_id == reader_id))


def _anonymise(connection: Connection, strangers: list[str], now: dt.datetime) -> None:
    """Of their deliveries only when, and what became of them, is left. What is being sent is settled by its sender."""
    theirs = deliveries.c.subscriber_id.in_(strangers)
    waiting = [*(OPEN_STATES - {DeliveryState.SENDING}), DeliveryState.HELD]
    connection.execute(
        update(deliveries)
        .where(theirs, deliveries.c.state.in_(waiting))
        .values(state=DeliveryState.CANCELLED, lease_token=None, lease_until=None, next_attempt_at=None, updated_at=now)
    )
    over = deliveries.c.state != DeliveryState.SENDING
    connection.execute(
        update(deliveries)
        .where(theirs, over, or_(deliveries.c.recipient.is_not(None), deliveries.c.recipe.is_not(None)))
        .values(recipient=None, recipe=None, message_id=None, reason=WORDS)
    )
    connection.execute(update(deliveries).where(theirs, over, deliveries.c.reason != WORDS).values(reason=WORDS))
    connection.execute(
        update(attempts)
        .where(attempts.c.delivery_id.in_(select(deliveries.c.id).where(theirs)), attempts.c.text != "")
        .values(text="")
    )


def _scrub_events(connection: Connection, names: set[str]) -> None:
    """Events that name the reader keep their kind and moment. Closed books name deliveries by number only."""
    says = cast(events.c.detail, Text)
    named = or_(*(says.contains(name if "@" in name else f'"{name}"', autoescape=True) for name in sorted(names)))
    connection.execute(update(events).where(named, events.c.kind.not_like("books.%")).values(detail={}))
