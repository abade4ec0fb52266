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

_A_MAIL: Final = 16
"""Room for the chosen papers of most mails; it grows."""


@dataclass(frozen=True, slots=True)
class Twin:
    """Which picked place a paper is the near-twin of."""

    of: int
    similarity: float


class Alike:
    """Keeps count while papers are chosen, place by place (indices into ``scored.rows``).

    A paper is compared with the chosen ones when it is asked about: most of the few hundred never are.
    """

    def __init__(self, scored: Scored) -> None:
        self._corpus = scored.corpus
        self._rows = scored.rows
        self._vectors = scored.vectors
        self._length_of = scored.corpus.lengths[scored.rows].tolist()
        self._chosen: list[int] = []
        self._theirs = np.empty((_A_MAIL, scored.vectors.shape[1]), dtype=scored.vectors.dtype)
        """The vectors of the chosen ones."""
        self._compared: dict[int, int] = {}
        """With how many of the chosen ones a paper was compared already."""
        self._twin_of: dict[int, Twin] = {}
        self._same_matter: dict[int, list[int]] = defaultdict(list)
        self.twins: dict[int, Twin] = {}
        """Near-twins that were turned away."""

    def chose(self, place: int) -> None:
        number = len(self._chosen)
        if number == len(self._theirs):
            self._theirs = np.concatenate([self._theirs, np.empty_like(self._theirs)])
        self._theirs[number] = self._vectors[place]
        self._chosen.append(place)

    def is_twin(self, place: int) -> bool:
        """Is it a near-twin of a chosen paper? If so, that is noted."""
        self._compare(place)
        if place in self._twin_of:
            self.twins[place] = self._twin_of[place]
        return place in self._twin_of

    def same_matter(self, place: int) -> tuple[int, ...]:
        """The chosen papers that are on the same matter, in the order in which they were chosen."""
        self._compare(place)
        return tuple(self._same_matter.get(place, ()))

    def _compare(self, place: int) -> None:
        first, chosen = self._compared.get(place, 0), len(self._chosen)
        if first == chosen:
            return
        self._compared[place] = chosen
        # Summed row by row, like everything that decides: see LaneModel.likeness_of.
        products = np.vecdot(self._theirs[first:chosen], self._vectors[place]).tolist()
        for other, product in zip(self._chosen[first:], products, strict=True):
            if other == place:
                continue
            # A short text has a short vector (digest.ranking.corpus): what it shares with another may be one word.
            if product >= SAME_MATTER:
                self._same_matter[place].append(other)
            cosine = product / max(self._length_of[place] * self._length_of[other], 1e-9)
            if cosine >= NEAR_TWIN and place not in self._twin_of and self._shared(other, place) >= SAME_WORDS:
                self._twin_of[place] = Twin(other, cosine)

    def _shared(self, one: int, other: int) -> float:
        words, others = (set(self._corpus.words(int(self._rows[place])).tolist()) for place in (one, other))
        return len(words & others) / max(len(words | others), 1)
