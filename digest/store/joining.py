"""How somebody becomes a reader: asked for by whoever can type an address, confirmed by whoever reads its mail.

    join ──▶ pending ──confirm──▶ active          ask_for_address ──▶ (kept beside the old one) ──confirm──▶ changed
    add, import ───────────────▶ active

Whoever asks twice, or twice at once, finds it done.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select

from digest.errors import MembershipError
from digest.model import Act, Evidence, Joined, JoinOutcome, Subscriber
from digest.schedule import next_slot
from digest.store.database import Database
from digest.store.enlisting import Enlisting, obstacles
from digest.store.outbox.suppression import canonical_address, suppressed_among
from digest.store.schema import consents, subscribers
from digest.store.subscribers import STORE, KnownReader, first_slot, known_reader, settings_values
from digest.store.wishes import MEMBERS, S, alone_with, changeable, enrol, locked, note, put, with_address
from digest.store.words import MEMBER, Said, say, say_of_reader
from digest.subscribers import subscriber_from_json, subscriber_to_json


class Joining(Enlisting):
    def __init__(self, db: Database) -> None:
        self._db = db

    def join(self, wanted: Subscriber, evidence: Evidence, *, now: dt.datetime) -> Joined:
        """Somebody asks for mail to an address; nothing but a confirmation may go there before it is answered.

        ``wanted`` has an id that nobody has; it is passed over where the address is known. What a reader has is not
        changed by whoever can type their address.
        """
        with self._db.write() as connection:
            key = alone_with(connection, wanted.email)
            if (reason := suppressed_among(connection, [wanted.email], now).get(wanted.email)) is not None:
                return Joined(outcome=JoinOutcome.REFUSED, reader_id=None, reason=reason)
            row = with_address(connection, key)
            if row is not None and row.state in MEMBERS:
                return Joined(outcome=JoinOutcome.KNOWN, reader_id=row.id)
            if row is None:
                enrol(connection, wanted, S.PENDING, now)
                reader_id = wanted.id
            else:
                reader_id = row.id
                values: dict[str, Any] = {"wanted": subscriber_to_json(replace(wanted, id=row.id))}
                if row.state == S.PENDING:
                    values |= settings_values(replace(wanted, id=row.id), now=now)
                put(connection, row.id, values | {"updated_at": now})
            note(connection, reader_id, Act.ASKED, evidence, now)
            return Joined(outcome=JoinOutcome.ASKED, reader_id=reader_id)

    def add(
        self, subscriber: Subscriber, act: Act, evidence: Evidence, *, max_lateness: dt.timedelta, now: dt.datetime
    ) -> None:
        """A reader whose consent somebody vouches for: no question is asked, and the evidence says why.

        Raises:
            MembershipError: the id or the address is taken, or the address is not written to.
        """
        with self._db.write() as connection:
            alone_with(connection, subscriber.email)
            if (reason := obstacles(connection, [subscriber], now)[0]) is not None:
                raise MembershipError(reason)
            enrol(connection, subscriber, S.ACTIVE, now)
            slot = first_slot(subscriber.times, max_lateness=max_lateness, now=now)
            put(connection, subscriber.id, {"next_due_at": slot.due_at, "next_edition": slot.edition})
            note(connection, subscriber.id, act, evidence, now)

    def with_address(self, email: str) -> KnownReader | None:
        """Who has this address, be it that they left or have not confirmed; a reader before either."""
        with self._db.read() as connection:
            row = with_address(connection, canonical_address(email), lock=False)
            return known_reader(row) if row is not None else None

    def confirm(
        self, reader_id: str, evidence: Evidence, *, email: str | None = None, max_lateness: dt.timedelta,
        now: dt.datetime,
    ) -> KnownReader:  # fmt: skip
        """What was asked for holds: a newcomer's first mail, a return, a new address. Once is as good as twice.

        Args:
            email: where the question went: if another address waits by now, this is no answer.

        Raises:
            NotFound: no such reader, or the question was too old and is forgotten.
            MembershipError: there is nothing to confirm any more, or somebody else has the address by now.
        """
        with self._db.write() as connection:
            row = locked(connection, reader_id)
            if row.wanted is None and row.state != S.PENDING:
                if row.state in MEMBERS:
                    return known_reader(row)
                raise MembershipError(f"{reader_id} is {row.state}: there is nothing to confirm")
            values: dict[str, Any] = {"wanted": None, "updated_at": now}
            subscriber = subscriber_from_json(row.settings)
            asked = subscriber_from_json(row.wanted) if row.wanted is not None else subscriber
            if email is not None and canonical_address(asked.email) != canonical_address(email):
                raise MembershipError(f"{reader_id} has asked for another address since")
            if row.wanted is not None and row.origin == STORE:
                subscriber = subscriber_from_json(row.wanted)
                key = alone_with(connection, subscriber.email)
                other = with_address(connection, key, but=reader_id)
                if other is not None and other.state in MEMBERS:
                    raise MembershipError(f"{subscriber.email} is another reader's address by now")
                values |= settings_values(subscriber, now=now)
            if row.state in (S.PENDING, S.LEFT):
                slot = (
                    next_slot(subscriber.times, after=now, last_edition=row.last_edition)
                    if row.last_edition
                    else first_slot(subscriber.times, max_lateness=max_lateness, now=now)
                )
                values |= {"state": S.ACTIVE, "paused_until": None}
                values |= {"next_due_at": slot.due_at, "next_edition": slot.edition}
                say_of_reader(connection, reader_id, canonical_address(subscriber.email), Said.BACK, now=now)
            elif values.get("address", row.address) != row.address:
                say(connection, MEMBER, values["address"], Said.BACK, now=now)
            put(connection, reader_id, values)
            note(connection, reader_id, Act.CONFIRMED, evidence, now)
            return known_reader(locked(connection, reader_id))

    def ask_for_address(self, reader_id: str, email: str, evidence: Evidence, *, now: dt.datetime) -> Joined:
        """A reader wants mail at another address: it is kept beside the old one until it is confirmed from there.

        Raises:
            MembershipError: a file declares the reader, or they are gone.
        """
        with self._db.write() as connection:
            row = locked(connection, reader_id)
            changeable(row)
            key = alone_with(connection, email)
            if (reason := suppressed_among(connection, [email], now).get(email)) is not None:
                return Joined(outcome=JoinOutcome.REFUSED, reader_id=reader_id, reason=reason)
            other = with_address(connection, key, but=reader_id)
            if other is not None and other.state in MEMBERS:
                return Joined(outcome=JoinOutcome.KNOWN, reader_id=reader_id)
            wanted = replace(subscriber_from_json(row.settings), email=email)
            put(connection, reader_id, {"wanted": subscriber_to_json(wanted), "updated_at": now})
            note(connection, reader_id, Act.ASKED, evidence, now)
            return Joined(outcome=JoinOutcome.ASKED, reader_id=reader_id)

    def forget_unconfirmed(self, *, before: dt.datetime) -> int:
        """Drop who never confirmed, and questions that were never answered; returns how many readers were dropped."""
        with self._db.write() as connection:
            stale = list(
                connection.scalars(
                    select(subscribers.c.id)
                    .where(subscribers.c.state == S.PENDING, subscribers.c.updated_at < before)
                    .limit(1000)
                )
            )
            if stale:
                connection.execute(delete(consents).where(consents.c.subscriber_id.in_(stale)))
                connection.execute(delete(subscribers).where(subscribers.c.id.in_(stale)))
            return len(stale)
