"""The papers nearest to a question, without comparing all: vectors in clusters, of which the nearest are looked into.

An inverted file (Jégou, Douze and Schmid, "Product quantization for nearest neighbor search", TPAMI 2011, section 4;
"IVF flat" elsewhere): k-means puts each vector to one of some hundred centres, and a question is compared to the
centres first. Within a cluster the first dimensions choose whose vectors are compared whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from digest.ranking.text import Vectors

HEAD: Final = 128
"""Dimensions that are compared in the chosen clusters: the basis is ordered, the first ones say most."""
_SIZE: Final = 195
"""Papers of a cluster, on average."""
_ROUNDS: Final = 4
_AT_ONCE: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """Cluster ``c`` around ``centres[c]`` (k, dims) has the papers ``order[starts[c]:starts[c + 1]]`` of a segment, and
    their first dimensions lie side by side in ``heads`` (n, HEAD) in that order."""

    centres: Vectors
    starts: npt.NDArray[np.int64]
    order: npt.NDArray[np.int32]
    heads: Vectors

    @classmethod
    def of(cls, vectors: npt.NDArray[np.float16]) -> Clusters:
        """Lloyd's k-means from evenly spaced vectors on: the same vectors give the same clusters."""
        count = max(1, len(vectors) // _SIZE)
        exact = vectors.astype(np.float32)
        centres = exact[np.linspace(0, len(exact) - 1, count).astype(np.int64)] if len(exact) else exact
        owner = np.zeros(len(exact), dtype=np.int64)
        for _ in range(_ROUNDS if count > 1 else 0):
            owner = _nearest(exact, centres)
            sums, sizes = np.zeros_like(centres), np.bincount(owner, minlength=count)
            order = np.argsort(owner, kind="stable")
            begins = (np.cumsum(sizes) - sizes)[sizes > 0]
            sums[sizes > 0] = np.add.reduceat(exact[order], begins, axis=0)
            centres = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres).astype(np.float32)
        order = np.argsort(owner, kind="stable")
        sizes = np.bincount(owner, minlength=len(centres))
        return cls(
            centres=centres,
            starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            order=np.asarray(order, dtype=np.int32),
            heads=np.ascontiguousarray(exact[order, :HEAD]),
        )

    def look_into(self, chosen: npt.NDArray[np.int64], vector: Vectors) -> tuple[npt.NDArray[np.int32], Vectors]:
        """The papers of the chosen clusters, and the product of each one's head with that of ``vector`` (dims,)."""
        spans = [slice(self.starts[cluster], self.starts[cluster + 1]) for cluster in chosen.tolist()]
        head = vector[:HEAD]
        return (
            np.concatenate([self.order[span] for span in spans] or [self.order[:0]]),
            np.concatenate([self.heads[span] @ head for span in spans] or [np.empty(0, np.float32)]),
        )


def _nearest(vectors: Vectors, centres: Vectors) -> npt.NDArray[np.int64]:
    """(n,) the centre with the least distance of each vector."""
    half_norms = (centres * centres).sum(axis=1) / 2
    parts = (vectors[start : start + _AT_ONCE] for start in range(0, len(vectors), _AT_ONCE))
    return np.concatenate([(part @ centres.T - half_norms).argmax(axis=1) for part in parts])
