"""What a language model wrote about papers, and how often it may still be asked today.

An answer belongs to a question, known by its hash: a new version of a paper, another prompt or another model is another
question, whose answer takes the place of the old one. A refused answer is kept as an empty text, so that nobody pays
twice for it. The budget is taken before anything is asked, so two processes cannot spend it twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from digest.store.database import Database, chunks
from digest.store.schema import paper_texts, writing_days

KIND, MAKER = "tldr", "llm"


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingDay:
    """One day's books of one model."""

    day: dt.date
    asked: int = 0
    kept: int = 0
    refused: int = 0
    failed: int = 0
    failure: str = ""
    rests_until: dt.datetime | None = None


class WrittenStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def answers(self, questions: Mapping[int, str], *, until: dt.datetime) -> dict[int, str]:
        """By paper, the answer to its question as far as there was one at ``until``; empty if it was refused."""
        found: dict[int, str] = {}
        with self._db.read() as connection:
            for chunk in chunks(sorted(questions)):
                query = select(paper_texts.c.paper_id, paper_texts.c.question, paper_texts.c.text).where(
                    paper_texts.c.kind == KIND,
                    paper_texts.c.maker == MAKER,
                    paper_texts.c.made_at <= until,
                    paper_texts.c.paper_id.in_(chunk),
                )
                for row in connection.execute(query):
                    if row.question == questions[row.paper_id]:
                        found[row.paper_id] = row.text
        return found

    def keep(self, answers: Mapping[int, tuple[str, str]], *, now: dt.datetime) -> None:
        """By paper, the hash of a question and the answer to it, empty if that was refused."""
        if not answers:
            return
        statement = self._db.insert(paper_texts)
        statement = statement.on_conflict_do_update(
            index_elements=[paper_texts.c.paper_id, paper_texts.c.kind, paper_texts.c.maker],
            set_={name: statement.excluded[name] for name in ("text", "question", "made_at")},
        )
        rows = [
            {"paper_id": paper_id, "kind": KIND, "maker": MAKER, "question": key, "text": text, "made_at": now}
            for paper_id, (key, text) in sorted(answers.items())
        ]
        with self._db.write() as connection:
            connection.execute(statement, rows)

    # ── the budget ──────────────────────────────────────────────────────────────────────────────────────────

    def take(self, model: str, wanted: int, *, budget: int, now: dt.datetime) -> int:
        """How many of ``wanted`` questions may be asked now; they are spent. None while the model is left alone."""
        with self._db.write() as connection:
            day = _locked(self._db, connection, model, now)
            if day.rests_until is not None and day.rests_until > now:
                return 0
            granted = max(min(wanted, budget - day.asked), 0)
            _set(connection, model, day.day, asked=day.asked + granted)
        return granted

    def settle(
        self,
        model: str,
        *,
        now: dt.datetime,
        kept: int = 0,
        refused: int = 0,
        failed: int = 0,
        unasked: int = 0,
        failure: str = "",
        rests_until: dt.datetime | None = None,
    ) -> None:
        """What became of the questions that were taken; ``unasked`` ones go back into the budget."""
        with self._db.write() as connection:
            day = _locked(self._db, connection, model, now)
            _set(
                connection,
                model,
                day.day,
                asked=max(day.asked - unasked, 0),
                kept=day.kept + kept,
                refused=day.refused + refused,
                failed=day.failed + failed,
                failure=failure[:500] or day.failure,
                rests_until=rests_until,
            )

    def days(self, model: str, *, since: dt.date) -> list[WritingDay]:
        """The books of one model, the newest day first."""
        query = select(writing_days).where(writing_days.c.model == model, writing_days.c.day >= since)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(writing_days.c.day.desc())).all()
        return [
            WritingDay(
                day=row.day,
                asked=row.asked,
                kept=row.kept,
                refused=row.refused,
                failed=row.failed,
                failure=row.failure,
                rests_until=row.rests_until,
            )
            for row in rows
        ]


def _locked(db: Database, connection: Connection, model: str, now: dt.datetime) -> WritingDay:
    """Today's row, held until the transaction ends; a rest lasts beyond midnight."""
    today = now.astimezone(dt.UTC).date()
    mine = (writing_days.c.model == model, writing_days.c.day == today)
    before = select(writing_days.c.rests_until).where(
        writing_days.c.model == model, writing_days.c.day == today - dt.timedelta(days=1)
    )
    statement = db.insert(writing_days).on_conflict_do_nothing()
    fresh: dict[str, object] = {"asked": 0, "kept": 0, "refused": 0, "failed": 0, "failure": ""}
    rests_until = connection.execute(before).scalar_one_or_none()
    connection.execute(statement, [{"model": model, "day": today, "rests_until": rests_until, **fresh}])
    row = connection.execute(select(writing_days).where(*mine).with_for_update()).one()
    return WritingDay(
        day=today,
        asked=row.asked,
        kept=row.kept,
        refused=row.refused,
        failed=row.failed,
        failure=row.failure,
        rests_until=row.rests_until,
    )


def _set(connection: Connection, model: str, day: dt.date, **values: object) -> None:
    connection.execute(
        update(writing_days).where(writing_days.c.model == model, writing_days.c.day == day).values(**values)
    )
