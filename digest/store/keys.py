"""The secrets that links and Message-IDs are signed with; the first is made with the database that it protects."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, insert, select

from digest.errors import StoreError
from digest.store.database import Database
from digest.store.schema import signing_keys

SIZE = 32
"""Bytes of a secret."""


def make_first_key(connection: Connection) -> None:
    """For a database that is being made: whatever is only looked at later has a key without writing anything."""
    connection.execute(insert(signing_keys).values(id="1", secret=secrets.token_bytes(SIZE)))


OLDEST = select(signing_keys.c.secret).order_by(signing_keys.c.created_at, signing_keys.c.id).limit(1)


def keyed_hashes(connection: Connection, kind: str, texts: Iterable[str]) -> dict[str, str]:
    """By text, ``#`` and 64 hex digits that nobody can turn back, nor try out, without the database's oldest secret.

    That one is never dropped: unsubscribe links that it signed never expire. ``kind`` keeps an id and an address that
    are spelled alike apart. Empty for a database without a secret, which has erased nobody.
    """
    secret = connection.execute(OLDEST).scalar_one_or_none()
    if secret is None:
        return {}
    salt = f"digest erased 1\0{kind}\0".encode()
    return {text: "#" + hmac.digest(secret, salt + text.encode(), hashlib.sha256).hex() for text in texts}


class KeyStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> Mapping[str, bytes]:
        """Secrets by id, the oldest first: one at least.

        Raises:
            StoreError: somebody emptied the table.
        """
        with self._db.read() as connection:
            query = select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.id)
            known = {row.id: row.secret for row in connection.execute(query)}
        if not known:
            raise StoreError(
                "the table signing_keys is empty: links in mails that were sent are dead; restore a backup"
            )
        return known
