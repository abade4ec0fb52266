"""What readers said of their picks: kept with its moment, so that any day can be ranked as it was, and undone.

Rows keep the paper's id as it was then; where that was merged since, the paper is told under its present one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from digest.errors import NotFound
from digest.feedback import Feedback, Origin, Verb, opposites
from digest.store.database import Database, chunks
from digest.store.schema import feedback, papers, subscribers

_TOLD = select(feedback, papers.c.redirect_to).outerjoin(papers, papers.c.id == feedback.c.paper_id)


class FeedbackStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def give(self, subscriber_id: str, said: Feedback) -> Feedback:
        """Note it; returns it with its id. Said twice it stands once; of two opposites the later replaces the other."""
        with self._db.write() as connection:
            # One word of a reader at a time, also where writers do not wait for each other anyway (PostgreSQL).
            connection.execute(select(subscribers.c.id).where(subscribers.c.id == subscriber_id).with_for_update())
            standing = self._standing(connection, subscriber_id, said)
            if standing is not None:
                return _feedback(standing)
            against = opposites(said.verb)
            if against:
                connection.execute(
                    update(feedback)
                    .where(
                        feedback.c.subscriber_id == subscriber_id,
                        feedback.c.paper_id == said.paper_id,
                        feedback.c.verb.in_(sorted(against)),
                        feedback.c.undone_at.is_(None),
                    )
                    .values(undone_at=said.given_at)
                )
            row = connection.execute(
                insert(feedback)
                .values(
                    subscriber_id=subscriber_id,
                    verb=str(said.verb),
                    paper_id=said.paper_id,
                    subject=said.subject,
                    lane=said.lane,
                    origin=str(said.origin),
                    given_at=said.given_at,
                )
                .returning(feedback.c.id)
            ).one()
            return replace(said, id=row.id)

    def _standing(self, connection: Connection, subscriber_id: str, said: Feedback) -> Row[Any] | None:
        return connection.execute(
            _TOLD.where(
                feedback.c.subscriber_id == subscriber_id,
                feedback.c.verb == str(said.verb),
                feedback.c.paper_id.is_(None) if said.paper_id is None else feedback.c.paper_id == said.paper_id,
                feedback.c.subject == said.subject,
                feedback.c.undone_at.is_(None),
            )
        ).first()

    def undo(self, subscriber_id: str, feedback_id: int, *, now: dt.datetime) -> Feedback:
        """Take one piece back; taking it back again changes nothing.

        Raises:
            NotFound: the reader never said that.
        """
        with self._db.write() as connection:
            connection.execute(
                update(feedback)
                .where(
                    feedback.c.id == feedback_id,
                    feedback.c.subscriber_id == subscriber_id,
                    feedback.c.undone_at.is_(None),
                )
                .values(undone_at=now)
            )
            row = connection.execute(
                _TOLD.where(feedback.c.id == feedback_id, feedback.c.subscriber_id == subscriber_id)
            ).one_or_none()
        if row is None:
            raise NotFound(f"{subscriber_id} has given no feedback with the number {feedback_id}")
        return _feedback(row)

    def of(self, subscriber_ids: Sequence[str], *, at: dt.datetime) -> dict[str, list[Feedback]]:
        """By reader, what stood at a moment, the oldest first; readers who said nothing are left out."""
        found: dict[str, list[Feedback]] = {}
        with self._db.read() as connection:
            for chunk in chunks(list(subscriber_ids)):
                query = _TOLD.where(
                    feedback.c.subscriber_id.in_(chunk),
                    feedback.c.given_at <= at,
                    or_(feedback.c.undone_at.is_(None), feedback.c.undone_at > at),
                ).order_by(feedback.c.given_at, feedback.c.id)
                for row in connection.execute(query):
                    found.setdefault(row.subscriber_id, []).append(_feedback(row))
        return found

    def history(self, subscriber_id: str) -> list[Feedback]:
        """Everything a reader ever said, what was undone as well, the newest first."""
        query = _TOLD.where(feedback.c.subscriber_id == subscriber_id)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(feedback.c.given_at.desc(), feedback.c.id.desc()))
            return [_feedback(row) for row in rows]


def _feedback(row: Row[Any]) -> Feedback:
    return Feedback(
        id=row.id,
        verb=Verb(row.verb),
        paper_id=row.paper_id if row.redirect_to is None else row.redirect_to,
        subject=row.subject,
        lane=row.lane,
        origin=Origin(row.origin),
        given_at=row.given_at,
        undone_at=row.undone_at,
    )
