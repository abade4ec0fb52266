"""Whose attention is due, who is asking about it, and what came back besides numbers: texts that others wrote.

Numbers are observations and are written by :class:`digest.store.intake.Intake`. Here is what keeps two processes, or
one that is started again, from asking the same thing twice: a claim is taken before a provider is asked, and settled
with the answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, update

from digest.attention import PaperText, Watch, Watched, is_due
from digest.store.database import Database, chunks
from digest.store.schema import attention_asks, identifiers, observations, paper_texts, papers

CLAIM = dt.timedelta(minutes=30)
"""A claim older than this was left by a process that died: longer than a run with its budget of requests."""


class AttentionStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def due(self, watch: Watch, *, now: dt.datetime) -> list[Watched]:
        """The papers that are to be asked about and that nobody is asking about, the newest first."""
        with self._db.read() as connection:
            rows = connection.execute(_watched(watch, now)).all()
        waiting = [
            Watched(paper_id=row.id, since=since, asked_at=row.asked_at, read_at=row.read_at)
            for row in rows
            if (since := row.since if watch.since else dt.datetime.fromtimestamp(row.since, dt.UTC))
        ]
        waiting = [paper for paper in waiting if is_due(paper, watch.marks, now)]
        return sorted(waiting, key=lambda paper: (paper.since, paper.paper_id), reverse=True)

    def claim(self, provider: str, wanted: Sequence[Watched], *, now: dt.datetime) -> list[Watched]:
        """Those of ``wanted`` that are ours to ask about now; of what another process took meanwhile, nothing."""
        mine: set[int] = set()
        statement = self._db.insert(attention_asks)
        for chunk in chunks(wanted):
            rows = [
                {"provider": provider, "paper_id": w.paper_id, "asked_at": w.asked_at, "claimed_until": now + CLAIM}
                for w in chunk
            ]
            taken = (
                statement.values(rows)
                .on_conflict_do_update(
                    index_elements=[attention_asks.c.provider, attention_asks.c.paper_id],
                    set_={"claimed_until": statement.excluded.claimed_until},
                    where=and_(
                        _unclaimed(now), attention_asks.c.asked_at.is_not_distinct_from(statement.excluded.asked_at)
                    ),
                )
                .returning(attention_asks.c.paper_id)
            )
            with self._db.write() as connection:
                mine.update(connection.scalars(taken))
        return [paper for paper in wanted if paper.paper_id in mine]

    def settle(self, connection: Connection, provider: str, ids: Iterable[int], *, now: dt.datetime) -> None:
        """The provider has answered about these papers; written together with what it said."""
        self._end(connection, provider, ids, {"asked_at": now, "claimed_until": None})

    def release(self, provider: str, ids: Sequence[int]) -> None:
        """Give back claims that came to nothing, so that the papers are due again."""
        with self._db.write() as connection:
            self._end(connection, provider, ids, {"claimed_until": None})

    def _end(
        self, connection: Connection, provider: str, ids: Iterable[int], values: dict[str, dt.datetime | None]
    ) -> None:
        for chunk in chunks(sorted(ids)):
            mine = and_(attention_asks.c.provider == provider, attention_asks.c.paper_id.in_(chunk))
            connection.execute(update(attention_asks).where(mine).values(values))

    # ── texts ───────────────────────────────────────────────────────────────────────────────────────────────

    def put_texts(self, connection: Connection, texts: Sequence[tuple[int, PaperText]]) -> None:
        """One text per paper, kind and maker; the time moves only when the words do."""
        if not texts:
            return
        statement = self._db.insert(paper_texts)
        statement = statement.on_conflict_do_update(
            index_elements=[paper_texts.c.paper_id, paper_texts.c.kind, paper_texts.c.maker],
            set_={"text": statement.excluded.text, "made_at": statement.excluded.made_at},
            where=paper_texts.c.text != statement.excluded.text,
        )
        rows = [
            {"paper_id": paper_id, "kind": t.kind, "maker": t.maker, "text": t.text, "made_at": t.made_at}
            for paper_id, t in texts
        ]
        connection.execute(statement, rows)

    def texts(self, ids: Iterable[int], kind: str, maker: str, *, until: dt.datetime) -> dict[int, PaperText]:
        """The texts of one kind and maker, as far as they were known at ``until``."""
        found: dict[int, PaperText] = {}
        with self._db.read() as connection:
            for chunk in chunks(sorted(set(ids))):
                query = select(paper_texts).where(
                    paper_texts.c.kind == kind,
                    paper_texts.c.maker == maker,
                    paper_texts.c.made_at <= until,
                    paper_texts.c.paper_id.in_(chunk),
                )
                for row in connection.execute(query):
                    found[row.paper_id] = PaperText(kind=kind, maker=maker, text=row.text, made_at=row.made_at)
        return found


def _watched(watch: Watch, now: dt.datetime) -> Select[Any]:
    """Rows (id, since, asked_at, read_at) of the papers that a watch is about and nobody is asking about."""
    oldest = now - watch.horizon
    read = (
        select(observations.c.paper_id, func.max(observations.c.observed_at).label("read_at"))
        .where(observations.c.signal.in_([str(signal) for signal in watch.signals]))
        .where(observations.c.observed_at >= oldest)
        .group_by(observations.c.paper_id)
        .subquery()
    )
    asked = and_(attention_asks.c.paper_id == papers.c.id, attention_asks.c.provider == watch.name)
    conditions = [papers.c.candidate, ~papers.c.withdrawn, papers.c.redirect_to.is_(None)]
    conditions.append(or_(attention_asks.c.paper_id.is_(None), _unclaimed(now)))
    if watch.schemes:
        named = identifiers.c.scheme.in_([str(scheme) for scheme in watch.schemes])
        conditions.append(exists().where(identifiers.c.paper_id == papers.c.id, named))
    if watch.code_host:
        conditions.append(papers.c.code_url.like(f"%://{watch.code_host}/%"))
    tables = papers.outerjoin(attention_asks, asked).outerjoin(read, read.c.paper_id == papers.c.id)
    if watch.since is None:
        since: ColumnElement[Any] = papers.c.news_at
        conditions.append(papers.c.news_at >= int(oldest.timestamp()))
    else:
        first = (
            select(observations.c.paper_id, func.min(observations.c.observed_at).label("since"))
            .where(observations.c.signal == str(watch.since))
            .group_by(observations.c.paper_id)
            .having(func.min(observations.c.observed_at) >= oldest)
            .subquery()
        )
        tables = tables.join(first, first.c.paper_id == papers.c.id)
        since = first.c.since
    columns = (papers.c.id, since.label("since"), attention_asks.c.asked_at, read.c.read_at)
    return select(*columns).select_from(tables).where(*conditions)


def _unclaimed(now: dt.datetime) -> ColumnElement[bool]:
    return or_(attention_asks.c.claimed_until.is_(None), attention_asks.c.claimed_until <= now)
