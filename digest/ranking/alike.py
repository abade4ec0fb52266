"""Which candidates say nearly the same as a chosen paper, and which are on the same matter.

A *near-twin* is out; of papers on *one matter* two come first, and further ones when everybody else had their turn.
Decided pair by pair from vectors (cosine) and, for twins, words; a paper's answer does not depend on who else is asked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np

from digest.ranking.scoring import Scored

NEAR_TWIN: Final = 0.8
SAME_WORDS: Final = 0.45
"""Near-twins have at least this cosine, and this share of all their distinct words (Jaccard) in common. Among 3,730
papers of a week the closest two different ones had 0.84 and 0.29. The cosine alone is not safe: two titles without
abstracts have it for one word in common."""

SAME_MATTER: Final = 0.6
"""Papers on one matter have this product of vectors: the cosine, less where a text is short. Of pairs in April and May
2026, 3 in 4 on quantising KV caches have it, 1 in 2 on KV caches, 1 in 10 on Gaussian splatting, 1 in 12,000 of any."""
AT_FIRST: Final = 2
"""So many papers on one matter come before the other papers of their lane."""

_ROUGHLY: Final = 1e-4
"""What a matrix product may be off by."""


@dataclass(frozen=True, slots=True)
class Twin:
    """Which picked place a paper is the near-twin of."""

    of: int
    similarity: float


class Alike:
    """Keeps count while papers are chosen, place by place (indices into ``scored.rows``)."""

    def __init__(self, scored: Scored) -> None:
        self._corpus = scored.corpus
        self._rows = scored.rows
        self._lengths = np.maximum(np.sqrt((scored.vectors**2).sum(axis=1)), np.float32(1e-9))
        self._vectors = scored.vectors / self._lengths[:, None]
        self._twin_of: dict[int, Twin] = {}
        self._same_matter: dict[int, list[int]] = defaultdict(list)
        self.twins: dict[int, Twin] = {}
        """Near-twins that were turned away."""

    def chose(self, place: int) -> None:
        mine = self._vectors[place]
        near = np.flatnonzero(self._vectors @ mine >= SAME_MATTER - _ROUGHLY)
        # Summed row by row, like everything that decides: see LaneModel.likeness_of.
        similarity = np.vecdot(self._vectors[near], mine).tolist()
        for other, value in zip(near.tolist(), similarity, strict=True):
            if other == place or value < SAME_MATTER:
                continue
            # A short text has a short vector (digest.ranking.corpus): what it shares with another may be one word.
            if value * float(self._lengths[place]) * float(self._lengths[other]) >= SAME_MATTER:
                self._same_matter[other].append(place)
            if value >= NEAR_TWIN and other not in self._twin_of and self._shared(place, other) >= SAME_WORDS:
                self._twin_of[other] = Twin(place, value)

    def is_twin(self, place: int) -> bool:
        """Is it a near-twin of a chosen paper? If so, that is noted."""
        if place in self._twin_of:
            self.twins[place] = self._twin_of[place]
        return place in self._twin_of

    def same_matter(self, place: int) -> tuple[int, ...]:
        """The chosen papers that are on the same matter, in the order in which they were chosen."""
        return tuple(self._same_matter.get(place, ()))

    def _shared(self, one: int, other: int) -> float:
        words, others = (set(self._corpus.words(int(self._rows[place])).tolist()) for place in (one, other))
        return len(words & others) / max(len(words | others), 1)
