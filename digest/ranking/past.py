"""What authors' earlier papers did: announced how often, listed how often, with whom, liked how much.

A *listing* is a paper that reached a list where people vote (Hugging Face Daily Papers). The table of listings keeps
who wrote each, the day, the first votes and how they grew; beside it stands how many papers each author announced. The
numbers of a paper follow from a join of its authors with the listings of earlier days: per author (counts, a rate, the
same with old listings fading), and per pair of papers (listings that share two or three of the authors: names collide,
teams do not). Names are 32 bits of a hash.

The shipped table is made by ``training/forecast.py``; a service adds its own listings (:meth:`Past.with_news`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from digest.ranking.authorship import NUMBERS, Counts, Floats, of_authors, of_growth, of_pairs, of_recent

Names = npt.NDArray[np.uint32]
Days = npt.NDArray[np.int32]
"""Proleptic ordinals, as ``datetime.date.toordinal`` has them."""

USUAL_GROWTH: Final = 0.9
"""By how much the logs of a listing's votes (plus 3) grow from the first morning on, in the mean."""

FADING_DAYS: Final = 150.0
"""Half-life of a listing in the recent rate of an author."""

GROWN_DAYS: Final = 9
"""Days after which a listing's votes have grown up: nobody could have known before."""

_CHUNK = 4_000
"""Papers joined at once: bounds memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listings:
    """Papers that were listed, in any order.

    ``papers`` tells which one it is, negative where nobody can ask; ``days`` when; ``liking`` is log(1 + votes) after
    some eight hours; ``growth`` is by how much the logs of votes (plus 3) grew from then on beyond the usual, NaN if
    unknown. ``names`` holds the authors of all, ``counts`` of them for each.
    """

    papers: npt.NDArray[np.int64]
    days: Days
    liking: npt.NDArray[np.float16]
    growth: npt.NDArray[np.float16]
    counts: npt.NDArray[np.uint16]
    names: Names

    def __len__(self) -> int:
        return len(self.days)

    @classmethod
    def none(cls) -> Self:
        return cls.joined([])

    @classmethod
    def joined(cls, parts: Sequence[Listings]) -> Self:
        """Several tables as one."""

        return cls(
            papers=np.concatenate([np.empty(0, np.int64), *(part.papers for part in parts)]),
            days=np.concatenate([np.empty(0, np.int32), *(part.days for part in parts)]),
            liking=np.concatenate([np.empty(0, np.float16), *(part.liking for part in parts)]),
            growth=np.concatenate([np.empty(0, np.float16), *(part.growth for part in parts)]),
            counts=np.concatenate([np.empty(0, np.uint16), *(part.counts for part in parts)]),
            names=np.concatenate([np.empty(0, np.uint32), *(part.names for part in parts)]),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Past:
    """All that is known of authors: ``keys`` sorted, ``seen`` beside them (papers announced), and the listings."""

    keys: Names
    seen: npt.NDArray[np.uint16]
    listings: Listings

    @classmethod
    def nothing(cls) -> Self:
        """A past in which nobody did anything."""
        return cls(keys=np.empty(0, np.uint32), seen=np.empty(0, np.uint16), listings=Listings.none())

    def with_news(self, names: Names, seen: npt.NDArray[np.integer], listings: Listings) -> Past:
        """This past and what came after it: papers announced by ``names`` (each once), and further listings."""
        keys, place = np.unique(np.concatenate([self.keys, names]), return_inverse=True)
        total = np.bincount(place, weights=np.concatenate([self.seen, seen]), minlength=len(keys))
        return Past(
            keys=keys.astype(np.uint32),
            seen=np.minimum(total, np.iinfo(np.uint16).max).astype(np.uint16),
            listings=Listings.joined([self.listings, listings]),
        )

    def announced(self, names: Names) -> Floats:
        """How many papers each of ``names`` announced."""
        if not len(self.keys):
            return np.zeros(len(names))
        each_once, which = np.unique(names, return_inverse=True)
        at = np.minimum(np.searchsorted(self.keys, each_once), len(self.keys) - 1)
        return np.where(self.keys[at] == each_once, self.seen[at], 0).astype(np.float64)[which]

    def numbers(self, names: Names, counts: Counts, days: Days, papers: npt.NDArray[np.int64]) -> Floats:
        """(papers, numbers): what the authors of each paper did before its day.

        Args:
            names: the authors' hashes, all papers' one after the other, ``counts`` of them for each.
            days: each paper's own; only listings from before it count.
            papers: which ones they are: a paper's own listing is not its authors' past.
        """
        return self.numbers_given(self.announced(names), names, counts, days, papers)

    def numbers_given(
        self, seen: Floats, names: Names, counts: Counts, days: Days, papers: npt.NDArray[np.int64]
    ) -> Floats:
        """:meth:`numbers` when it is known how many papers each author had announced by then."""
        bounds = np.concatenate([[0], np.cumsum(counts)])
        found = [np.empty((0, NUMBERS))]
        for start in range(0, len(counts), _CHUNK):
            rows = slice(start, min(start + _CHUNK, len(counts)))
            own = slice(bounds[rows.start], bounds[rows.stop])
            found.append(self._joined(seen[own], names[own], counts[rows], days[rows], papers[rows]))
        return np.vstack(found)

    @cached_property
    def _by_author(self) -> tuple[Names, Counts]:
        """The listings' authors, sorted, and the listing of each."""
        owners = np.repeat(np.arange(len(self.listings)), self.listings.counts)
        order = np.argsort(self.listings.names, kind="stable")
        return self.listings.names[order], owners[order]

    def _joined(self, seen: Floats, names: Names, counts: Counts, days: Days, papers: npt.NDArray[np.int64]) -> Floats:
        known, listing_of = self._by_author
        owner = np.repeat(np.arange(len(counts)), counts)
        # Looked up in order, which a cache likes several times better.
        each_once, which = np.unique(names, return_inverse=True)
        begin = np.searchsorted(known, each_once)
        first, size = begin[which], (np.searchsorted(known, each_once, side="right") - begin)[which]
        # One row per author of a paper and listing of theirs.
        author = np.repeat(np.arange(len(names)), size)
        listing = listing_of[np.arange(len(author)) - np.repeat(np.cumsum(size) - size - first, size)]
        paper = owner[author]
        table = self.listings
        before = (table.days[listing] < days[paper]) & (table.papers[listing] != papers[paper])
        author, listing, paper = author[before], listing[before], paper[before]
        age = (days[paper] - table.days[listing]).astype(np.float64)
        liking, growth = table.liking.astype(np.float64)[listing], table.growth.astype(np.float64)[listing]
        grown = ~np.isnan(growth) & (age >= GROWN_DAYS)

        def each(weights: Floats) -> Floats:
            return np.bincount(author, weights=weights, minlength=len(names)).astype(np.float64)

        listed = each(np.ones(len(author)))
        recent = each(0.5 ** (age / FADING_DAYS))
        growths, growing = each(np.where(grown, growth, 0.0)), each(grown.astype(np.float64))
        pairs, where, shared = np.unique(paper * max(len(table), 1) + listing, return_index=True, return_counts=True)
        return np.hstack(
            [
                of_authors(seen, listed, each(liking), counts),
                of_recent(seen, recent, counts),
                of_growth(growths, growing, counts),
                of_pairs(pairs // max(len(table), 1), shared, age[where], liking[where], counts),
            ]
        )
