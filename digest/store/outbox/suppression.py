"""Addresses that are not written to, whoever asks: dead ones, complaints, unsubscribes. Keyed by canonical form.

Of a reader who was erased only a keyed hash of the address is left: it is recognised when somebody would write to it,
and says nothing to whoever reads the table.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select

from digest.store.database import Database, dialect_insert
from digest.store.keys import keyed_hashes
from digest.store.schema import suppressions
from digest.store.words import ADDRESS, MEMBER, Said, last_said, say

ERASED = "erased at the reader's wish"


SUPPRESSED = select(suppressions.c.address, suppressions.c.reason).where(
    suppressions.c.address.in_(bindparam("addresses", expanding=True)),
    or_(suppressions.c.expires_at.is_(None), suppressions.c.expires_at > bindparam("at")),
)


def canonical_address(address: str) -> str:
    """One key for all spellings of an address: NFC, lower case, the domain in ASCII (IDNA 2008, UTS 46).

    RFC 5321 §2.4 lets a local part be case-sensitive; no mailbox provider makes use of it, and suppressing one
    spelling while writing to another would betray the reader. Garbage in gives garbage out, never an error.
    """
    local, at, domain = unicodedata.normalize("NFC", address).strip().rpartition("@")
    if domain.isascii() and "xn--" not in domain.lower():
        return f"{local}{at}{domain}".casefold()
    import idna  # 6 ms, and most domains are ASCII

    with contextlib.suppress(idna.IDNAError, UnicodeError):
        domain = idna.encode(domain, uts46=True).decode("ascii")
    return f"{local}{at}{domain}".casefold()


def domain_of(address: str) -> str:
    """The domain of an address, in ASCII and lower case; empty if it has none."""
    return canonical_address(address).rpartition("@")[2]


def suppressed_among(connection: Connection, addresses: Iterable[str], now: dt.datetime) -> dict[str, str]:
    """The reasons of those addresses, as given, that are suppressed."""
    keys = {address: canonical_address(address) for address in addresses}
    if not keys:
        return {}
    hashes = keyed_hashes(connection, ADDRESS, set(keys.values()))
    rows = connection.execute(SUPPRESSED, {"addresses": sorted({*keys.values(), *hashes.values()}), "at": now})
    reasons = {row.address: row.reason for row in rows}
    found = {address: reasons.get(key) or reasons.get(hashes.get(key, "")) for address, key in keys.items()}
    return {address: reason for address, reason in found.items() if reason is not None}


def put_suppression(
    connection: Connection, address: str, reason: str, now: dt.datetime, expires_at: dt.datetime | None = None
) -> None:
    """Write to the address no more. One that is known by its hash for good stays so: it is not written to anyway."""
    key = canonical_address(address)
    hashed = keyed_hashes(connection, ADDRESS, [key]).get(key)
    for_good = (suppressions.c.address == hashed, suppressions.c.expires_at.is_(None))
    if hashed and connection.execute(select(suppressions).where(*for_good)).first():
        return
    say(connection, ADDRESS, key, Said.SUPPRESSED, now=now, until=expires_at)
    connection.execute(delete(suppressions).where(suppressions.c.address == hashed))
    values = {"reason": reason, "created_at": now, "expires_at": expires_at}
    upsert = dialect_insert(connection.dialect.name)(suppressions).values(address=key, **values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["address"], set_=values))


def forget_address(connection: Connection, address: str, now: dt.datetime) -> None:
    """Never write to it again, and keep nothing but a keyed hash of it."""
    key = canonical_address(address)
    say(connection, ADDRESS, key, Said.FORGOTTEN, now=now)
    hashed = keyed_hashes(connection, ADDRESS, [key])[key]
    connection.execute(delete(suppressions).where(suppressions.c.address == key))
    hide_address(connection, hashed, ERASED, now)


def hide_address(
    connection: Connection, hashed: str, reason: str, now: dt.datetime, expires_at: dt.datetime | None = None
) -> None:
    """Write no more to the address that has this hash."""
    connection.execute(delete(suppressions).where(suppressions.c.address == hashed))
    connection.execute(
        insert(suppressions).values(address=hashed, reason=reason, created_at=now, expires_at=expires_at)
    )


class Suppressed(NamedTuple):
    """An address that is not written to, why, since when, and until when if not for good.

    Of an erased reader the address is ``#`` and a hash.
    """

    address: str
    reason: str
    at: dt.datetime
    expires_at: dt.datetime | None = None


class Suppressions:
    """The outbox's list of addresses that are not written to."""

    _db: Database

    def suppress(self, address: str, reason: str, *, now: dt.datetime, expires_at: dt.datetime | None = None) -> None:
        """Write to the address no more, or not before ``expires_at``; open deliveries find out when claimed."""
        with self._db.write() as connection:
            put_suppression(connection, address, reason, now, expires_at)

    def unsuppress(self, address: str, *, now: dt.datetime) -> bool:
        """True if the address was suppressed, or was that of a lost reader of whom only the journal says they left."""
        with self._db.write() as connection:
            key = canonical_address(address)
            names = [key, *keyed_hashes(connection, ADDRESS, [key]).values()]
            stands = connection.execute(select(suppressions.c.address).where(suppressions.c.address.in_(names))).first()
            word = last_said(connection, MEMBER, [key]).get(key)
            left = word is not None and word.said is Said.LEFT
            if stands:
                say(connection, ADDRESS, key, Said.ALLOWED, now=now)
                connection.execute(delete(suppressions).where(suppressions.c.address.in_(names)))
            if left:
                say(connection, MEMBER, key, Said.BACK, now=now)
            return bool(stands) or left

    def suppressed(self, *, now: dt.datetime) -> list[Suppressed]:
        """Every address that is not written to, the newest first."""
        query = (
            select(suppressions)
            .where(or_(suppressions.c.expires_at.is_(None), suppressions.c.expires_at > now))
            .order_by(suppressions.c.created_at.desc(), suppressions.c.address)
        )
        with self._db.read() as connection:
            return [_suppressed(row) for row in connection.execute(query)]

    def suppressed_since(self, since: dt.datetime, until: dt.datetime, *, limit: int) -> list[Suppressed]:
        """The addresses that were given up in a span, the first one first."""
        query = (
            select(suppressions)
            .where(suppressions.c.created_at >= since, suppressions.c.created_at < until)
            .order_by(suppressions.c.created_at, suppressions.c.address)
            .limit(limit)
        )
        with self._db.read() as connection:
            return [_suppressed(row) for row in connection.execute(query)]

    def is_suppressed(self, address: str, *, now: dt.datetime) -> str | None:
        """The reason, or None."""
        with self._db.read() as connection:
            return suppressed_among(connection, [address], now).get(address)


def _suppressed(row: Row[Any]) -> Suppressed:
    return Suppressed(row.address, row.reason, row.created_at, row.expires_at)
