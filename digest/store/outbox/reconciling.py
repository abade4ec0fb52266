"""The outbox and the accepted journal (digest/delivery/journal.py) are made to agree, in both directions.

journal → outbox    deliveries that went out and that this database, restored or rolled back, does not know to have gone
outbox → journal    deliveries that went out and that could not be written to the journal, or were settled by hand

A fact that is applied twice changes nothing the second time. What cannot be applied yet is kept: facts of a reader who
comes back with the next reading of the files, and names of papers that the sources are still to bring.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import Connection, delete, select

from digest.model import DeliveryState
from digest.store.database import chunks
from digest.store.outbox.applying import apply_facts
from digest.store.outbox.base import AnyRow, Chapter, insert_or_ignore
from digest.store.outbox.values import Gap, SentFact
from digest.store.schema import (
    deliveries,
    identifiers,
    journal_files,
    journal_gaps,
    journal_waiting,
    sent_papers,
)
from digest.store.words import unsaid_since

Readers = Callable[[], Mapping[str, str]]
"""The readers that there are: id by what the journal calls them. Asked only when something is not known."""


class Reconciling(Chapter):
    def journal_positions(self) -> dict[str, int]:
        """How many bytes of each file of the journal this database knows."""
        with self._db.read() as connection:
            return {row.id: row.position for row in connection.execute(select(journal_files))}

    def learn(
        self, file: str, position: int, facts: Sequence[SentFact], *, readers: Readers, now: dt.datetime
    ) -> tuple[int, int]:
        """Apply facts and remember how far the file was read, in one transaction.

        Returns how many deliveries changed, and how many facts wait for their reader.
        """
        with self._db.write() as connection:
            unknown = _unknown(connection, facts)
            known = readers() if unknown else {}
            told = [(known[fact.reader], fact) for fact in unknown if fact.reader in known]
            applied = apply_facts(connection, told, now)
            orphans = [fact for fact in unknown if fact.reader not in known]
            for fact in orphans:
                _wait(connection, fact, now)
            place = {"position": position, "read_at": now}
            remember = self._db.insert(journal_files).values(id=file, **place)
            connection.execute(remember.on_conflict_do_update(index_elements=[journal_files.c.id], set_=place))
        return applied, len(orphans)

    def adopt(self, *, readers: Readers, now: dt.datetime) -> int:
        """Apply what waited for readers that are there now; returns how many deliveries changed."""
        with self._db.read() as connection:
            waits = connection.execute(select(journal_waiting)).all()
        if not waits:
            return 0
        known = readers()
        with self._db.write() as connection:
            here = [row for row in waits if row.reader in known]
            for row in here:
                same = (journal_waiting.c.reader == row.reader, journal_waiting.c.edition == row.edition)
                connection.execute(delete(journal_waiting).where(*same))
            return apply_facts(connection, [(known[row.reader], SentFact.from_json(row.fact)) for row in here], now)

    def names_of(self, paper_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
        """What papers are called outside this database: ``arxiv:2511.01234``; an address only for want of more."""
        found: dict[int, list[str]] = {paper_id: [] for paper_id in paper_ids}
        with self._db.read() as connection:
            for chunk in chunks(sorted(found)):
                query = select(identifiers).where(identifiers.c.paper_id.in_(chunk))
                for row in connection.execute(query.order_by(identifiers.c.scheme, identifiers.c.value)):
                    found[row.paper_id].append(f"{row.scheme}:{row.value}")
        return {
            paper_id: tuple([name for name in names if not name.startswith("url:")] or names)
            for paper_id, names in found.items()
        }

    def note_gaps(self, ids: Collection[int], *, now: dt.datetime) -> None:
        """These went out, or may have, and the journal does not say so yet."""
        if ids:
            with self._db.write() as connection:
                put_gaps(connection, ids, now)

    def gaps(self, limit: int = 1000) -> list[Gap]:
        """What the journal lacks."""
        query = (
            select(deliveries, journal_gaps.c.noted_at)
            .join(journal_gaps, journal_gaps.c.delivery_id == deliveries.c.id)
            .order_by(deliveries.c.id)
            .limit(limit)
        )
        carried: dict[int, list[int]] = {}
        with self._db.read() as connection:
            rows = connection.execute(query).all()
            for chunk in chunks([row.id for row in rows]):
                papers = select(sent_papers).where(sent_papers.c.delivery_id.in_(chunk))
                for row in connection.execute(papers.order_by(sent_papers.c.delivery_id, sent_papers.c.position)):
                    carried.setdefault(row.delivery_id, []).append(row.paper_id)
        return [
            Gap(
                delivery_id=row.id,
                subscriber_id=row.subscriber_id,
                edition=row.edition,
                state=DeliveryState(row.state),
                at=row.updated_at,
                message_id=row.message_id or "",
                paper_ids=tuple(carried.get(row.id, ())),
            )
            for row in rows
        ]

    def gaps_since(self) -> dt.datetime | None:
        """Since when the journal has lacked something; None if it is complete."""
        with self._db.read() as connection:
            query = select(journal_gaps.c.noted_at).order_by(journal_gaps.c.noted_at).limit(1)
            since: dt.datetime | None = connection.execute(query).scalar_one_or_none()
        return min((moment for moment in (since, unsaid_since(self._db)) if moment is not None), default=None)

    def mended(self, ids: Collection[int]) -> None:
        with self._db.write() as connection:
            for chunk in chunks(sorted(ids)):
                connection.execute(delete(journal_gaps).where(journal_gaps.c.delivery_id.in_(chunk)))


def put_gaps(connection: Connection, ids: Collection[int], now: dt.datetime) -> None:
    """Have the next pass write these deliveries to the journal."""
    rows = [{"delivery_id": delivery, "noted_at": now} for delivery in sorted(ids)]
    if rows:
        connection.execute(insert_or_ignore(connection, journal_gaps), rows)


def _unknown(connection: Connection, facts: Sequence[SentFact]) -> list[SentFact]:
    """The facts that this database does not hold already. An id alone proves nothing: a restored one gives it again."""
    rows: dict[int, AnyRow] = {}
    columns = (deliveries.c.id, deliveries.c.message_id, deliveries.c.state, deliveries.c.updated_at)
    for chunk in chunks([fact.delivery_id for fact in facts]):
        rows |= {row.id: row for row in connection.execute(select(*columns).where(deliveries.c.id.in_(chunk)))}
    return [fact for fact in facts if not _holds(rows.get(fact.delivery_id), fact)]


def _holds(row: AnyRow | None, fact: SentFact) -> bool:
    if row is None or row.message_id != fact.message_id:
        return False
    # Of one that may have gone out, whoever decided later knows better.
    return row.state == DeliveryState.ACCEPTED or (
        fact.state is not DeliveryState.ACCEPTED and row.updated_at >= fact.at
    )


def _wait(connection: Connection, fact: SentFact, now: dt.datetime) -> None:
    statement = insert_or_ignore(connection, journal_waiting)
    key = {"reader": fact.reader, "edition": fact.edition}
    if fact.state is DeliveryState.ACCEPTED:  # which settles what was uncertain
        same = [journal_waiting.c[name] == value for name, value in key.items()]
        connection.execute(delete(journal_waiting).where(*same))
    connection.execute(statement, [{**key, "fact": fact.to_json(), "noted_at": now}])
