"""A library of papers → the interests in it: groups of papers that are about one thing, each with words for it.

Papers are compared by their vectors, centred and scaled as for lanes of examples (:mod:`digest.ranking.examples`), and
grouped by average linkage (agglomerative clustering, scikit-learn). How many groups there are is decided by the data:
the number with the best mean silhouette (Rousseeuw 1987). Papers that have nothing in common with any other stay alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from digest.lane_names import COMMON
from digest.ranking.examples import Background
from digest.ranking.text import TextBasis, Vectors
from digest.ranking.tokens import token_hashes, tokenise

MOST_GROUPS: Final = 15
MOST_PAPERS: Final = 2_000
"""Comparing everything with everything needs memory for their square."""
SMALLEST_GROUP: Final = 3
FEW: Final = 6
"""A library of fewer papers is one interest: there is nothing to tell groups by."""
MOST_PHRASES: Final = 3
TELLING: Final = 2.4
"""The IDF that one word of a phrase has at least: "attention" is as common as it may be."""
VERY_RARE: Final = 7.0
IN_SHARE: Final = 0.34
"""A phrase of a group stands in this share of its papers, and in two at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """``members`` are places in what was given, the most typical first; ``phrases`` what tells it from the others."""

    members: tuple[int, ...]
    phrases: tuple[str, ...]


def suggest(texts: Sequence[tuple[str, str]], vectors: Vectors, *, basis: TextBasis) -> tuple[Group, ...]:
    """
    Args:
        texts: (title, abstract) of each paper.
        vectors: (papers, dims) of the same papers in ``basis``.

    Returns:
        The largest group first. Papers beyond MOST_PAPERS, and those that stay alone, are in none.
    """
    count = min(len(texts), MOST_PAPERS)
    if not count:
        return ()
    background = Background.of_moments(basis.mean, basis.covariance)
    points = background.coordinates(vectors[:count])
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    points = points / np.maximum(lengths, 1e-9)
    words = [_pairs(title) | _pairs(abstract) for title, abstract in texts[:count]]
    titled = [_pairs(title) for title, _ in texts[:count]]
    groups = [members for members in _groups(points) if len(members) >= min(SMALLEST_GROUP, count)]
    groups.sort(key=lambda members: (-len(members), members[0]))
    return tuple(
        Group(
            members=tuple(_typical_first(points, members)),
            phrases=_telling(words, titled, members, [other for other in groups if other is not members], basis),
        )
        for members in groups
    )


def _groups(points: Vectors) -> list[list[int]]:
    """The places of each group, ascending."""
    if len(points) < FEW:
        return [list(range(len(points)))]
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics import silhouette_score

    distances = np.clip(1.0 - points @ points.T, 0.0, 2.0).astype(np.float64)
    np.fill_diagonal(distances, 0.0)
    best, labels = 0.0, np.zeros(len(points), dtype=np.intp)
    for number in range(2, min(MOST_GROUPS, len(points) - 1) + 1):
        tried = AgglomerativeClustering(n_clusters=number, metric="precomputed", linkage="average").fit_predict(
            distances
        )
        score = float(silhouette_score(distances, tried, metric="precomputed"))
        if score > best + 1e-9:
            best, labels = score, tried
    return [np.flatnonzero(labels == label).tolist() for label in range(int(labels.max()) + 1)]


def _typical_first(points: Vectors, members: Sequence[int]) -> list[int]:
    own = points[list(members)]
    likeness = own @ own.mean(axis=0)
    return [members[place] for place in np.lexsort((np.asarray(members), -likeness)).tolist()]


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    """Pairs of neighbouring words that are neither numbers nor there for grammar's sake."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = tokenise(text)
    tells = [word.isalpha() and len(word) > 1 and word not in ENGLISH_STOP_WORDS for word in words]
    return frozenset((words[i], words[i + 1]) for i in range(len(words) - 1) if tells[i] and tells[i + 1])


def _rarity(basis: TextBasis) -> Callable[[str], float]:
    """A word → its IDF in the basis; what is not in there is generic where science writes it daily, else very rare."""

    def rarity(word: str) -> float:
        (key,) = token_hashes(word).astype(np.uint64)
        place = min(int(np.searchsorted(basis.keys, key)), len(basis.keys) - 1)
        if basis.keys[place] == key:
            return float(basis.weights[place])
        return 0.5 if word in COMMON else VERY_RARE

    return rarity


def _telling(
    words: Sequence[frozenset[tuple[str, str]]],
    titled: Sequence[frozenset[tuple[str, str]]],
    members: Sequence[int],
    others: Sequence[Sequence[int]],
    basis: TextBasis,
) -> tuple[str, ...]:
    """The phrases of a group by share of its papers × rarity over arXiv, less what other groups say as well.

    A paper that has a phrase in its title counts twice: that is what it is about.
    """
    rarity = _rarity(basis)
    here = Counter(pair for place in members for pair in words[place])
    in_title = Counter(pair for place in members for pair in titled[place])
    there = Counter(pair for group in others for place in group for pair in words[place])
    elsewhere = max(sum(map(len, others)), 1)
    enough = max(2, IN_SHARE * len(members))
    scored = []
    for pair, count in here.items():
        if count < enough:
            continue
        share = (count + in_title[pair]) / len(members) - there[pair] / elsewhere
        rarities = [rarity(word) for word in pair]
        if share > 0 and max(rarities) >= TELLING:
            scored.append((-share * sum(rarities), " ".join(pair)))
    chosen: list[str] = []
    for _, phrase in sorted(scored):
        if not any(set(phrase.split()) & set(other.split()) for other in chosen):
            chosen.append(phrase)
        if len(chosen) == MOST_PHRASES:
            break
    return tuple(chosen)
