"""Readers of a list, all at once: who of them may be added, and adding them in one transaction, in few statements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from digest.model import Act, Evidence, Subscriber
from digest.store.database import Database, chunks
from digest.store.keys import keyed_hashes
from digest.store.outbox.suppression import canonical_address, suppressed_among
from digest.store.schema import consents, erasures, subscribers
from digest.store.subscribers import STORE, first_slot, settings_values
from digest.store.wishes import RANKS, S, alone_with, consent_values
from digest.store.words import MEMBER, READER_ID, Said, last_said


class Enlisting:
    _db: Database

    def add_all(
        self,
        listed: Sequence[tuple[Subscriber, Evidence]],
        act: Act,
        *,
        max_lateness: dt.timedelta,
        now: dt.datetime,
    ) -> list[str | None]:
        """Store those who may be readers: all of them, or none if anything fails.

        Returns why each was passed over; None for those who are readers now.
        """
        with self._db.write() as connection:
            # In one order, so that two lists at once do not wait for each other.
            for key in sorted({canonical_address(one.email) for one, _ in listed}):
                alone_with(connection, key)
            reasons = obstacles(connection, [one for one, _ in listed], now)
            readers, record = [], []
            for (one, evidence), reason in zip(listed, reasons, strict=True):
                if reason is None:
                    slot = first_slot(one.times, max_lateness=max_lateness, now=now)
                    due = {"next_due_at": slot.due_at, "next_edition": slot.edition}
                    own = {"id": one.id, "origin": STORE, "state": S.ACTIVE}
                    readers.append({**own, **settings_values(one, now=now), **due})
                    record.append(consent_values(one.id, act, evidence, now))
            if readers:
                connection.execute(insert(subscribers), readers)
                connection.execute(insert(consents), record)
            return reasons

    def obstacles(self, wanted: Sequence[Subscriber], *, now: dt.datetime) -> list[str | None]:
        """Why :meth:`add_all` would pass each over; None if it would not."""
        with self._db.read() as connection:
            return obstacles(connection, wanted, now)


def obstacles(connection: Connection, wanted: Sequence[Subscriber], now: dt.datetime) -> list[str | None]:
    """Why each cannot become a reader: the address is not written to, it or the id is somebody's, or stood before."""
    suppressed: dict[str, str] = {}
    for some in chunks([one.email for one in wanted]):
        suppressed |= suppressed_among(connection, some, now)
    owners = _owners(connection, [canonical_address(one.email) for one in wanted])
    taken = _taken(connection, [one.id for one in wanted])
    words = last_said(connection, MEMBER, [canonical_address(one.email) for one in wanted])
    found: list[str | None] = []
    for one in wanted:
        key = canonical_address(one.email)
        reason: str | None
        if one.email in suppressed:
            reason = f"{one.email} is not written to: {suppressed[one.email]} (digest queue unsuppress)"
        elif key in owners:
            reason = f"{one.email} is the address of {owners[key][1]}, who is {owners[key][0]}"
        elif key in words and words[key].said is Said.LEFT:  # a reader who was lost with the database
            reason = f"{one.email} left on {words[key].at:%Y-%m-%d}, by the journal (digest queue unsuppress)"
        else:
            reason = taken.get(one.id)
            if reason is None:
                owners[key], taken[one.id] = (S.ACTIVE, one.id), f"the id {one.id!r} is taken"
        found.append(reason)
    return found


def _owners(connection: Connection, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By address, the state and id of who has it: a reader before one who left or never confirmed."""
    found: dict[str, tuple[str, str]] = {}
    for some in chunks(keys):
        query = select(subscribers.c.address, subscribers.c.state, subscribers.c.id)
        query = query.where(subscribers.c.address.in_(some), subscribers.c.state.in_(RANKS))
        for row in connection.execute(query.order_by(subscribers.c.id)):
            before = found.get(row.address)
            if before is None or RANKS.index(row.state) < RANKS.index(before[0]):
                found[row.address] = (row.state, row.id)
    return found


def _taken(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Why nobody can have some of these ids. One who was erased keeps theirs for good."""
    found: dict[str, str] = {}
    for some in chunks(ids):
        there = connection.scalars(select(subscribers.c.id).where(subscribers.c.id.in_(some)))
        found |= {one: f"the id {one!r} is taken" for one in there}
        hashes = keyed_hashes(connection, READER_ID, some)
        query = select(erasures.c.id_hash).where(erasures.c.id_hash.in_(sorted(hashes.values())))
        gone = set(connection.scalars(query))
        found |= {one: f"the id {one!r} was a reader who was erased" for one in some if hashes.get(one) in gone}
    return found
