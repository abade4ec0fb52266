"""All readers, a page at a time: found by a part of their id, address or name."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, or_, select

from digest.model import ReaderState
from digest.store.database import Database
from digest.store.outbox.suppression import canonical_address
from digest.store.schema import subscribers
from digest.store.subscribers import KnownReader, known_reader


class ReaderIndex:
    def __init__(self, db: Database) -> None:
        self._db = db

    def counts(self) -> dict[ReaderState, int]:
        """Readers by state, erased ones left out."""
        query = select(subscribers.c.state, func.count()).group_by(subscribers.c.state)
        with self._db.read() as connection:
            found = {ReaderState(state): number for state, number in connection.execute(query)}
        return {state: found[state] for state in ReaderState if state is not ReaderState.ERASED and state in found}

    def page(
        self, words: str = "", *, state: ReaderState | None = None, start: int, limit: int
    ) -> tuple[int, list[KnownReader]]:
        """How many there are in all, and those from ``start`` on, by id.

        Args:
            words: a part of the id or the address, whatever its case.
        """
        where = list(_conditions(words, state))
        query = select(subscribers).where(*where).order_by(subscribers.c.id).offset(start).limit(limit)
        with self._db.read() as connection:
            size = connection.execute(select(func.count()).select_from(subscribers).where(*where)).scalar_one()
            return size, [known_reader(row) for row in connection.execute(query)]

    def each(self) -> Iterator[KnownReader]:
        """Every reader, by id, without holding all of them."""
        after, some = "", [None]
        query = select(subscribers).where(subscribers.c.state != ReaderState.ERASED).order_by(subscribers.c.id)
        while some:
            with self._db.read() as connection:
                rows = connection.execute(query.where(subscribers.c.id > after).limit(1000)).all()
            some = [None] * len(rows)
            for row in rows:
                after = row.id
                yield known_reader(row)


def _conditions(words: str, state: ReaderState | None) -> Iterator[ColumnElement[bool]]:
    yield subscribers.c.state != ReaderState.ERASED
    if state is not None:
        yield subscribers.c.state == state
    if words:
        part = canonical_address(words)
        yield or_(
            subscribers.c.id.icontains(words, autoescape=True),
            subscribers.c.address.contains(part, autoescape=True),
        )
