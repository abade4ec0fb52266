"""A reader's lanes → models that score every candidate: how likely is this paper *mine*?

Relevance is a log-odds: 0 means as likely as not, and it adds up from evidence on the same scale in every lane.

    relevance = PRIOR + phrase + likeness + category

- *phrase*: the lane's words stand in the title or abstract, in order; or, for less, all of them in any place. Rare
  phrases tell more than common ones.
- *likeness*: how unusually close the paper's vector is to the lane's direction (the mean of its phrases' vectors; with
  examples, the discriminant of :mod:`digest.ranking.examples`), in standard deviations of the similarity over arXiv at
  large. Mean and deviation come in closed form from the basis's mean and covariance, so the scale is the same for a
  lane of one phrase and one of 300 papers, on any day.
- *category*: settles it for a lane that has nothing else to go by, and is a hint for all others.

Authors are no evidence about the subject: they are looked up here and scored by :mod:`digest.ranking.selection`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from digest.model import Identifier, Lane
from digest.ranking.corpus import CategoryRows, Corpus, PhraseHits
from digest.ranking.examples import Background
from digest.ranking.packed import Rows
from digest.ranking.people import Person, person
from digest.ranking.text import Features, Vectors
from digest.ranking.tokens import token_hashes

Floats = npt.NDArray[np.float64]

PRIOR: Final = -3.0
"""One paper in twenty of those that arrive is wanted, before anything is known of it."""

IN_TITLE: Final = 4.5
IN_ABSTRACT: Final = 3.0
APART: Final = 1.5
"""All telling words of a phrase are there, but not side by side."""
TOO_COMMON: Final = 0.5
"""A word that stands more often than this per paper is not telling ("for", "model")."""
TWICE: Final = 0.5
"""For each further mention, and three of them at most."""
ANOTHER_PHRASE: Final = 0.4
"""The share of its own evidence that each further phrase of the lane adds to the best one."""
MOST_BY_PHRASES: Final = 7.0
RARE: Final = 0.003
"""A phrase in this share of the papers counts in full; one in all of them counts COMMON_COUNTS of that."""
COMMON_COUNTS: Final = 0.5

FEEDBACK: Final = 0.7
"""The part that the papers with a phrase have in what the phrase means; many hits have all of it, one a third."""
_MOST_HITS: Final = 200

CATEGORY_ALONE: Final = 3.5
CATEGORY_HINT: Final = 0.5
CROSS_LISTED: Final = 0.3
"""What a category that is not the paper's first takes away."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Evidence from a similarity that is ``z`` deviations above the mean: ``slope × (z − start)``, within 0 … most."""

    slope: float
    start: float
    most: float


BY_PHRASES: Final = Likeness(slope=0.6, start=2.0, most=5.0)
"""A phrase's vector knows the neighbourhood, not the street: it supports, and suffices from seven deviations on."""
BY_EXAMPLES: Final = Likeness(slope=1.0, start=0.5, most=9.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhraseEvidence:
    """A phrase as the reader wrote it, where it stands, and what that is worth."""

    phrase: str
    hits: PhraseHits
    apart: Rows
    """Papers that have its words, but not side by side."""
    rows: Rows
    worth: Floats
    """Both together, each row once: what the phrase says of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaneModel:
    """One lane, ready to score.

    ``direction`` (dims,) gives a paper's deviations above the mean as ``matrix @ direction − shift``; zeros if the lane
    has neither phrases nor examples. ``rows`` and ``bonus`` hold what phrases and categories add, rows ascending.
    """

    name: str
    direction: Vectors
    shift: float
    likeness: Likeness
    rows: Rows
    bonus: Floats
    phrases: tuple[PhraseEvidence, ...]
    categories: tuple[CategoryRows, ...]
    authors: tuple[Person, ...]
    examples: int
    """How many of its examples are known."""

    def likeness_of(self, vectors: Vectors) -> Floats:
        """The evidence by likeness of a few papers (rows, dims): the same to the last bit, whoever else is there."""
        # Row by row, no matrix product: that sums in an order that depends on the shape, and ties on the company.
        deviations = np.vecdot(vectors, self.direction).astype(np.float64) - self.shift
        evidence = self.likeness.slope * (deviations - self.likeness.start)
        return np.asarray(np.minimum(np.maximum(evidence, 0.0), self.likeness.most), dtype=np.float64)

    def bonus_of(self, rows: Rows) -> Floats:
        """What phrases and categories add for a few papers."""
        if not len(self.rows):
            return np.zeros(len(rows))
        place = np.minimum(self.rows.searchsorted(rows), len(self.rows) - 1)
        return np.where(self.rows[place] == rows, self.bonus[place], 0.0)

    def to_relevance(self, products: Vectors) -> None:
        """Turn products with ``direction`` (n,) into the relevance of the whole corpus, in place and in float32."""
        if self.likeness.slope != 1.0:
            products *= self.likeness.slope
        products += PRIOR - self.likeness.slope * (self.shift + self.likeness.start)
        np.clip(products, PRIOR, PRIOR + self.likeness.most, out=products)
        products[self.rows] += self.bonus


class LaneBuilder:
    """Makes lane models over one corpus; phrases and authors that readers share are looked up once."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._vectors: dict[str, Vectors] = {}
        self._hits: dict[str, PhraseEvidence] = {}
        self._meanings: dict[str, Vectors] = {}
        self._mean = corpus.basis.mean
        self._covariance = corpus.basis.covariance

    @cached_property
    def background(self) -> Background:
        """Only lanes with examples need it, and it takes a tenth of a second."""
        return Background.of_moments(self._corpus.basis.mean, self._corpus.basis.covariance)

    def prepare(self, lanes: Sequence[Lane], muted_words: Sequence[str] = ()) -> None:
        """Look up the phrases of many lanes at once; :meth:`build` would do it one by one."""
        phrases = [p for lane in lanes for p in lane.phrases if p not in self._vectors]
        fresh = list(dict.fromkeys(phrases))
        words = [token_hashes(phrase) for phrase in (*fresh, *muted_words)]
        self._corpus.prepare(word for hashes in words for word in hashes.tolist())
        self._vectors.update(zip(fresh, self._corpus.basis.embed_tokens(words[: len(fresh)]), strict=True))

    def build(self, lane: Lane, examples: Mapping[Identifier, bytes]) -> LaneModel:
        """
        Args:
            examples: packed features of the papers that lanes give as examples; those that are missing are left out.
        """
        corpus = self._corpus
        self.prepare([lane])
        known = [Features.unpack(examples[name]).vector for name in lane.examples if name in examples]
        phrases = [self._phrase(phrase) for phrase in lane.phrases]
        categories = tuple(corpus.by_category(category) for category in lane.categories)
        alone = not lane.phrases and not lane.examples
        rows, bonus = _combine(phrases, categories, alone=alone, size=len(corpus))
        wanted = [self._meaning(evidence) for evidence in phrases]
        direction, shift = self._direction(wanted, known)
        return LaneModel(
            name=lane.name,
            direction=direction,
            shift=shift,
            likeness=BY_EXAMPLES if known else BY_PHRASES,
            rows=rows,
            bonus=bonus,
            phrases=tuple(phrases),
            categories=categories,
            authors=tuple(person(name) for name in lane.authors if name.strip()),
            examples=len(known),
        )

    def _phrase(self, phrase: str) -> PhraseEvidence:
        if phrase not in self._hits:
            words = token_hashes(phrase).tolist()
            hits = self._corpus.phrase(words)
            # The share is drawn towards that of a rare phrase, so that a corpus of 60 papers does not call all common.
            share = (len(hits.rows) + 1) / (len(self._corpus) + 1 / RARE)
            rarity = min(max(math.log(share) / math.log(RARE), 0.0), 1.0)
            weight = COMMON_COUNTS + (1 - COMMON_COUNTS) * rarity
            found = np.where(hits.in_title, IN_TITLE, IN_ABSTRACT) + TWICE * np.minimum(hits.counts - 1, 3)
            apart = np.setdiff1d(self._together(words), hits.rows, assume_unique=True)
            self._hits[phrase] = PhraseEvidence(
                phrase=phrase,
                hits=hits,
                apart=apart,
                rows=np.concatenate([hits.rows, apart]),
                worth=np.concatenate([weight * found, np.full(len(apart), APART)]),
            )
        return self._hits[phrase]

    def _meaning(self, evidence: PhraseEvidence) -> Vectors:
        """What a phrase is about: its own words, and the mean of the papers that have it (Rocchio 1971, with the exact
        hits for the relevant ones): "digital pathology" alone is as close to digital twins as to slides."""
        phrase, rows = evidence.phrase, evidence.hits.rows
        if not len(rows):
            return self._vectors[phrase]
        if phrase not in self._meanings:
            mean = self._corpus.matrix[rows[:_MOST_HITS]].mean(axis=0)
            length = float(np.linalg.norm(mean))
            together = self._vectors[phrase] + FEEDBACK * len(rows) / (len(rows) + 2) * mean / max(length, 1e-9)
            unit = together / max(float(np.linalg.norm(together)), 1e-9)
            self._meanings[phrase] = np.asarray(unit, dtype=np.float32)
        return self._meanings[phrase]

    def _direction(self, wanted: Sequence[Vectors], known: Sequence[Vectors]) -> tuple[Vectors, float]:
        """(direction, shift) of what the phrases mean and the examples are; see :class:`LaneModel`."""
        vectors = [vector for vector in (*known, *wanted) if vector.any()]
        if not vectors:
            return np.zeros(self._corpus.basis.dims, dtype=np.float32), 0.0
        if known:
            background = self.background
            return background.in_basis(background.direction(background.coordinates(np.stack(vectors))))
        centre = sum(vectors[1:], start=vectors[0]) / np.float32(len(vectors))
        deviation = math.sqrt(max(float(self._covariance @ centre @ centre), 1e-12))
        return centre / np.float32(deviation), float(centre @ self._mean) / deviation

    def _together(self, words: Sequence[int]) -> Rows:
        """Papers with all telling words of a phrase, wherever they stand; none if it has fewer than two."""
        most = TOO_COMMON * len(self._corpus) + 1
        telling = [word for word in dict.fromkeys(words) if self._corpus.occurrences(word) <= most]
        if len(telling) < 2:
            return np.empty(0, dtype=np.intp)
        common, *others = sorted((self._corpus.word(word) for word in telling), key=len)
        for found in others:
            common = np.intersect1d(common, found, assume_unique=True)
        return common


def _combine(
    phrases: Sequence[PhraseEvidence], categories: Sequence[CategoryRows], *, alone: bool, size: int
) -> tuple[Rows, Floats]:
    """The evidence of phrases and categories, for the rows that have any."""
    touched = np.zeros(size, dtype=bool)
    for where in (*(phrase.rows for phrase in phrases), *(category.rows for category in categories)):
        touched[where] = True
    rows = np.flatnonzero(touched)
    # As long as the corpus, but only what is touched is ever written or read.
    bonus, total = np.empty(size), np.empty(size)
    bonus[rows] = 0.0
    if len(phrases) > 1:
        total[rows] = 0.0
    for phrase in phrases:
        bonus[phrase.rows] = np.maximum(bonus[phrase.rows], phrase.worth)
        if len(phrases) > 1:
            total[phrase.rows] += phrase.worth
    said = bonus[rows]
    if len(phrases) > 1:
        said += ANOTHER_PHRASE * (total[rows] - said)
    np.minimum(said, MOST_BY_PHRASES, out=said)
    if not categories:
        return rows, said
    bonus[rows] = 0.0
    for category in categories:
        weight = (CATEGORY_ALONE if alone else CATEGORY_HINT) - np.where(category.is_primary, 0.0, CROSS_LISTED)
        bonus[category.rows] = np.maximum(bonus[category.rows], weight)
    return rows, said + bonus[rows]
