"""Which readers have a feed of their own, under which name. What else an address needs is not in the database."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import delete, insert, select

from digest.store.database import Database
from digest.store.schema import feed_addresses
from digest.store.wishes import locked

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


class FeedAddressStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def name(self, reader_id: str) -> str | None:
        """The name of a reader's feed; None if they have none."""
        with self._db.read() as connection:
            return connection.scalar(select(feed_addresses.c.name).where(feed_addresses.c.subscriber_id == reader_id))

    def reader(self, name: str) -> str | None:
        """Whose feed has this name."""
        with self._db.read() as connection:
            return connection.scalar(select(feed_addresses.c.subscriber_id).where(feed_addresses.c.name == name))

    def renew(self, reader_id: str, *, now: dt.datetime) -> str:
        """A new name, at random, in the place of the one there is.

        Raises:
            NotFound: no such reader.
        """
        name = "".join(secrets.choice(_LETTERS) for _ in range(16))
        with self._db.write() as connection:
            locked(connection, reader_id)
            connection.execute(delete(feed_addresses).where(feed_addresses.c.subscriber_id == reader_id))
            connection.execute(insert(feed_addresses).values(subscriber_id=reader_id, name=name, made_at=now))
        return name

    def close(self, reader_id: str) -> None:
        """No feed any more; nothing is done where there is none."""
        with self._db.write() as connection:
            connection.execute(delete(feed_addresses).where(feed_addresses.c.subscriber_id == reader_id))
