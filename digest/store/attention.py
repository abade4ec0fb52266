"""Whose attention is due, who is asking about it, and what came back besides numbers: texts that others wrote.

Numbers are observations and are written by :class:`digest.store.intake.Intake`. Here is what keeps two processes, or
one that is started again, from asking the same thing twice: a claim is taken before a provider is asked, and settled
with the answer.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, update

from digest.attention import PaperText, Watch, Watched, is_due
from digest.model import Scheme, Signal
from digest.store.database import Database, chunks
from digest.store.schema import attention_asks, identifiers, observations, paper_texts, papers

CLAIM = dt.timedelta(minutes=30)
"""A claim older than this was left by a process that died: longer than a run with its budget of requests."""


class AttentionStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def due(self, watch: Watch, *, now: dt.datetime) -> list[Watched]:
        """The papers that are to be asked about and that nobody is asking about, the newest first."""
        oldest = now - watch.horizon
        with self._db.read() as connection:
            read_at = _last_read(connection, watch, oldest)
            if watch.since is None:
                rows = connection.execute(_watched(watch, now).where(papers.c.news_at >= int(oldest.timestamp()))).all()
                begun = {row.id: dt.datetime.fromtimestamp(row.news_at, dt.UTC) for row in rows}
            else:
                begun = _first_read(connection, watch.since, oldest)
                rows = [
                    row
                    for chunk in chunks(sorted(begun))
                    for row in connection.execute(_watched(watch, now).where(papers.c.id.in_(chunk)))
                ]
            waiting = [
                Watched(paper_id=row.id, since=begun[row.id], asked_at=row.asked_at, read_at=read_at.get(row.id))
                for row in rows
            ]
            waiting = [paper for paper in waiting if is_due(paper, watch.marks, now)]
            if watch.schemes:
                named = _named(connection, watch.schemes, [paper.paper_id for paper in waiting])
                waiting = [paper for paper in waiting if paper.paper_id in named]
        return sorted(waiting, key=lambda paper: (paper.since, paper.paper_id), reverse=True)

    def claim(self, provider: str, wanted: Sequence[Watched], *, now: dt.datetime) -> list[Watched]:
        """Those of ``wanted`` that are ours to ask about now; of what another process took meanwhile, nothing."""
        claim, mine = uuid.uuid4().hex, set[int]()
        statement = self._db.insert(attention_asks)
        new = statement.excluded
        unchanged = attention_asks.c.asked_at.is_not_distinct_from(new.asked_at)
        statement = statement.on_conflict_do_update(
            index_elements=[attention_asks.c.provider, attention_asks.c.paper_id],
            set_={"claim": new.claim, "claimed_until": new.claimed_until},
            where=and_(_unclaimed(now), unchanged),
        )
        for chunk in chunks(wanted):
            rows = [
                {
                    "provider": provider,
                    "paper_id": paper.paper_id,
                    "asked_at": paper.asked_at,
                    "claim": claim,
                    "claimed_until": now + CLAIM,
                }
                for paper in chunk
            ]
            ours = and_(
                attention_asks.c.provider == provider,
                attention_asks.c.claim == claim,
                attention_asks.c.paper_id.in_([paper.paper_id for paper in chunk]),
            )
            with self._db.write() as connection:
                connection.execute(statement, rows)
                mine.update(connection.scalars(select(attention_asks.c.paper_id).where(ours)))
        return [paper for paper in wanted if paper.paper_id in mine]

    def settle(self, connection: Connection, provider: str, ids: Iterable[int], *, now: dt.datetime) -> None:
        """The provider has answered about these papers; written together with what it said."""
        self._end(connection, provider, ids, {"asked_at": now, "claim": None, "claimed_until": None})

    def release(self, provider: str, ids: Sequence[int]) -> None:
        """Give back claims that came to nothing, so that the papers are due again."""
        with self._db.write() as connection:
            self._end(connection, provider, ids, {"claim": None, "claimed_until": None})

    def _end(
        self, connection: Connection, provider: str, ids: Iterable[int], values: Mapping[str, dt.datetime | None]
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
    """Rows (id, news_at, asked_at) of the papers that a watch is about, of any age, and nobody is asking about."""
    asked = and_(attention_asks.c.paper_id == papers.c.id, attention_asks.c.provider == watch.name)
    conditions = [papers.c.candidate, ~papers.c.withdrawn, papers.c.redirect_to.is_(None)]
    conditions.append(or_(attention_asks.c.paper_id.is_(None), _unclaimed(now)))
    if watch.code_host:
        conditions.append(papers.c.code_url.like(f"%://{watch.code_host}/%"))
    query = select(papers.c.id, papers.c.news_at, attention_asks.c.asked_at)
    return query.select_from(papers.outerjoin(attention_asks, asked)).where(*conditions)


# Asked apart from the papers and put together here: as one statement, SQLite goes through all readings, or all names of
# a scheme, once per paper.


def _named(connection: Connection, schemes: Sequence[Scheme], ids: Sequence[int]) -> set[int]:
    """Those of ``ids`` that have an identifier of one of the schemes."""
    names: set[int] = set()
    for chunk in chunks(ids):
        query = select(identifiers.c.paper_id, identifiers.c.scheme).where(identifiers.c.paper_id.in_(chunk))
        names.update(row.paper_id for row in connection.execute(query) if row.scheme in schemes)
    return names


def _last_read(connection: Connection, watch: Watch, oldest: dt.datetime) -> dict[int, dt.datetime]:
    """When each paper was last read, of those that were read since ``oldest``."""
    query = (
        select(observations.c.paper_id, func.max(observations.c.observed_at).label("at"))
        .where(observations.c.observed_at >= oldest)
        .where(observations.c.signal.in_([str(signal) for signal in watch.signals]))
        .group_by(observations.c.paper_id)
    )
    return {row.paper_id: row.at for row in connection.execute(query)}


def _first_read(connection: Connection, signal: Signal, oldest: dt.datetime) -> dict[int, dt.datetime]:
    """When each paper was first read, of those whose first reading is not older than ``oldest``."""
    of_signal = observations.c.signal == str(signal)
    lately = select(observations.c.paper_id).where(observations.c.observed_at >= oldest, of_signal).distinct()
    found: dict[int, dt.datetime] = {}
    for chunk in chunks(sorted(connection.scalars(lately))):
        first = (
            select(observations.c.paper_id, func.min(observations.c.observed_at).label("at"))
            .where(observations.c.paper_id.in_(chunk), of_signal)
            .group_by(observations.c.paper_id)
        )
        found.update({row.paper_id: row.at for row in connection.execute(first)})
    return {paper_id: at for paper_id, at in found.items() if at >= oldest}


def _unclaimed(now: dt.datetime) -> ColumnElement[bool]:
    return or_(attention_asks.c.claimed_until.is_(None), attention_asks.c.claimed_until <= now)
