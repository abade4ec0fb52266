"""The rules of an edition, applied to scored papers in order: threshold, near-twins, quotas, caps, exploration.

Pure bookkeeping over a few hundred papers: the same function decides what is sent and answers, with more places, what
a longer mail would have let in.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt

from digest.model import Section
from digest.ranking.alike import AT_FIRST, Alike, Twin
from digest.ranking.scoring import NOWHERE, THRESHOLD, Scored

EXPLORE_FROM: Final = 3
"""Fewer places than this are too few to give one away."""

EXPLORE_TREND: Final = 2.0
"""The trend that a paper outside the lanes needs: among the first eighth, and believed."""

MISSED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a reader's settings say about a mail: ``papers`` at most, ``per_field`` of one primary category."""

    papers: int
    explore: bool = True
    per_field: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Edited:
    """The outcome: places are indices into ``scored.rows``. What became of those left out is found when it is asked."""

    scored: Scored
    eligible: npt.NDArray[np.bool_]
    rules: Rules
    picks: tuple[tuple[int, Section], ...]
    """In the order of the mail."""
    missed: tuple[int, ...]
    _main: _Main
    _explored: int | None

    def position(self, place: int) -> int | None:
        """1 = first in the mail; None if it is not in it."""
        return next((n for n, (picked, _) in enumerate(self.picks, start=1) if picked == place), None)

    @property
    def quota(self) -> int:
        """Places that one lane may have before the others had their turn."""
        return self._main.quota

    @property
    def twins(self) -> Mapping[int, Twin]:
        """Left out as near-twins of a pick."""
        return self._main.twins

    @property
    def over_field(self) -> frozenset[int]:
        """Left out because their field had its places."""
        return frozenset(self._main.over_field - {self._explored})

    @property
    def over_matter(self) -> Mapping[int, tuple[int, ...]]:
        """Left out although something with a lower score got in, because these picks are on the same matter."""
        return {place: self._main.waited_for[place] for place in self._passed_over if place in self._main.waited_for}

    @property
    def over_quota(self) -> frozenset[int]:
        """Left out likewise, because their lane had its share."""
        return frozenset(self._passed_over - self.over_matter.keys())

    @cached_property
    def _passed_over(self) -> frozenset[int]:
        lowest = min((float(self.scored.score[place]) for place in self._main.chosen), default=math.inf)
        left = (place for place in self._main.left() if place != self._explored)
        return frozenset(place for place in left if self.scored.score[place] > lowest)


def edit(scored: Scored, *, eligible: npt.NDArray[np.bool_], rules: Rules) -> Edited:
    """Choose at most ``rules.papers`` of the ``eligible`` (per row) papers.

    With room for it, one place goes to the paper outside the lanes that trends most. A lane may take its fair share of
    the places, and two papers on one matter; what is left over then is given out by score. A field's cap is a cap.
    """
    passing = scored.best_first(np.flatnonzero(eligible & (scored.score >= THRESHOLD)))
    may_explore = rules.explore and rules.papers >= EXPLORE_FROM
    outside = _outside(scored, eligible) if may_explore and scored.profile.lanes and passing else []
    main = _Main(scored, rules, cap=rules.papers - bool(outside), passing=passing)
    explored = next((p for p in outside if p not in main.chosen and main.takes(p)), None)
    if outside and explored is None:
        main = _Main(scored, rules, cap=rules.papers, passing=passing)
    picks = [(place, scored.section(place)) for place in _mail_order(scored, main.chosen)]
    if explored is not None:
        picks.append((explored, Section.OUTSIDE))
    return Edited(
        scored=scored,
        eligible=eligible,
        rules=rules,
        picks=tuple(picks),
        missed=tuple(islice((place for place in main.left() if place != explored), MISSED)),
        _main=main,
        _explored=explored,
    )


class _Main:
    """Gives out the places of everything but the explored paper: in turn first, then what is left over by score."""

    def __init__(self, scored: Scored, rules: Rules, *, cap: int, passing: list[int]) -> None:
        lanes = max(len(scored.profile.lanes), 1)
        self._scored = scored
        self._rules = rules
        self._cap = cap
        self._fields: Counter[str] = Counter()
        self.quota = max(math.ceil(cap / lanes), 1)
        self._alike = Alike(scored)
        self.chosen: list[int] = []
        self.over_field: set[int] = set()
        self.waited_for: dict[int, tuple[int, ...]] = {}
        """Papers that waited because these chosen ones are on the same matter."""
        self._lane_of = scored.lane.tolist()
        self._taken = dict.fromkeys(range(NOWHERE, lanes), 0)
        waiting = self._round(passing, one_matter=AT_FIRST, quota=self.quota)
        waiting = self._round(waiting, one_matter=cap, quota=self.quota)
        self._waiting = self._round(waiting, one_matter=cap, quota=cap)

    @property
    def twins(self) -> Mapping[int, Twin]:
        """Near-twins of chosen papers that were turned away."""
        deque(self.left(), maxlen=0)  # every paper is looked at
        return self._alike.twins

    def left(self) -> Iterator[int]:
        """Places that could be in but for the number of papers, best first; a mail looks at the first few of them."""
        return filter(self.takes, self._waiting)

    def _round(self, places: list[int], *, one_matter: int, quota: int) -> list[int]:
        """Give out places under these two limits; returns the papers that must wait for a later round.

        When all places are given out the rest waits unseen: usually that is nearly everything.
        """
        waiting: list[int] = []
        for number, place in enumerate(places):
            if len(self.chosen) >= self._cap:
                return waiting + places[number:]
            if not self.takes(place):
                continue
            lane = self._lane_of[place]
            if lane != NOWHERE and self._taken[lane] >= quota:
                waiting.append(place)
            elif len(same := self._alike.same_matter(place)) >= one_matter:
                self.waited_for[place] = same
                waiting.append(place)
            else:
                self._taken[lane] += 1
                self._choose(place)
        return waiting

    def takes(self, place: int) -> bool:
        """May it be in at all, beside what is chosen?"""
        if self._alike.is_twin(place):
            return False
        if self._rules.per_field is not None and self._fields[self._field(place)] >= self._rules.per_field:
            self.over_field.add(place)
            return False
        return True

    def _choose(self, place: int) -> None:
        self.chosen.append(place)
        self._alike.chose(place)
        self._fields[self._field(place)] += 1

    def _field(self, place: int) -> str:
        """The primary category; papers without any share one."""
        return self._scored.corpus.categories[int(self._scored.rows[place])]


def _mail_order(scored: Scored, chosen: list[int]) -> list[int]:
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
