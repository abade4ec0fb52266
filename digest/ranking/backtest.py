"""How past editions would have turned out: replayed mails and settled votes → figures per day, of one setting or two.

    replayed mails ──┐
    settled votes  ──┼──▶ one DayFigures per edition date ──▶ their means
    newcomers      ──┘

Nothing here knows where mails come from; :mod:`digest.pipeline.backtest` replays them from the store.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

import numpy as np

from digest.model import Pick
from digest.ranking.text import Vectors

BEST: Final = 10
"""Papers of a day, by settled votes, that coverage asks for."""

SETTLES_AFTER: Final = dt.timedelta(hours=60)
"""A reading of votes this long after a paper was news counts as settled: the protocol of ``benchmarks/trend.py``."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a paper: its last reading of votes, and whether that was taken late enough to be the last word."""

    votes: float
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedMail:
    """What one reader would have got on one date; without picks it is a quiet day, with its reason."""

    reader: str
    edition: dt.date
    at: dt.datetime
    considered: int
    picks: tuple[Pick, ...]
    quiet_reason: str = ""
    diversity: float | None = None
    """Mean of 1 − cosine over all pairs of picks, 0…2; None with fewer than two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """One edition date over all its readers. Figures that nothing was measured for are None.

    Args:
        papers: different papers in all mails together.
        votes: mean votes of a pick, by its last reading; papers that nobody listed count as 0.
        listed: share of picks that got any vote.
        settled: share of the picks with votes whose last reading is late enough to be the last word.
        coverage: share of the day's BEST newcomers by votes that at least one mail carried.
        diversity: mean of the mails' own.
        overlap: mean over readers of picks in common with the other setting (Jaccard index of the two sets of papers).
    """

    mails: float
    quiet: float
    picks: float
    papers: float
    votes: float | None
    listed: float | None
    settled: float | None
    coverage: float | None
    diversity: float | None
    overlap: float | None = None


def diversity(vectors: Vectors) -> float | None:
    """(picks, dims), any lengths → mean of 1 − cosine over all pairs; None with fewer than two."""
    count = len(vectors)
    if count < 2:
        return None
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.maximum(lengths, 1e-9)
    total = float(np.square(units.sum(axis=0, dtype=np.float64)).sum())
    own = float(np.square(units, dtype=np.float64).sum())
    return 1 - (total - own) / (count * (count - 1))


def day_figures(
    mails: Sequence[ReplayedMail],
    *,
    outcomes: Mapping[int, Outcome],
    newcomers: AbstractSet[int],
    other: Sequence[ReplayedMail] | None = None,
) -> DayFigures:
    """The figures of the mails of one date.

    Args:
        outcomes: by paper; a paper that is missing never got a vote.
        newcomers: the papers that became news since the date before.
        other: the same date's mails under another setting.
    """
    picks = [pick.paper_id for mail in mails for pick in mail.picks]
    known = [outcomes[paper_id] for paper_id in picks if paper_id in outcomes]
    voted = [outcome for outcome in known if outcome.votes > 0]
    ranked = sorted((i for i in newcomers if i in outcomes), key=lambda i: (-outcomes[i].votes, i))
    best = [i for i in ranked if outcomes[i].votes > 0][:BEST]
    return DayFigures(
        mails=sum(1 for mail in mails if mail.picks),
        quiet=sum(1 for mail in mails if not mail.picks),
        picks=len(picks),
        papers=len(set(picks)),
        votes=sum(outcome.votes for outcome in known) / len(picks) if picks else None,
        listed=len(voted) / len(picks) if picks else None,
        settled=sum(outcome.settled for outcome in voted) / len(voted) if voted else None,
        coverage=len(set(best) & set(picks)) / len(best) if best else None,
        diversity=_mean(mail.diversity for mail in mails),
        overlap=_overlap(mails, other) if other is not None else None,
    )


def mean_figures(days: Iterable[DayFigures]) -> DayFigures:
    """The mean of each figure over the days that have it; counts of no days are 0."""
    days = list(days)
    return DayFigures(
        mails=_mean(day.mails for day in days) or 0,
        quiet=_mean(day.quiet for day in days) or 0,
        picks=_mean(day.picks for day in days) or 0,
        papers=_mean(day.papers for day in days) or 0,
        votes=_mean(day.votes for day in days),
        listed=_mean(day.listed for day in days),
        settled=_mean(day.settled for day in days),
        coverage=_mean(day.coverage for day in days),
        diversity=_mean(day.diversity for day in days),
        overlap=_mean(day.overlap for day in days),
    )


def _overlap(mails: Sequence[ReplayedMail], other: Sequence[ReplayedMail]) -> float | None:
    theirs = {mail.reader: {pick.paper_id for pick in mail.picks} for mail in other}
    shares = []
    for mail in mails:
        ours = {pick.paper_id for pick in mail.picks}
        if mail.reader in theirs and (both := ours | theirs[mail.reader]):
            shares.append(len(ours & theirs[mail.reader]) / len(both))
    return _mean(shares)


def _mean(values: Iterable[float | None]) -> float | None:
    given = [value for value in values if value is not None]
    return sum(given) / len(given) if given else None
