"""A library of example papers → one direction, in closed form over statistics that all libraries share.

Linear discriminant analysis (Fisher 1936) with everybody's covariance for both classes, and a Gaussian process's way of
not counting like examples twice (its weights with the other examples as the only evidence):

    coordinates  z(x) = (x − mean) V (w + ridge)^−½,     with covariance = V diag(w) Vᵀ
    weights      a = (I + redundancy × K)⁻¹ 1,         K = z zᵀ of the library's papers, scaled to a mean diagonal of 1
    direction    Σ aᵢ z(xᵢ)

The papers that are *not* in the library are the negatives: all that is needed of them is their mean and covariance,
which is computed once, as are the coordinates of papers that many libraries may hold. A library of k papers costs
``k² × dims`` and no iteration. Nothing here knows which basis made the vectors: ``benchmarks/interests.py`` gives it
another one than the product ships.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

MOST_EXAMPLES: Final = 500
"""Papers of one library that count: the weights need a square matrix of them."""
_NOTHING: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a basis is used. ``ridge`` is in units of the mean variance: far above 1, the axes are left as they are."""

    ridge: float
    redundancy: float


COARSE: Final = Manner(ridge=1000.0, redundancy=1.0)
"""For a few hundred axes, which know the field: what the product's basis has."""
FINE: Final = Manner(ridge=3.0, redundancy=0.3)
"""For thousands, which know the subject: the directions in which papers differ anyway count for less."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Background:
    """What papers at large look like in some basis, ready to tell what is unusual about a few of them.

    ``mean`` (dims,); ``whitener`` (dims, dims) to coordinates that are uncorrelated; ``variances`` (dims,) of those,
    just under 1 for the axes along which papers differ most.
    """

    mean: Vectors
    whitener: Vectors
    variances: Floats
    redundancy: float

    @classmethod
    def of_moments(
        cls, mean: npt.NDArray[np.floating], covariance: npt.NDArray[np.floating], manner: Manner = COARSE
    ) -> Self:
        """From moments that are known already, ``mean`` (dims,) and ``covariance`` (dims, dims)."""
        values, axes = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
        values = np.maximum(values, 0.0)
        raised = values + max(manner.ridge * float(values.mean()), _NOTHING)
        return cls(
            mean=mean.astype(np.float32),
            whitener=(axes / np.sqrt(raised)).astype(np.float32),
            variances=np.asarray(values / raised, dtype=np.float64),
            redundancy=manner.redundancy,
        )

    @classmethod
    def of_papers(cls, vectors: Vectors, manner: Manner = COARSE) -> Self:
        """From the vectors (papers, dims) of all papers that are known: one at least."""
        mean = vectors.mean(axis=0, dtype=np.float64)
        second = (vectors.T @ vectors).astype(np.float64) / len(vectors)
        return cls.of_moments(mean, second - np.outer(mean, mean), manner)

    def coordinates(self, vectors: Vectors) -> Vectors:
        """(papers, dims) in the basis → (papers, dims) around 0, without correlation."""
        return np.asarray((vectors - self.mean) @ self.whitener, dtype=np.float32)

    def direction(self, library: Vectors) -> Vectors:
        """What a library has in common, from the coordinates (papers, dims) of its papers.

        A paper's coordinates times it have mean 0 and deviation 1 over papers at large. An empty library, or one of
        papers that differ in nothing from the mean, gives zeros. Only the first ``MOST_EXAMPLES`` papers count.
        """
        library = library[:MOST_EXAMPLES]
        likeness = (library @ library.T).astype(np.float64)
        size = float(np.trace(likeness)) / max(len(library), 1)
        if not size > _NOTHING:
            return np.zeros(len(self.mean), dtype=np.float32)
        weights = np.linalg.solve(np.eye(len(library)) + self.redundancy / size * likeness, np.ones(len(library)))
        common = (weights.astype(np.float32) @ library).astype(np.float64)
        deviation = np.sqrt(max(float(common**2 @ self.variances), _NOTHING))
        return np.asarray(common / deviation, dtype=np.float32)

    def in_basis(self, direction: Vectors) -> tuple[Vectors, float]:
        """A direction in coordinates as (direction, shift) for vectors as they are: ``x @ direction − shift``."""
        back = np.asarray(self.whitener @ direction, dtype=np.float32)
        return back, float(back.astype(np.float64) @ self.mean)
