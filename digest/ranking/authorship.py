"""Numbers of a paper from one value per author, or per earlier listing that shares authors with it.

What :mod:`digest.ranking.past` joins becomes the columns of the forecast here; which of them earn their place is in
docs/ranking.md.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]

PAIR_FADING_DAYS: Final = 120.0
"""Half-life of a listing that authors share."""

_USUAL, _PSEUDO = 0.24, 3.0
"""An unknown author's past: 8 % of three papers were listed."""
_USUAL_LIKING, _PSEUDO_PAIRS = 2.0, 3.0


def of_authors(seen: Floats, listed: Floats, liking: Floats, counts: Counts) -> Floats:
    """(papers, 20) from one value per author, ``counts`` of them for each paper, in the paper's order."""
    group = _Groups(counts)
    rate = (listed + _USUAL) / (seen + listed / 2 + _PSEUDO)
    mean = liking / np.maximum(listed, 1)
    known = group.total((listed > 0).astype(np.float64))
    believed = mean * listed / (listed + 2)
    return np.stack(
        [
            np.log1p(group.most(listed)),
            np.log1p(group.total(listed)),
            np.log1p(group.total(np.log1p(listed))),
            np.log1p(group.first(listed)),
            np.log1p(group.last(listed)),
            (group.first(listed) > 0).astype(np.float64),
            (group.last(listed) > 0).astype(np.float64),
            known / group.several,
            np.sqrt(known),
            np.log1p(group.total(liking)),
            group.most(mean),
            group.most(believed),
            group.total(believed) / np.maximum(known, 1),
            np.log1p(counts),
            np.log1p(group.most(seen)),
            np.log1p(group.total(seen)),
            group.most(rate),
            group.total(rate) / group.several,
            group.last(rate),
            group.total((seen == 0).astype(np.float64)) / group.several,
        ],
        axis=1,
    )


def of_recent(seen: Floats, recent: Floats, counts: Counts) -> Floats:
    """(papers, 8): rates and counts with old listings fading."""
    group = _Groups(counts)
    rate = (recent + _USUAL) / (seen + recent / 2 + _PSEUDO)
    return np.stack(
        [
            group.most(rate),
            group.total(rate) / group.several,
            group.last(rate),
            np.log1p(group.most(recent)),
            np.log1p(group.total(recent)),
            np.log1p(group.total(np.log1p(recent))),
            np.log(np.maximum(1 - group.total(np.minimum(rate, 0.9)) / group.several, 0.01)),
            -group.total(np.log1p(-np.minimum(rate, 0.8))),
        ],
        axis=1,
    )


def of_growth(growth: Floats, grown: Floats, counts: Counts) -> Floats:
    """(papers, 3): how the votes for the authors' earlier papers grew, shrunk towards the usual."""
    group = _Groups(counts)
    believed = growth / (grown + 2)
    return np.stack(
        [
            group.total(growth) / (group.total(grown) + 3),
            np.maximum(group.most(believed), 0.0),
            group.last(believed),
        ],
        axis=1,
    )


def of_pairs(paper: Counts, shared: Counts, age: Floats, liking: Floats, counts: Counts) -> Floats:
    """(papers, 7) from one row per paper and earlier listing with ``shared`` authors in common."""
    fading = 0.5 ** (age / PAIR_FADING_DAYS)
    two = (shared >= 2).astype(np.float64)

    def total(weights: Floats) -> Floats:
        return np.bincount(paper, weights=weights, minlength=len(counts)).astype(np.float64)

    most = np.zeros(len(counts))
    np.maximum.at(most, paper, shared)
    weight = two * shared
    return np.stack(
        [
            np.log1p(total(two)),
            np.log1p(total((shared >= 3).astype(np.float64))),
            np.log1p(total(two * fading)),
            np.log1p(total(weight * fading)),
            most,
            most / np.maximum(counts, 1),
            (total(weight * liking) + _PSEUDO_PAIRS * _USUAL_LIKING) / (total(weight) + _PSEUDO_PAIRS),
        ],
        axis=1,
    )


NUMBERS: Final = 20 + 8 + 3 + 7


class _Groups:
    """Sums, greatest, first and last of values that stand in groups of ``counts``; 0 for an empty group."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._owner = np.repeat(np.arange(len(counts)), counts)
        self._ends = np.cumsum(counts)
        self.several = np.maximum(counts, 1)

    def total(self, values: Floats) -> Floats:
        return np.bincount(self._owner, weights=values, minlength=len(self._counts)).astype(np.float64)

    def most(self, values: Floats) -> Floats:
        """The greatest; never below 0."""
        found = np.zeros(len(self._counts))
        np.maximum.at(found, self._owner, values)
        return found

    def first(self, values: Floats) -> Floats:
        return self._at(values, self._ends - self._counts)

    def last(self, values: Floats) -> Floats:
        return self._at(values, np.maximum(self._ends - 1, 0))

    def _at(self, values: Floats, places: Counts) -> Floats:
        return np.where(self._counts > 0, np.append(values, 0.0)[np.minimum(places, len(values))], 0.0)
