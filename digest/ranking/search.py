"""Search by words and by meaning together, over what the store keeps of every paper for the ranker.

*Words* are BM25 (:mod:`digest.ranking.postings`) over titles, abstracts and authors' names, and more where they stand
side by side as they were typed; *meaning* is the similarity of the text basis. The two orders become one by reciprocal
rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009), which needs no common scale. Filters hold for both.

The index lies in memory in *segments*: new papers are a new one, and when there are many, all is made anew. A paper is
known here by its *row*, counted through all segments.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from digest.ranking.postings import rarity
from digest.ranking.questions import Question
from digest.ranking.segments import Filters, Mask, SearchRow, Segment, name_key, word_key
from digest.ranking.text import Vectors
from digest.ranking.tokens import TokenHashes

__all__ = ["Filters", "Found", "Hit", "SearchIndex", "SearchRow"]

Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Numbers = npt.NDArray[Any]

FUSED: Final = 60
"""The constant of reciprocal rank fusion, as in its paper."""
MEANING: Final = 0.25
"""What an order by meaning counts beside one by words: words that were typed are meant (docs/decisions.md)."""
DEEP: Final = 300
"""So many of each order are fused, and that is as far as pages go."""
READ: Final = 150
"""So many of the best by their words are looked at for words side by side."""
READ_FOR_PHRASES: Final = 3000
"""So many of the best that have all words of a phrase are looked at for the phrase."""
SIDE_BY_SIDE: Final = 0.5
"""What a question's score grows by where all of its neighbouring words are neighbours in the paper."""
_SAMPLED: Final = 32
"""One score in so many tells where the highest begin."""
NEAR: Final = 400
"""So many of the nearest by their first dimensions are compared whole."""
NEAR_SHARE: Final = 14
"""One paper in so many lies in the clusters that are looked into."""
LEAST_NEAR: Final = 2000
"""And at least so many: who are fewer are all compared whole."""


class Hit(NamedTuple):
    paper_id: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best hits in order, at most :data:`DEEP`; ``matching``: how many papers have every word."""

    hits: tuple[Hit, ...] = ()
    matching: int = 0


NO_FILTERS: Final = Filters()


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchIndex:
    """All searchable papers, in segments."""

    segments: tuple[Segment, ...] = ()

    def __len__(self) -> int:
        return sum(int(segment.alive.sum()) for segment in self.segments)

    @cached_property
    def _ids(self) -> Rows:
        """The paper of each row."""
        return np.concatenate([segment.ids for segment in self.segments] or [np.empty(0, np.int64)])

    @cached_property
    def _starts(self) -> list[int]:
        """The row of each segment's first paper."""
        return [0, *np.cumsum([len(segment.ids) for segment in self.segments])[:-1].tolist()]

    def ids(self) -> set[int]:
        return {paper_id for segment in self.segments for paper_id in segment.ids[segment.alive].tolist()}

    def has(self, row: SearchRow, dims: int) -> bool:
        """Whether a paper is here with these features."""
        for segment in self.segments:
            if len(at := np.flatnonzero((segment.ids == row.paper_id) & segment.alive)):
                given, number = Segment.of([row], dims), int(at[0])
                return np.array_equal(given.tokens, segment.text(number)) and np.array_equal(
                    given.vectors[0], segment.vectors[number]
                )
        return False

    def with_papers(self, rows: Sequence[SearchRow], dims: int, *, gone: Collection[int] = ()) -> SearchIndex:
        """The index with more papers, each in the place of the one of its id, and without those that are gone."""
        lost = {*gone, *(row.paper_id for row in rows)}
        kept = [segment.without(lost) for segment in self.segments]
        return replace(self, segments=(*kept, *([Segment.of(rows, dims)] if rows else [])))

    def search(self, question: Question, vector: Vectors, filters: Filters = NO_FILTERS) -> Found:
        """
        Args:
            vector: (dims,) the question in the text basis; zeros if nothing is known of its meaning.
            filters: what must hold. A question without words finds the newest papers that they let in.
        """
        if not self.segments:
            return Found()
        allowed = self._allowed(question, filters)
        if question.empty:
            return self._newest(np.flatnonzero(allowed), DEEP)
        score, every = self._by_words(question, allowed)
        if question.has_phrases:
            rows, score = self._with_phrases(question, score, every)
            return Found(hits=self._hits(rows[:DEEP], score[:DEEP]), matching=len(rows))
        rows = _high(score, DEEP)
        words, score = _best(rows, score[rows], DEEP)
        score[:READ] *= 1 + SIDE_BY_SIDE * self._side_by_side(words[:READ], question.words)
        words, _ = _best(words, score, DEEP)
        meaning = self._near(vector, allowed) if vector.any() else words[:0]
        return Found(hits=self._hits(*_fused(words, meaning)), matching=int(every.sum()))

    def newest(self, question: Question, filters: Filters = NO_FILTERS, *, limit: int = DEEP) -> Found:
        """The papers that have every word and phrase of a question, by time alone: the newest first.

        Unlike :meth:`search`, it says of a paper the same whatever else there is, as who follows a search expects.
        """
        if not self.segments:
            return Found()
        allowed = self._allowed(question, filters)
        if question.empty:
            return self._newest(np.flatnonzero(allowed), limit)
        score, every = self._by_words(question, allowed)
        if not question.has_phrases:
            return self._newest(np.flatnonzero(every), limit)
        rows, _ = self._with_phrases(question, score, every)
        return self._newest(rows[every[rows]], limit)

    def _allowed(self, question: Question, filters: Filters) -> Mask:
        single = [word_key(words[0]) for words in question.without if len(words) == 1]
        return np.concatenate([segment.allowed(filters, single) for segment in self.segments])

    def _newest(self, rows: Rows, limit: int) -> Found:
        news = np.concatenate([segment.announced_at for segment in self.segments])[rows]
        return Found(hits=self._hits(*_best(rows, news, limit)), matching=len(rows))

    def like(self, paper_id: int, limit: int) -> tuple[Hit, ...]:
        """The papers nearest in meaning to one of ours, the nearest first; none if it is not here."""
        for segment in self.segments:
            if len(at := np.flatnonzero((segment.ids == paper_id) & segment.alive)):
                near = self._near(segment.vectors[at[0]].astype(np.float32), self._alive)[: limit + 1]
                hits = self._hits(near, np.arange(len(near), 0, -1))
                return tuple(hit for hit in hits if hit.paper_id != paper_id)[:limit]
        return ()

    def _by_words(self, question: Question, allowed: Mask) -> tuple[Scores, Mask]:
        """By row: what the question's words count there, a missing one costing its share of all; whether all are there.

        Each of up to 32 words has a bit: one that is in the text and in a name is one word.
        """
        score = np.zeros(len(allowed), dtype=np.float32)
        there = np.zeros(len(allowed), dtype=np.uint32)
        for bit, word in enumerate(question.words):
            self._count(word_key(word), score, there, np.uint32(1 << bit))
            self._count(name_key(word), score, there, np.uint32(1 << bit))
        matched, count = np.bitwise_count(there), len(question.words)
        score *= (np.arange(count + 1, dtype=np.float32) / np.float32(count))[matched]
        score *= allowed
        return score, allowed & (matched == count)

    def _count(self, key: int, score: Scores, there: npt.NDArray[np.uint32], bit: np.uint32) -> None:
        """Add what a term counts, and its bit, to the rows that have it."""
        postings = [segment.postings.having(key) for segment in self.segments]
        weight = np.float32(rarity(sum(len(docs) for docs, _ in postings), len(self._ids)))
        for segment, start, (docs, impacts) in zip(self.segments, self._starts, postings, strict=True):
            if len(docs):
                here = slice(start, start + len(segment.ids))
                score[here][docs] += impacts * weight
                there[here][docs] |= bit

    def _with_phrases(self, question: Question, score: Scores, every: Mask) -> tuple[Rows, Scores]:
        """The papers, best first, that have every phrase and none that is unwanted."""
        wanted = [_sequence(phrase) for phrase in question.phrases]
        refused = [_sequence(words) for words in question.without if len(words) > 1]
        rows = np.flatnonzero(every) if wanted else _high(score, READ_FOR_PHRASES)
        rows, score = _best(rows, score[rows], READ_FOR_PHRASES)
        good = np.array(
            [
                all(_has(text, phrase) for phrase in wanted) and not any(_has(text, phrase) for phrase in refused)
                for text in self._texts(rows)
            ],
            dtype=bool,
        )
        return rows[good], score[good]

    def _side_by_side(self, rows: Rows, words: Sequence[str]) -> Scores:
        """Which share (0…1) of the question's pairs of neighbours are neighbours in each paper."""
        share = np.zeros(len(rows), dtype=np.float32)
        if len(words) < 2 or not len(rows):
            return share
        texts = self._texts(rows)
        begins = np.cumsum([0, *map(len, texts)])[:-1]
        tokens = np.concatenate([*texts, np.zeros(1, np.uint32)])
        # A text ends with a separator, so no pair reaches into the next one.
        for first, second in itertools.pairwise(_sequence(words)):
            at = np.flatnonzero(tokens[:-1] == first)
            at = at[tokens[at + 1] == second]
            share[np.unique(np.searchsorted(begins, at, side="right") - 1)] += 1
        return share / np.float32(len(words) - 1)

    def _near(self, vector: Vectors, allowed: Mask) -> Rows:
        """By meaning, best first: in the nearest clusters the nearest by their first dimensions, of those by all."""
        count = int(np.count_nonzero(allowed))
        wanted = max(LEAST_NEAR, len(allowed) // NEAR_SHARE)
        if count <= wanted:
            rows = np.flatnonzero(allowed)
        else:
            rows, products = self._in_clusters(vector, wanted * len(allowed) // count)
            rows, products = rows[allowed[rows]], products[allowed[rows]]
            rows = np.sort(_best(rows, products, NEAR)[0])
        parts = np.split(rows, np.searchsorted(rows, self._starts[1:]))
        vectors = [s.vectors[part - start] for s, start, part in zip(self.segments, self._starts, parts, strict=True)]
        return _best(rows, np.concatenate(vectors).astype(np.float32) @ vector, DEEP)[0]

    def _in_clusters(self, vector: Vectors, wanted: int) -> tuple[Rows, Scores]:
        """At least so many rows, of the nearest clusters of all segments, and how near their first dimensions are."""
        centres, sizes, segment_of, number = self._centres
        nearest = np.argsort(-(centres @ vector), kind="stable")
        chosen = nearest[: int(np.searchsorted(np.cumsum(sizes[nearest]), wanted)) + 1]
        rows, products = [], []
        for which, (segment, start) in enumerate(zip(self.segments, self._starts, strict=True)):
            some, near = segment.clusters.look_into(number[chosen[segment_of[chosen] == which]], vector)
            rows.append(some + np.int64(start))
            products.append(near)
        return np.concatenate(rows), np.concatenate(products)

    @cached_property
    def _centres(self) -> tuple[Vectors, Rows, Rows, Rows]:
        """Of every cluster: centre, size, the place of its segment, its number there."""
        clusters = [segment.clusters for segment in self.segments]
        counts = [len(some.centres) for some in clusters]
        return (
            np.concatenate([some.centres for some in clusters]),
            np.concatenate([np.diff(some.starts) for some in clusters]),
            np.repeat(np.arange(len(clusters)), counts),
            np.concatenate([np.arange(count) for count in counts]),
        )

    @cached_property
    def _alive(self) -> Mask:
        return np.concatenate([segment.alive for segment in self.segments] or [np.empty(0, dtype=bool)])

    def _texts(self, rows: Rows) -> list[TokenHashes]:
        """The words of each paper in order."""
        places = np.searchsorted(self._starts, rows, side="right") - 1
        numbers = rows - np.array(self._starts)[places]
        segments = self.segments
        return [segments[place].text(number) for place, number in zip(places.tolist(), numbers.tolist(), strict=True)]

    def _hits(self, rows: Rows, scores: Numbers) -> tuple[Hit, ...]:
        return tuple(map(Hit, self._ids[rows].tolist(), scores.tolist()))


def _high(score: Scores, limit: int) -> Rows:
    """Rows among which the ``limit`` highest above 0 are, and few others: a sample tells from which score on."""
    if len(score) > 4 * limit:
        sample = score[::_SAMPLED]
        most = min(2 * limit // _SAMPLED + 8, len(sample) - 1)
        rows = np.flatnonzero(score > max(float(np.partition(sample, -most)[-most]), 0.0))
        if len(rows) >= limit:
            return rows
    return np.flatnonzero(score > 0)


def _best(rows: Rows, score: Numbers, limit: int) -> tuple[Rows, Numbers]:
    """The rows with the highest scores, best first, and those; ties by the later row."""
    if len(rows) > limit:
        some = np.argpartition(score, len(rows) - limit)[len(rows) - limit :]
        rows, score = rows[some], score[some]
    order = np.lexsort((-rows, -score))
    return rows[order], score[order]


def _fused(words: Rows, meaning: Rows) -> tuple[Rows, npt.NDArray[np.float64]]:
    """Reciprocal rank fusion of two orders of rows, best first; ties by the later row."""
    both = np.concatenate([words, meaning])
    counts = np.concatenate(
        [
            1 / (FUSED + np.arange(1, len(words) + 1)),
            MEANING / (FUSED + np.arange(1, len(meaning) + 1)),
        ]
    )
    rows, place = np.unique(both, return_inverse=True)
    return _best(rows, np.bincount(place, weights=counts, minlength=len(rows)), DEEP)


def _sequence(words: Sequence[str]) -> TokenHashes:
    return np.array([word_key(word) for word in words], dtype=np.uint32)


def _has(text: TokenHashes, phrase: TokenHashes) -> bool:
    """Whether the words stand in the text one after the other: looked for as bytes, at whole words."""
    data, wanted = text.tobytes(), phrase.tobytes()
    at = data.find(wanted)
    while at % 4 > 0 and at >= 0:
        at = data.find(wanted, at + 1)
    return at >= 0
