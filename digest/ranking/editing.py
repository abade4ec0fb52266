"""The rules of an edition, applied to scored papers in order: threshold, near-twins, lane quotas, cap, exploration.

Pure bookkeeping over a few hundred papers: the same function decides what is sent and answers, with more places, what
a longer mail would have let in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from digest.model import Section
from digest.ranking.scoring import NOWHERE, THRESHOLD, Scored

NEAR_TWIN: Final = 0.8
SAME_WORDS: Final = 0.45
"""Near-twins have at least this cosine, and this share of all their distinct words (Jaccard) in common. Among 3,730
papers of a week the closest two different ones had 0.84 and 0.29. The cosine alone is not safe: two titles without
abstracts have it for one word in common."""

_ROUGHLY: Final = 1e-4
"""What a matrix product may be off by."""

EXPLORE_FROM: Final = 3
"""Fewer places than this are too few to give one away."""

EXPLORE_TREND: Final = 2.0
"""The trend that a paper outside the lanes needs: among the first eighth, and believed."""

MISSED: Final = 3


@dataclass(frozen=True, slots=True)
class Twin:
    """Which picked place a paper is the near-twin of."""

    of: int
    similarity: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Edited:
    """The outcome: places are indices into ``scored.rows``."""

    scored: Scored
    eligible: npt.NDArray[np.bool_]
    papers: int
    explore: bool
    picks: tuple[tuple[int, Section], ...]
    """In the order of the mail."""
    twins: dict[int, Twin]
    over_quota: frozenset[int]
    """Left out although something with a lower score got in, because their lane had its share."""
    over_cap: frozenset[int]
    missed: tuple[int, ...]
    quota: int
    """Places that one lane may have before the others had their turn."""

    def position(self, place: int) -> int | None:
        """1 = first in the mail; None if it is not in it."""
        return next((n for n, (picked, _) in enumerate(self.picks, start=1) if picked == place), None)


def edit(scored: Scored, *, eligible: npt.NDArray[np.bool_], papers: int, explore: bool) -> Edited:
    """Choose at most ``papers`` of the ``eligible`` (per row) papers.

    With room for it, one place goes to the paper outside the lanes that trends most. A lane may take its fair share of
    the places; what other lanes leave over is given out by score.
    """
    may_pass = (eligible & (scored.score >= THRESHOLD)).tolist()
    passing = [place for place in scored.order() if may_pass[place]]
    wants_outside = explore and bool(scored.profile.lanes) and papers >= EXPLORE_FROM and bool(passing)
    outside = _outside(scored, eligible) if wants_outside else []
    main = _main(scored, passing, cap=papers - bool(outside))
    explored = next((p for p in outside if p not in main.chosen and main.twins.admits(p)), None)
    if outside and explored is None:
        main = _main(scored, passing, cap=papers)
    picks = [(place, scored.section(place)) for place in _mail_order(scored, main.chosen)]
    if explored is not None:
        picks.append((explored, Section.OUTSIDE))
    left = [place for place in passing if place in main.over_quota or place in main.over_cap]
    return Edited(
        scored=scored,
        eligible=eligible,
        papers=papers,
        explore=explore,
        picks=tuple(picks),
        twins=main.twins.found,
        over_quota=frozenset(main.over_quota - {explored}),
        over_cap=frozenset(main.over_cap - {explored}),
        missed=tuple(place for place in left if place != explored)[:MISSED],
        quota=main.quota,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Main:
    chosen: tuple[int, ...]
    twins: _Twins
    over_quota: set[int]
    over_cap: set[int]
    quota: int


def _main(scored: Scored, passing: list[int], *, cap: int) -> _Main:
    lanes = max(len(scored.profile.lanes), 1)
    quota = max(math.ceil(cap / lanes), 1)
    twins = _Twins(scored)
    lane_of, score_of = scored.lane.tolist(), scored.score.tolist()
    chosen: list[int] = []
    waiting: list[int] = []
    taken = dict.fromkeys(range(NOWHERE, lanes), 0)
    for place in passing:
        lane = lane_of[place]
        if len(chosen) >= cap or (lane != NOWHERE and taken[lane] >= quota):
            waiting.append(place)
        elif twins.admits(place):
            taken[lane] += 1
            chosen.append(place)
            twins.chose(place)
    # What the other lanes left over.
    left: list[int] = []
    for place in waiting:
        if not twins.admits(place):
            continue
        if len(chosen) < cap:
            chosen.append(place)
            twins.chose(place)
        else:
            left.append(place)
    lowest = min((score_of[place] for place in chosen), default=math.inf)
    over_quota = {place for place in left if score_of[place] > lowest}
    return _Main(chosen=tuple(chosen), twins=twins, over_quota=over_quota, over_cap=set(left) - over_quota, quota=quota)


class _Twins:
    """Who says nearly the same as a chosen paper."""

    def __init__(self, scored: Scored) -> None:
        self._corpus = scored.corpus
        self._rows = scored.rows
        lengths = np.sqrt((scored.vectors**2).sum(axis=1, keepdims=True))
        self._vectors = scored.vectors / np.maximum(lengths, np.float32(1e-9))
        self._of: dict[int, Twin] = {}
        self.found: dict[int, Twin] = {}

    def chose(self, place: int) -> None:
        mine = self._vectors[place]
        near = np.flatnonzero(self._vectors @ mine >= NEAR_TWIN - _ROUGHLY)
        # Summed row by row, like everything that decides: see LaneModel.likeness_of.
        similarity = np.vecdot(self._vectors[near], mine).tolist()
        for other, value in zip(near.tolist(), similarity, strict=True):
            close = value >= NEAR_TWIN and other != place and other not in self._of
            if close and self._shared(place, other) >= SAME_WORDS:
                self._of[other] = Twin(place, value)

    def _shared(self, one: int, other: int) -> float:
        words, others = (set(self._corpus.words(int(self._rows[place])).tolist()) for place in (one, other))
        return len(words & others) / max(len(words | others), 1)

    def admits(self, place: int) -> bool:
        if place in self._of:
            self.found[place] = self._of[place]
        return place not in self._of


def _mail_order(scored: Scored, chosen: tuple[int, ...]) -> list[int]:
    """People first, then the lanes in the reader's order, then what trends anywhere; within each the best first."""
    ranks = {Section.FOLLOWED: 0, Section.LANE: 1, Section.TRENDING: 2, Section.OUTSIDE: 3}
    best_first = sorted(chosen, key=lambda place: (-scored.score[place], scored.rows[place]))

    def where(place: int) -> tuple[int, int]:
        section = scored.section(place)
        return ranks[section], int(scored.lane[place]) if section is Section.LANE else 0

    return sorted(best_first, key=where)


def _outside(scored: Scored, eligible: npt.NDArray[np.bool_]) -> list[int]:
    """Places of trending papers that belong to no lane and are by nobody followed, most trending first."""
    trend = scored.corpus.trend.score[scored.rows]
    places = np.flatnonzero(eligible & (scored.lane == NOWHERE) & (trend >= EXPLORE_TREND))
    return [int(place) for place in places[np.lexsort((scored.rows[places], -trend[places]))]]
