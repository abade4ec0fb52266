"""A part of the search index: some papers as postings, words in order, vectors, and what filters ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from digest.ranking.clusters import Clusters
from digest.ranking.packed import headers
from digest.ranking.postings import Postings
from digest.ranking.text import HEADER, category_hash
from digest.ranking.tokens import SEPARATOR, TokenHashes, token_hashes, tokenise

Mask = npt.NDArray[np.bool_]

_MOST_AUTHORS: Final = 5000
_NAME, _FIELD = 1 << 32, 2 << 32
"""What sets words of names, and fields, apart from words of texts."""


class SearchRow(NamedTuple):
    """One paper for the index; ``features`` is :class:`digest.ranking.text.Features` packed."""

    paper_id: int
    announced_at: int
    """Seconds since 1970."""
    authors: Sequence[str]
    features: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What must hold for a paper to be found at all."""

    category: str = ""
    """``cs.LG``, or an archive: ``cs``."""
    author: str = ""
    """Every word of it stands in its authors' names."""
    since: int | None = None
    """News at or after this instant, in seconds since 1970."""
    until: int | None = None
    """And before this one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """Papers by their number in the segment. Made once; only ``alive`` differs between an older and a newer index."""

    ids: npt.NDArray[np.int64]
    announced_at: npt.NDArray[np.int64]
    alive: Mask
    postings: Postings
    tokens: TokenHashes
    """Of all papers one after the other: title, separator, abstract, separator; paper ``i`` ends at ``ends[i]``."""
    ends: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float16]
    clusters: Clusters

    @classmethod
    def of(cls, rows: Sequence[SearchRow], dims: int) -> Segment:
        """
        Raises:
            ValueError: features of another text basis.
        """
        blobs = [row.features for row in rows]
        header = headers(blobs, dims)
        at = HEADER.itemsize + 2 * dims
        texts = [np.frombuffer(b, "<u4", int(n), at) for b, n in zip(blobs, header["tokens"], strict=True)]
        counts = np.array([len(text) for text in texts], dtype=np.int64)
        tokens = np.concatenate(texts or [np.empty(0, np.uint32)]).astype(np.uint32, copy=False)
        ends = np.cumsum(counts)
        in_title = np.arange(len(tokens)) - np.repeat(ends - counts, counts) < np.repeat(header["title"], counts)
        others = [
            np.concatenate([_names(row.authors), _fields(row.features, int(n))])
            for row, n in zip(rows, header["categories"], strict=True)
        ]
        numbers = np.arange(len(rows), dtype=np.int32)
        words = tokens != SEPARATOR
        owners = np.repeat(numbers, [len(some) for some in others])
        postings = Postings.of(
            np.concatenate([tokens[words].astype(np.uint64), *others]),
            np.concatenate([np.repeat(numbers, counts)[words], owners]),
            np.concatenate([in_title[words], np.zeros(len(owners), dtype=bool)]),
            lengths=counts.astype(np.float32),
        )
        vectors = np.empty((len(rows), dims), dtype=np.float16)
        for row, blob in enumerate(blobs):
            vectors[row] = np.frombuffer(blob, "<f2", dims, HEADER.itemsize)
        return cls(
            ids=np.array([row.paper_id for row in rows], dtype=np.int64),
            announced_at=np.array([row.announced_at for row in rows], dtype=np.int64),
            alive=np.ones(len(rows), dtype=bool),
            postings=postings,
            tokens=tokens,
            ends=ends,
            vectors=vectors,
            clusters=Clusters.of(vectors),
        )

    def without(self, gone: Collection[int]) -> Segment:
        """The same without some papers, by their ids."""
        lost = np.isin(self.ids, np.fromiter(gone, np.int64, len(gone)))
        return replace(self, alive=self.alive & ~lost) if lost.any() else self

    def text(self, number: int) -> TokenHashes:
        """The words of one paper in order."""
        start = self.ends[number - 1] if number else 0
        return self.tokens[start : self.ends[number]]

    def allowed(self, filters: Filters, unwanted: Iterable[int]) -> Mask:
        """Who may be found at all; ``unwanted`` are the keys of words that must not be there."""
        mask = self.alive.copy()
        if filters.since is not None:
            mask &= self.announced_at >= filters.since
        if filters.until is not None:
            mask &= self.announced_at < filters.until
        field = [_field_key(category_hash(filters.category))] if filters.category else []
        for key in (*field, *(name_key(word) for word in tokenise(filters.author))):
            has = np.zeros(len(mask), dtype=bool)
            has[self.postings.having(key)[0]] = True
            mask &= has
        for key in unwanted:
            mask[self.postings.having(key)[0]] = False
        return mask


def word_key(word: str) -> int:
    """The key, in titles and abstracts, of one word that :func:`digest.ranking.tokens.tokenise` made."""
    return int(token_hashes(word)[0])


def name_key(word: str) -> int:
    """The key of one word in authors' names."""
    return _NAME | word_key(word)


def _field_key(category: int) -> int:
    return _FIELD | (category & 0xFFFFFFFF)


def _names(authors: Sequence[str]) -> npt.NDArray[np.uint64]:
    words = {_NAME | int(key) for name in authors[:_MOST_AUTHORS] for key in token_hashes(name)}
    return np.fromiter(words, np.uint64, len(words))


def _fields(blob: bytes, count: int) -> npt.NDArray[np.uint64]:
    categories = np.frombuffer(blob, "<u8", count, len(blob) - 8 * count)
    return np.uint64(_FIELD) | (categories.astype(np.uint64) & np.uint64(0xFFFFFFFF))
