"""The catalog for an operator: what a paper is made of and why, what is trending, and a merge undone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from digest.catalog.explaining import Explanation
from digest.catalog.separation import RecordKey
from digest.model import Attention, Paper
from digest.pipeline.desk import HISTORY
from digest.pipeline.ingest import index
from digest.pipeline.rooms import Rooms
from digest.store.history import PaperHistory, history_of
from digest.store.splitting import Part, Splitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All that is known of one paper."""

    paper: Paper
    explanation: Explanation
    history: PaperHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Trending:
    """``score``: of :mod:`digest.ranking.trend`, among all papers that became news in the same span."""

    paper: Paper
    score: float
    attention: Attention


def dossier(rooms: Rooms, paper: Paper) -> Dossier:
    """Everything about a stored paper."""
    return Dossier(
        paper=paper, explanation=Splitting(rooms.db).explain(paper.id), history=history_of(rooms.db, paper.id)
    )


def trending(rooms: Rooms, span: dt.timedelta, *, limit: int) -> list[Trending]:
    """What became news within ``span`` and gets the most attention for its field and age, best first."""
    import numpy as np

    from digest.ranking.trend import RANKED, trend_of

    now = rooms.clock()
    news = rooms.papers.news(since=now - span, until=now)
    observed = rooms.papers.observed(since=now - max(span, HISTORY), until=now, signals=RANKED)
    ids = np.array([paper_id for paper_id, _, _ in news], dtype=np.int64)
    trend = trend_of(ids, [seen for _, seen, _ in news], [category for _, _, category in news], observed, now=now)
    order = [row for row in np.argsort(-trend.score, kind="stable").tolist() if trend.score[row] > 0][:limit]
    papers = rooms.papers.get(int(ids[row]) for row in order)
    return [
        Trending(paper=papers[int(ids[row])], score=float(trend.score[row]), attention=trend.attention(row))
        for row in order
    ]


def split(rooms: Rooms, paper: Paper, records: Collection[RecordKey], *, dry_run: bool) -> Sequence[Part]:
    """Undo a merge for good, and compute what the ranker needs of the papers that come of it."""
    parts = Splitting(rooms.db).split(paper.id, records, now=rooms.clock(), dry_run=dry_run)
    if not dry_run:
        index(rooms)
    return parts


def unsplit(rooms: Rooms, paper: Paper, *, dry_run: bool) -> Sequence[Part]:
    """Forget the separations of a paper, so that the evidence decides again."""
    parts = Splitting(rooms.db).unsplit(paper.id, now=rooms.clock(), dry_run=dry_run)
    if not dry_run:
        index(rooms)
    return parts
