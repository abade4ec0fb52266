"""What readers wish: to join and confirm (digest.store.joining), to rest, to leave and to come back.

Each wish is one transaction: it changes the reader and adds a line to ``consents``, append-only. Nothing here knows who
may ask: a command, a page with a signed link, a reply by mail.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from sqlalchemy import delete, func, select

from digest.errors import MembershipError
from digest.model import Act, Consent, Evidence, Subscriber
from digest.schedule import next_slot
from digest.store.joining import Joining
from digest.store.outbox.suppression import canonical_address
from digest.store.schema import consents, subscribers
from digest.store.subscribers import FILE, KnownReader, known_reader, settings_values
from digest.store.wishes import MEMBERS, S, changeable, locked, member, note, put, wake
from digest.store.words import READER_ID, Said, say, say_of_reader
from digest.subscribers import subscriber_from_json


class MemberStore(Joining):
    # ── changing ────────────────────────────────────────────────────────────────────────────────────────────

    def change(self, subscriber: Subscriber, *, now: dt.datetime) -> KnownReader:
        """New settings for a reader who lives in the store; the address stays (see :meth:`ask_for_address`).

        Raises:
            MembershipError: a file declares the reader, they are gone, or the address differs.
        """
        with self._db.write() as connection:
            row = locked(connection, subscriber.id)
            changeable(row)
            if canonical_address(subscriber.email) != row.address:
                raise MembershipError("a new address is confirmed from there before it is written to")
            values = settings_values(replace(subscriber, email=row.email), now=now)
            if values["times_hash"] != row.times_hash:
                slot = next_slot(subscriber.times, after=now, last_edition=row.last_edition)
                values |= {"next_due_at": slot.due_at, "next_edition": slot.edition}
            put(connection, subscriber.id, values)
            return known_reader(locked(connection, subscriber.id))

    def pause(self, reader_id: str, *, until: dt.datetime | None, evidence: Evidence, now: dt.datetime) -> KnownReader:
        """No mail until a moment, or until they resume; what waits in the outbox is cancelled when it is claimed.

        Raises:
            MembershipError: they are no reader now; or a pause without an end of one whom a file declares.
        """
        with self._db.write() as connection:
            row = locked(connection, reader_id)
            member(row)
            if row.origin == FILE and until is None:
                raise MembershipError(f"{reader_id} is declared by a file: write `paused: true` there, or give an end")
            if row.state == S.PAUSED and row.paused_until is None and row.origin == FILE:
                return known_reader(row)
            say(connection, READER_ID, reader_id, Said.PAUSED, now=now, until=until)
            put(connection, reader_id, {"state": S.PAUSED, "paused_until": until, "updated_at": now})
            note(connection, reader_id, Act.PAUSED, evidence, now)
            return known_reader(locked(connection, reader_id))

    def resume(self, reader_id: str, *, evidence: Evidence, now: dt.datetime) -> KnownReader:
        """Mail again, from the next edition on.

        Raises:
            MembershipError: they left, or their file says that they are paused.
        """
        with self._db.write() as connection:
            row = locked(connection, reader_id)
            member(row)
            if row.state == S.ACTIVE:
                return known_reader(row)
            if row.origin == FILE and row.paused_until is None:
                raise MembershipError(f"{reader_id} is paused by their file: take `paused: true` out of it")
            return wake(connection, row, Act.RESUMED, evidence, now)

    # ── leaving ─────────────────────────────────────────────────────────────────────────────────────────────

    def leave(self, reader_id: str, evidence: Evidence, *, now: dt.datetime) -> KnownReader | None:
        """No mail any more, whatever a file says; None if they had not even confirmed, and are forgotten.

        It wins until the moment a mail is marked ``sending``.
        """
        with self._db.write() as connection:
            row = locked(connection, reader_id)
            if row.state == S.LEFT and row.wanted is None:
                return known_reader(row)
            if row.state == S.PENDING:
                connection.execute(delete(consents).where(consents.c.subscriber_id == reader_id))
                connection.execute(delete(subscribers).where(subscribers.c.id == reader_id))
                return None
            if row.state != S.LEFT:
                say_of_reader(connection, reader_id, row.address, Said.LEFT, now=now)
            values = {"state": S.LEFT, "paused_until": None, "wanted": None, "updated_at": now}
            put(connection, reader_id, values)
            if row.state != S.LEFT:
                note(connection, reader_id, Act.LEFT, evidence, now)
            return known_reader(locked(connection, reader_id))

    def come_back(
        self, reader_id: str, evidence: Evidence, *, left_after: dt.datetime | None = None, now: dt.datetime
    ) -> KnownReader:
        """Undo a leave; of one that is older than ``left_after`` only a new confirmation can.

        Raises:
            MembershipError: they did not leave, or too long ago.
        """
        with self._db.write() as connection:
            row = locked(connection, reader_id)
            if row.state in MEMBERS:
                return known_reader(row)
            if row.state != S.LEFT:
                raise MembershipError(f"{reader_id} is {row.state}: nothing can be undone")
            left_at = connection.execute(
                select(func.max(consents.c.recorded_at)).where(
                    consents.c.subscriber_id == reader_id, consents.c.act == Act.LEFT
                )
            ).scalar_one()
            if left_after is not None and (left_at is None or left_at < left_after):
                raise MembershipError(f"{reader_id} left too long ago for that: they may subscribe again")
            return wake(connection, row, Act.RETURNED, evidence, now)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────

    def record(self, reader_id: str) -> list[Consent]:
        """Everything a reader ever wished, the oldest first."""
        query = select(consents).where(consents.c.subscriber_id == reader_id).order_by(consents.c.id)
        with self._db.read() as connection:
            return [
                Consent(
                    act=Act(row.act), at=row.at, recorded_at=row.recorded_at, text=row.text, language=row.language,
                    ip=row.ip,
                )
                for row in connection.execute(query)
            ]  # fmt: skip

    def wanted(self, reader_id: str) -> Subscriber | None:
        """The settings that wait to be confirmed, if any do: a newcomer's, or those with a new address."""
        with self._db.read() as connection:
            row = connection.execute(select(subscribers).where(subscribers.c.id == reader_id)).one_or_none()
        if row is None:
            return None
        if row.wanted is not None:
            return subscriber_from_json(row.wanted)
        return subscriber_from_json(row.settings) if row.state == S.PENDING else None
