"""Packed features of many papers at once: headers, which row has which hash, how much a text's length says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from digest.ranking.text import HEADER, MAGIC, Hashes, Vectors

Rows = npt.NDArray[np.intp]
"""Row numbers of papers in the corpus, ascending."""

HALF_TOLD: Final = np.float32(15)
"""Words of which half is believed."""

FULL_LENGTH: Final = np.float32(150)
"""Words of an ordinary abstract, believed in full."""


@dataclass(frozen=True, eq=False)
class HashIndex:
    """Which rows have a hash; sorted on first use."""

    values: Hashes
    counts: npt.NDArray[np.integer]

    @classmethod
    def of(cls, data: bytes, counts: npt.NDArray[np.integer]) -> HashIndex:
        return cls(np.frombuffer(data, "<u8").astype(np.uint64, copy=False), counts)

    @cached_property
    def _sorted(self) -> tuple[Hashes, Rows]:
        owners = np.repeat(np.arange(len(self.counts)), self.counts)
        order = np.argsort(self.values, kind="stable")
        return self.values[order], owners[order]

    def table(self, wanted: Sequence[int]) -> npt.NDArray[np.float64]:
        """(rows, wanted): 1 where a row has the hash, else 0."""
        found = np.zeros((len(self.counts), len(wanted)))
        owners = np.repeat(np.arange(len(self.counts)), self.counts)
        for column, value in enumerate(wanted):
            found[owners[self.values == np.uint64(value)], column] = 1
        return found

    def rows(self, value: int) -> Rows:
        values, owners = self._sorted
        key = np.uint64(value)
        found = owners[np.searchsorted(values, key) : np.searchsorted(values, key, side="right")]
        return found[runs(found)]


def runs(values: Rows) -> Rows:
    """Where each run of equal values begins."""
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    return np.concatenate([np.zeros(min(len(values), 1), dtype=np.intp), changes])


def weight_of_length(tokens: npt.NDArray[np.integer]) -> Vectors:
    """(n, 1) what a vector is shortened by: a title alone says little, whatever its few words are close to."""
    words = tokens.astype(np.float32)
    full = (words / (words + HALF_TOLD)) / (FULL_LENGTH / (FULL_LENGTH + HALF_TOLD))
    return np.minimum(full, np.float32(1))[:, None]


def headers(blobs: Sequence[bytes], dims: int) -> npt.NDArray[np.void]:
    header = np.frombuffer(b"".join([blob[: HEADER.itemsize] for blob in blobs]), HEADER.str if not blobs else np.uint8)
    if not blobs:
        return np.empty(0, dtype=HEADER)
    if len(header) != len(blobs) * HEADER.itemsize:
        raise ValueError("packed features are cut off")
    header = header.view(HEADER)
    lengths = np.fromiter(map(len, blobs), dtype=np.int64, count=len(blobs))
    expected = (
        HEADER.itemsize
        + 2 * header["dims"].astype(np.int64)
        + 4 * header["tokens"].astype(np.int64)
        + 8 * (header["authors"].astype(np.int64) + header["categories"])
    )
    if (header["magic"] != MAGIC).any() or (header["dims"] != dims).any() or (lengths != expected).any():
        raise ValueError("features were made with another text basis, or are damaged: delete them and ingest again")
    return header
