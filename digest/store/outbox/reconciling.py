"""The outbox and the accepted journal (digest/delivery/journal.py) are made to agree, in both directions.

journal → outbox    deliveries that went out and that this database, restored or rolled back, does not know to have gone
outbox → journal    deliveries that went out and that could not be written to the journal, or were settled by hand

A fact that is applied twice changes nothing the second time. What cannot be applied yet is kept: facts of a reader who
comes back with the next reading of the files, and names of papers that the sources are still to bring.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import Connection, delete, insert, or_, select, update

from digest.model import DeliveryState
from digest.store.database import chunks
from digest.store.outbox.base import AnyRow, Chapter, insert_or_ignore
from digest.store.outbox.values import Gap, SentFact
from digest.store.schema import (
    attempts,
    deliveries,
    identifiers,
    journal_files,
    journal_gaps,
    journal_waiting,
    sent_names,
    sent_papers,
    subscribers,
)

WORDS = "the journal says that it went out; this database did not know"
UNSURE = "the journal says that it may have gone out; this database did not know"

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
            applied = sum(_apply(connection, known[f.reader], f, now) for f in unknown if f.reader in known)
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
        known, applied = readers(), 0
        with self._db.write() as connection:
            for row in waits:
                if (reader := known.get(row.reader)) is not None:
                    applied += _apply(connection, reader, SentFact.from_json(row.fact), now)
                    connection.execute(
                        delete(journal_waiting).where(
                            journal_waiting.c.reader == row.reader, journal_waiting.c.edition == row.edition
                        )
                    )
        return applied

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
        return since

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


def _apply(connection: Connection, reader: str, fact: SentFact, now: dt.datetime) -> bool:
    """Make one delivery what the journal says; False if it is already, or something newer is known."""
    row = connection.execute(
        select(deliveries)
        .where(
            deliveries.c.subscriber_id == reader, deliveries.c.edition == fact.edition, deliveries.c.trial.is_(False)
        )
        .with_for_update()
    ).one_or_none()
    certain = fact.state is DeliveryState.ACCEPTED
    if row is not None and (row.state == DeliveryState.ACCEPTED or (not certain and row.updated_at >= fact.at)):
        return False
    words = WORDS if certain else UNSURE
    settled = {"state": fact.state, "reason": words, "message_id": fact.message_id, "updated_at": now}
    if row is None:
        times = dict.fromkeys(("due_at", "not_before", "expires_at", "created_at"), fact.at)
        key = {"subscriber_id": reader, "edition": fact.edition, "trial": False}
        inserted = insert(deliveries).values(**key, **times, **settled, attempt_count=1).returning(deliveries.c.id)
        delivery: int = connection.execute(inserted).scalar_one()
    else:
        delivery = row.id
        free = {"lease_token": None, "lease_until": None, "next_attempt_at": None}
        other = row.message_id != fact.message_id
        kept = {"recipe": None} if other else {}  # it would show another mail than the one that went out
        connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(**settled, **free, **kept))
        if other:
            connection.execute(delete(sent_papers).where(sent_papers.c.delivery_id == delivery))
    if row is None or row.message_id != fact.message_id:
        _carry(connection, delivery, reader, fact.papers)
    connection.execute(
        insert(attempts).values(
            delivery_id=delivery, lease_token="", at=fact.at, relay=fact.relay, phase="journal", outcome=fact.state,
            text=words,
        )
    )  # fmt: skip
    later = or_(subscribers.c.last_edition.is_(None), subscribers.c.last_edition < fact.edition)
    moved = update(subscribers).where(subscribers.c.id == reader, later).values(last_edition=fact.edition)
    connection.execute(moved)
    return True


def _carry(connection: Connection, delivery: int, reader: str, papers: Sequence[Sequence[str]]) -> None:
    """The papers of a mail are gone for its reader: by id where they are known here, else by all their names."""
    rows, names = [], []
    seen: set[int] = set()
    for position, called in enumerate(papers, start=1):
        pairs = [tuple(name.split(":", 1)) for name in called if ":" in name]
        claims = [(identifiers.c.scheme == scheme) & (identifiers.c.value == value) for scheme, value in pairs]
        found = connection.scalars(select(identifiers.c.paper_id).where(or_(*claims)).distinct()) if claims else ()
        ids = [paper_id for paper_id in found if paper_id not in seen]
        seen.update(ids)
        key = {"delivery_id": delivery, "subscriber_id": reader}
        rows += [{**key, "paper_id": paper_id, "position": position} for paper_id in ids]
        if not ids:
            names += [{**key, "scheme": scheme, "value": value} for scheme, value in pairs]
    if rows:
        connection.execute(insert_or_ignore(connection, sent_papers), rows)
    if names:
        connection.execute(insert_or_ignore(connection, sent_names), names)


def _wait(connection: Connection, fact: SentFact, now: dt.datetime) -> None:
    statement = insert_or_ignore(connection, journal_waiting)
    key = {"reader": fact.reader, "edition": fact.edition}
    if fact.state is DeliveryState.ACCEPTED:  # which settles what was uncertain
        same = [journal_waiting.c[name] == value for name, value in key.items()]
        connection.execute(delete(journal_waiting).where(*same))
    connection.execute(statement, [{**key, "fact": fact.to_json(), "noted_at": now}])
