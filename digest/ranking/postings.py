"""Which papers have a word, and what it counts there: BM25 computed when the index is made, summed when it is asked.

BM25 (Robertson and Zaragoza 2009) with words of the title counted as several; what depends on one word in one paper is
worked out beforehand ("eager" scoring: Lù, "BM25S", 2024), so a query is a few additions over sparse columns. Only the
word's rarity is left for the query, since that changes with every paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from digest.ranking.text import Hashes, Vectors

Docs = npt.NDArray[np.int32]
"""Numbers of papers in one segment, ascending."""

K1: Final = 1.2
B: Final = 0.75
IN_TITLE: Final = 3
"""A word of the title counts as so many of the abstract."""
KEY_BITS: Final = 34
"""Of a term's key."""
_DOC_BITS: Final = 64 - KEY_BITS - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Postings:
    """``keys`` (terms,) ascending; term ``t`` is in ``docs[starts[t]:starts[t + 1]]`` with ``impacts`` beside it."""

    keys: Hashes
    starts: npt.NDArray[np.int64]
    docs: Docs
    impacts: Vectors

    @classmethod
    def of(cls, keys: Hashes, docs: Docs, in_title: npt.NDArray[np.bool_], *, lengths: Vectors) -> Postings:
        """
        Args:
            keys: one for each occurrence of a term, in any order; ``docs`` and ``in_title`` stand beside them.
            lengths: by paper, in words, for BM25's normalisation.
        """
        # One number for each occurrence, so that sorting takes no index: key, paper, title.
        packed = (keys << np.uint64(_DOC_BITS + 1)) | (docs.astype(np.uint64) << np.uint64(1)) | in_title
        packed.sort()
        pairs = packed >> np.uint64(1)
        first = np.ones(len(pairs), dtype=bool)
        np.not_equal(pairs[1:], pairs[:-1], out=first[1:])
        begin = np.flatnonzero(first)
        weights = 1 + (IN_TITLE - 1) * (packed & np.uint64(1)).astype(np.float32)
        frequency = np.add.reduceat(weights, begin) if len(begin) else weights
        pairs = pairs[begin]
        docs = (pairs & np.uint64((1 << _DOC_BITS) - 1)).astype(np.int32)
        terms, starts = np.unique(pairs >> np.uint64(_DOC_BITS), return_index=True)
        relative = (lengths / max(float(lengths.mean()), 1.0))[docs] if len(docs) else frequency
        impacts = frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * relative))
        return cls(
            keys=terms,
            starts=np.append(starts, len(docs)).astype(np.int64),
            docs=docs,
            impacts=impacts.astype(np.float32),
        )

    def having(self, key: int) -> tuple[Docs, Vectors]:
        """The papers that have a term, and what it counts in each before its rarity."""
        wanted = np.uint64(key)
        at = int(np.searchsorted(self.keys, wanted))
        if at == len(self.keys) or self.keys[at] != wanted:
            return self.docs[:0], self.impacts[:0]
        span = slice(self.starts[at], self.starts[at + 1])
        return self.docs[span], self.impacts[span]


def rarity(having: int, of: int) -> float:
    """The inverse document frequency of BM25, never negative: ``ln(1 + (N - n + 0.5) / (n + 0.5))``."""
    return float(np.log1p((of - having + 0.5) / (having + 0.5)))
