"""Letters that wait to be mailed: written by forms in one short transaction, sent by whichever process comes first.

    put ──▶ waiting ──claim──▶ leased ──settle──▶ settled (kept for a day: letters to an address are counted)
               ▲                  │
               └──── retry ◀──────┘

A letter is never lost: what is neither sent nor refused for good is tried until it expires, and a claim that a crash
left behind lapses. It may go out twice, after a crash between the server's yes and our note of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from digest.model import Letter
from digest.store.database import Database
from digest.store.keys import keyed_hashes
from digest.store.outbox.suppression import canonical_address
from digest.store.owners import is_dead, new_token
from digest.store.schema import letters

LEASE = dt.timedelta(minutes=15)
"""Longer than any SMTP transaction of one letter takes."""
SENT = "sent"
_ADDRESS = "letters"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLetter:
    """One that was claimed. ``body`` is what a question holds; ``to_hash`` stands for its address."""

    id: int
    kind: Letter
    reader_id: str | None
    to_hash: str
    body: Mapping[str, object]
    created_at: dt.datetime
    expires_at: dt.datetime
    attempts: int
    """Before this one."""
    lease_token: str


class LetterStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def put(
        self, kind: Letter, *, address: str, reader_id: str | None = None, body: Mapping[str, object] | None = None,
        expires_at: dt.datetime, now: dt.datetime,
    ) -> None:  # fmt: skip
        """Have it sent. The same work for every address, so that the time it takes tells nothing."""
        with self._db.write() as connection:
            connection.execute(
                insert(letters).values(
                    kind=kind,
                    subscriber_id=reader_id,
                    to_hash=_hash(connection, address),
                    body=dict(body) if body is not None else None,
                    created_at=now,
                    expires_at=expires_at,
                    next_attempt_at=now,
                    attempts=0,
                )
            )

    def claim(self, limit: int, *, now: dt.datetime) -> list[WaitingLetter]:
        """Letters that are due, the oldest first; nobody else gets them for the length of the lease."""
        due = letters.c.next_attempt_at <= now
        with self._db.read() as connection:  # nearly always there is none, and nobody should wait for that
            tokens = set(connection.scalars(select(letters.c.lease_token).where(due).distinct()))
        if not tokens:
            return []
        dead = sorted(token for token in tokens if token is not None and is_dead(token))
        free = or_(letters.c.lease_until.is_(None), letters.c.lease_until < now, letters.c.lease_token.in_(dead))
        query = select(letters).where(due, free).order_by(letters.c.id).limit(limit).with_for_update(skip_locked=True)
        token = new_token()
        with self._db.write() as connection:
            rows = connection.execute(query).all()
            connection.execute(
                update(letters)
                .where(letters.c.id.in_([row.id for row in rows]))
                .values(lease_token=token, lease_until=now + LEASE)
            )
        return [
            WaitingLetter(
                id=row.id,
                kind=Letter(row.kind),
                reader_id=row.subscriber_id,
                to_hash=row.to_hash,
                body=row.body or {},
                created_at=row.created_at,
                expires_at=row.expires_at,
                attempts=row.attempts,
                lease_token=token,
            )
            for row in rows
        ]

    def decide(
        self, letter: WaitingLetter, kind: Letter, reader_id: str, *, body: Mapping[str, object] | None = None
    ) -> None:
        """A question is answered: which letter follows, and to whom; ``body`` is what the letter needs of it."""
        self._change(letter, kind=kind, subscriber_id=reader_id, body=None if body is None else dict(body))

    def settle(self, letter: WaitingLetter, outcome: str) -> None:
        """It was sent, or never will be; what it held is forgotten."""
        self._change(letter, next_attempt_at=None, lease_token=None, lease_until=None, body=None, outcome=outcome)

    def retry(self, letter: WaitingLetter, reason: str, *, at: dt.datetime) -> None:
        self._change(
            letter,
            next_attempt_at=at,
            lease_token=None,
            lease_until=None,
            attempts=letter.attempts + 1,
            outcome=reason[:500],
        )

    def sent_lately(self, to_hash: str, kind: Letter, *, since: dt.datetime) -> int:
        """How many letters of this kind an address was sent."""
        query = select(func.count()).where(
            letters.c.to_hash == to_hash,
            letters.c.kind == kind,
            letters.c.created_at > since,
            letters.c.outcome == SENT,
        )
        with self._db.read() as connection:
            return int(connection.execute(query).scalar_one())

    def waiting(self) -> int:
        with self._db.read() as connection:
            query = select(func.count()).where(letters.c.next_attempt_at.is_not(None))
            return int(connection.execute(query).scalar_one())

    def forget(self, *, before: dt.datetime) -> int:
        """Drop what was settled and is of no more use to count by."""
        old = and_(letters.c.next_attempt_at.is_(None), letters.c.created_at < before)
        with self._db.read() as connection:
            if connection.execute(select(letters.c.id).where(old).limit(1)).first() is None:
                return 0
        with self._db.write() as connection:
            return connection.execute(delete(letters).where(old)).rowcount

    def _change(self, letter: WaitingLetter, **values: object) -> None:
        with self._db.write() as connection:
            connection.execute(
                update(letters)
                .where(letters.c.id == letter.id, letters.c.lease_token == letter.lease_token)
                .values(**values)
            )


def forget_letters(connection: Connection, addresses: Collection[str]) -> None:
    """Those to the addresses of a reader who is being erased, also where nobody knew whose they were."""
    hashes = [_hash(connection, address) for address in addresses]
    connection.execute(delete(letters).where(letters.c.to_hash.in_(hashes)))


def _hash(connection: Connection, address: str) -> str:
    key = canonical_address(address)
    return keyed_hashes(connection, _ADDRESS, [key]).get(key, "")
