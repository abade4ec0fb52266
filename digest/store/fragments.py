"""Rendered cards and shells, by the hash of what went into them, so that a sent mail can be replayed to the byte."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable, Mapping

from sqlalchemy import select, update

from digest.store.database import Database, chunks
from digest.store.schema import fragments

LEVEL = 3
"""zlib level: a card shrinks to a third at this one, and higher ones cost more than they save."""


class FragmentStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._insert = db.insert

    def put(self, bodies: Mapping[str, bytes], *, now: dt.datetime) -> None:
        """Keep fragments; those that are there already only get younger."""
        if not bodies:
            return
        names = sorted(bodies)
        with self._db.write() as connection:
            known: set[str] = set()
            for chunk in chunks(names):
                known.update(connection.scalars(select(fragments.c.hash).where(fragments.c.hash.in_(chunk))))
            if known:
                connection.execute(update(fragments).where(fragments.c.hash.in_(sorted(known))).values(used_at=now))
            rows = [
                {"hash": name, "body": zlib.compress(bodies[name], LEVEL), "used_at": now}
                for name in names
                if name not in known
            ]
            if rows:
                connection.execute(self._insert(fragments).on_conflict_do_nothing(), rows)

    def get(self, names: Iterable[str]) -> dict[str, bytes]:
        wanted = sorted(set(names))
        found: dict[str, bytes] = {}
        with self._db.read() as connection:
            for chunk in chunks(wanted):
                query = select(fragments).where(fragments.c.hash.in_(chunk))
                found.update({row.hash: zlib.decompress(row.body) for row in connection.execute(query)})
        return found
