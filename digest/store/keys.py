"""The secrets that links and Message-IDs are signed with. Made on first use, kept with the data they protect."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping

from sqlalchemy import select

from digest.store.database import Database
from digest.store.schema import signing_keys

SIZE = 32
"""Bytes of a secret."""


class KeyStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._insert = db.insert

    def all(self, *, now: dt.datetime) -> Mapping[str, bytes]:
        """Secrets by id, the oldest first; the first one is made when there is none."""
        if not (known := self._read()):
            values = {"id": "1", "secret": secrets.token_bytes(SIZE), "created_at": now}
            with self._db.write() as connection:
                connection.execute(self._insert(signing_keys).values(values).on_conflict_do_nothing())
            known = self._read()
        return known

    def _read(self) -> dict[str, bytes]:
        with self._db.read() as connection:
            query = select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.id)
            return {row.id: row.secret for row in connection.execute(query)}
