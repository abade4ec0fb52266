"""More and less like this → one summand of the score, in closed form.

The papers a reader wanted more of have a direction in common (:mod:`digest.ranking.examples`), those they wanted less
of another. How unusually close a candidate is to each, in standard deviations over arXiv at large, is evidence for and
against it. Two directions and not one difference, so that "less of this" never speaks *for* what is merely unlike it.

    part = strength(more) × evidence(z_more) − strength(less) × evidence(z_less)
    strength = Σ weights / (1 + Σ weights)

A first word counts half, three count three quarters; weights fade (:mod:`digest.feedback`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from digest.languages import Language
from digest.ranking.corpus import Corpus
from digest.ranking.examples import Background
from digest.ranking.packed import Rows
from digest.ranking.text import Features, Vectors

Floats = npt.NDArray[np.float64]

START: Final = 1.0
"""Deviations above the mean from which a candidate counts as like the others."""
SLOPE: Final = 0.8
MOST: Final = 4.0
"""What feedback can add or take away at full strength: enough to lift a paper over the threshold, or to sink a hit."""
HALF_STRENGTH: Final = 1.0
"""The sum of weights that has half the say."""
WORTH_TELLING: Final = 0.3
"""The part that feedback must have in a score before it is a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One word about one paper: ``weight`` in 0…1, ``features`` packed, the title to name it by."""

    more: bool
    weight: float
    features: bytes
    title: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Side:
    """All that was wanted more of, or less. ``papers`` (k, dims) in the background's coordinates, weighted."""

    direction: Vectors
    shift: float
    strength: float
    papers: Vectors
    titles: tuple[str, ...]

    @classmethod
    def of(cls, opinions: Sequence[Opinion], background: Background) -> _Side | None:
        weights = np.array([opinion.weight for opinion in opinions], dtype=np.float32)
        if not weights.sum() > 0:
            return None
        vectors = np.stack([Features.unpack(opinion.features).vector for opinion in opinions]).astype(np.float32)
        papers = background.coordinates(vectors) * weights[:, None]
        direction, shift = background.in_basis(background.direction(papers))
        total = float(weights.sum())
        return cls(
            direction=direction,
            shift=shift,
            strength=total / (HALF_STRENGTH + total),
            papers=papers,
            titles=tuple(opinion.title for opinion in opinions),
        )

    def evidence(self, deviations: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        return np.asarray(np.clip(SLOPE * (deviations - START), 0.0, MOST) * self.strength)

    def of_rows(self, corpus: Corpus, rows: Rows) -> Floats:
        # Row by row: the same to the last bit, whoever else is asked about.
        deviations = np.vecdot(corpus.matrix[rows], self.direction).astype(np.float64) - self.shift
        return np.asarray(self.evidence(deviations), dtype=np.float64)

    def nearest(self, background: Background, vector: Vectors) -> str:
        """The title of the paper that has most in common with ``vector`` (dims,)."""
        return self.titles[int((self.papers @ background.coordinates(vector[None, :])[0]).argmax())]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeedbackModel:
    """One reader's words as numbers, ready to score."""

    background: Background
    more: _Side | None
    less: _Side | None

    @classmethod
    def of(cls, opinions: Sequence[Opinion], background: Background) -> FeedbackModel | None:
        """None where nothing was said, or nothing that still counts."""
        more = _Side.of([opinion for opinion in opinions if opinion.more], background)
        less = _Side.of([opinion for opinion in opinions if not opinion.more], background)
        return cls(background=background, more=more, less=less) if more or less else None

    def estimate(self, matrix: Vectors) -> Vectors:
        """(n,) float32 for all candidates at once: for finding the few that are scored exactly."""
        total = np.zeros(len(matrix), dtype=np.float32)
        for side, sign in ((self.more, 1), (self.less, -1)):
            if side is not None:
                total += sign * side.evidence(matrix @ side.direction - np.float32(side.shift)).astype(np.float32)
        return total

    def part(self, corpus: Corpus, rows: Rows) -> Floats:
        """The summand of a few papers."""
        total = np.zeros(len(rows))
        if self.more is not None:
            total += self.more.of_rows(corpus, rows)
        if self.less is not None:
            total -= self.less.of_rows(corpus, rows)
        return total

    def note(self, corpus: Corpus, row: int, part: float, language: Language) -> str:
        """Which of the reader's words had the most to do with it."""
        side = self.more if part > 0 else self.less
        if side is None or not part:
            return ""
        title = side.nearest(self.background, corpus.matrix[row])
        if part > 0:
            return language.gettext("like “%(title)s”, which you wanted more of", title=title)
        return language.gettext("like “%(title)s”, which you wanted less of", title=title)
