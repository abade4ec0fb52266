"""Many readers' lanes against all candidates at once: which few papers are worth scoring exactly.

    lanes of a batch ──one matrix product──▶ relevance (lanes, n) ──best lane, balance, trend──▶ score (n,) of a reader

Everything here is float32 and may be wrong by :data:`MARGIN`; what decides is :mod:`digest.ranking.scoring`, over the
rows that are found here. Evidence by phrases and categories is added to the few rows that have any. A reader's lanes
cost one pass each over a row that is still in the cache, so the product is most of the time
(``benchmarks/rank_scale.py`` runs this beside the bare product).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from digest.ranking.corpus import Corpus
from digest.ranking.interests import Floats, LaneModel
from digest.ranking.packed import Rows
from digest.ranking.scoring import THRESHOLD, Profile
from digest.ranking.text import Vectors

MARGIN: Final = 1e-3
"""What float32 may be wrong by, and more."""


def relevances(lanes: Sequence[LaneModel], matrix: Vectors) -> Vectors:
    """(lanes, n) relevance of every paper of ``matrix`` (n, dims) in every lane, in float32."""
    if not lanes:
        return np.empty((0, len(matrix)), dtype=np.float32)
    estimates = np.array([lane.direction for lane in lanes]) @ matrix.T
    for lane, products in zip(lanes, estimates, strict=True):
        lane.to_relevance(products)
    return estimates


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Common:
    """What a paper is worth to everybody, (n,) float32 each: ``attention`` is trend or forecast, before the balance.
    ``matrix`` (n, dims) are the papers' vectors, for what a reader's feedback says of them."""

    matrix: Vectors
    attention: Vectors
    novelty: Vectors

    @classmethod
    def of(cls, corpus: Corpus, novelty: Floats) -> Self:
        attention = (corpus.trend.score + corpus.forecast).astype(np.float32)
        return cls(matrix=corpus.matrix, attention=attention, novelty=novelty.astype(np.float32))

    def scores(self, profile: Profile, estimates: Vectors) -> Vectors:
        """(n,) one reader's scores but for followed authors, from the (lanes, n) relevance; −∞ for what is excluded."""
        score = np.float32(1 - profile.balance) * self.attention
        score += self.novelty
        if profile.lanes:
            best = estimates[0] if len(estimates) == 1 else estimates.max(axis=0)
            score += np.float32(profile.balance) * best
        if profile.feedback is not None:
            score += profile.feedback.estimate(self.matrix)
        score[profile.excluded] = -np.inf
        return np.asarray(score, dtype=np.float32)


def passing(scores: Vectors, estimates: Vectors, enough: int) -> Rows:
    """The rows above the threshold; where they are more than ``enough``, as many of the best of each lane."""
    rows = np.flatnonzero(scores >= THRESHOLD - MARGIN)
    if len(rows) <= enough:
        return rows
    if len(estimates) < 2:
        return best(rows, scores, enough)
    groups = estimates[:, rows].argmax(axis=0)
    return np.concatenate([best(rows[groups == group], scores, enough) for group in range(len(estimates))])


def best(rows: Rows, scores: Vectors, count: int) -> Rows:
    """Those of ``rows`` (ascending) that can be among the ``count`` with the highest exact score, in no order.

    Equals of the last are kept from the first row on, which is where ties go, and no more than ``count`` of them.
    """
    if len(rows) <= count:
        return rows
    mine = scores[rows]
    last = np.partition(mine, len(mine) - count)[len(mine) - count]
    surely, equal = mine > last + MARGIN, np.abs(mine - last) <= MARGIN
    return np.concatenate([rows[surely], rows[equal][:count]])
