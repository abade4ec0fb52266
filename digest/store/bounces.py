"""Bounces that proved themselves, each counted once, and what follows for the address: suppression, now or in time.

A soft one scores: at most one a day, and an edition that arrived clears what was before it. A relay takes a mail and
bounces it days later, so one has arrived when it was accepted and nothing came back for as long as mails are tried.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from digest.model import DeliveryState
from digest.store.database import Database
from digest.store.outbox.suppression import canonical_address, put_suppression, suppressed_among
from digest.store.schema import bounces, deliveries

TRIED_FOR = dt.timedelta(days=5)
"""How long a mail is tried by the usual server (RFC 5321, 4.5.4.1)."""
SCORED_FOR = dt.timedelta(days=30)
MOST_SOFT = 5
"""Days with a soft bounce, and the address rests."""
RESTS_FOR = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The delivery that a bounce is about."""

    id: int
    subscriber_id: str
    edition: dt.date
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to note of a bounce, and what follows for the address."""

    kind: str
    reason: str
    status: str | None
    diagnostic: str
    counts: bool
    """Against the address: false where the fault is ours."""
    suppress: str | None = None
    """Write to the address no more, for this reason."""
    expires_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What became of it: ``new`` is false for a mail that was taken before; ``score`` in days, ``suppressed`` why."""

    new: bool
    score: int = 0
    suppressed: str | None = None


def mail_hash(identity: bytes) -> str:
    """The name of a mail in the table: 32 hexadecimal digits."""
    return hashlib.blake2b(identity, digest_size=16).hexdigest()


class BounceStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def sent(self, *, delivery_id: int | None = None, message_id: str | None = None) -> Sent | None:
        """The delivery with this number, or of the mail with this Message-ID; None if there is none."""
        query = select(deliveries.c.id, deliveries.c.subscriber_id, deliveries.c.edition, deliveries.c.recipient)
        query = query.where(deliveries.c.recipient.is_not(None))
        if delivery_id is not None:
            query = query.where(deliveries.c.id == delivery_id)
        else:
            query = query.where(deliveries.c.message_id == message_id).order_by(deliveries.c.trial)
        with self._db.read() as connection:
            row = connection.execute(query.limit(1)).one_or_none()
        if row is None:
            return None
        return Sent(id=row.id, subscriber_id=row.subscriber_id, edition=row.edition, recipient=row.recipient)

    def take(self, sent: Sent, verdict: Verdict, *, mail: str, now: dt.datetime) -> Noted:
        """Note a bounce and suppress the address if it is to be, in one transaction; the same ``mail`` counts once."""
        address = canonical_address(sent.recipient)
        with self._db.write() as connection:
            inserted = connection.execute(
                self._db.insert(bounces)
                .values(
                    mail=mail,
                    delivery_id=sent.id,
                    subscriber_id=sent.subscriber_id,
                    address=address,
                    kind=verdict.kind,
                    reason=verdict.reason[:32],
                    counts=verdict.counts,
                    status=verdict.status,
                    diagnostic=verdict.diagnostic,
                    taken_at=now,
                )
                .on_conflict_do_nothing(index_elements=["mail"])
                .returning(bounces.c.id)
            ).first()
            if inserted is None:
                return Noted(new=False)
            score = _score(connection, sent.subscriber_id, address, now) if verdict.counts else 0
            reason, expires_at = verdict.suppress, verdict.expires_at
            if reason is None and score >= MOST_SOFT:
                reason, expires_at = f"bounces: {verdict.reason} on {score} days", now + RESTS_FOR
            standing = suppressed_among(connection, [address], now).get(address)
            if reason is not None and (standing is None or expires_at is None):
                put_suppression(connection, address, reason, now, expires_at)
            return Noted(new=True, score=score, suppressed=reason)

    def score(self, subscriber_id: str, address: str, *, now: dt.datetime) -> int:
        """Days with a soft bounce of an address since a mail to the reader arrived."""
        with self._db.read() as connection:
            return _score(connection, subscriber_id, canonical_address(address), now)


def _score(connection: Connection, subscriber_id: str, address: str, now: dt.datetime) -> int:
    bounced = select(bounces.c.delivery_id)
    arrived = connection.execute(
        select(func.max(deliveries.c.id)).where(
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.state == DeliveryState.ACCEPTED,
            deliveries.c.updated_at < now - TRIED_FOR,
            deliveries.c.id.not_in(bounced),
        )
    ).scalar()
    soft = select(bounces.c.taken_at).where(
        bounces.c.address == address,
        bounces.c.kind == "soft",
        bounces.c.counts,
        bounces.c.taken_at > now - SCORED_FOR,
        bounces.c.delivery_id > (arrived or 0),
    )
    return len({row.taken_at.date() for row in connection.execute(soft)})
