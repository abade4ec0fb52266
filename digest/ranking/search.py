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
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from digest.ranking.postings import rarity
from digest.ranking.questions import Question
from digest.ranking.segments import HEAD, Filters, Mask, SearchRow, Segment, name_key, word_key
from digest.ranking.text import Vectors
from digest.ranking.tokens import TokenHashes

__all__ = ["Filters", "Found", "Hit", "SearchIndex", "SearchRow"]

Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]

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
_BY_HEAD: Final = 1000
_SAMPLED: Final = 32
"""One score in so many tells where the highest begin."""


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
        rows = self._with_phrases(question, score, every)
        if rows is not None:
            return Found(hits=self._hits(rows[:DEEP], score[rows[:DEEP]]), matching=len(rows))
        rows = _best(_high(score, DEEP), score, DEEP)
        head = rows[:READ]
        score[head] *= 1 + SIDE_BY_SIDE * self._side_by_side(head, question.words)
        words = _best(rows, score, DEEP)
        meaning = self._near(vector, allowed) if vector.any() else words[:0]
        fused = _fused(words.tolist(), meaning.tolist())
        hits = self._hits(np.array([row for row, _ in fused], np.int64), np.array([value for _, value in fused]))
        return Found(hits=hits, matching=int(every.sum()))

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
        phrased = self._with_phrases(question, score, every)
        return self._newest(np.flatnonzero(every) if phrased is None else phrased[every[phrased]], limit)

    def _allowed(self, question: Question, filters: Filters) -> Mask:
        single = [word_key(words[0]) for words in question.without if len(words) == 1]
        return np.concatenate([segment.allowed(filters, single) for segment in self.segments])

    def _newest(self, rows: Rows, limit: int) -> Found:
        news = np.concatenate([segment.news_at for segment in self.segments])
        newest = _best(rows, news, limit)
        return Found(hits=self._hits(newest, news[newest]), matching=len(rows))

    def like(self, paper_id: int, limit: int) -> tuple[Hit, ...]:
        """The papers nearest in meaning to one of ours, the nearest first; none if it is not here."""
        allowed = np.concatenate([segment.alive for segment in self.segments] or [np.empty(0, dtype=bool)])
        for segment in self.segments:
            if len(at := np.flatnonzero((segment.ids == paper_id) & segment.alive)):
                near = self._near(segment.vectors[at[0]].astype(np.float32), allowed)[: limit + 1]
                hits = self._hits(near, np.arange(len(near), 0, -1))
                return tuple(hit for hit in hits if hit.paper_id != paper_id)[:limit]
        return ()

    def _by_words(self, question: Question, allowed: Mask) -> tuple[Scores, Mask]:
        """(what the words count in each paper, whether it has all of them); a missing word costs its share of all."""
        score = np.zeros(len(allowed), dtype=np.float32)
        matched = np.zeros(len(allowed), dtype=np.uint8)
        for word in question.words:
            before = matched.copy()
            self._count(word_key(word), score, matched)
            self._count(name_key(word), score, matched)
            np.minimum(matched, before + 1, out=matched)  # a word that is in the text and in a name is one word
        score *= allowed
        score *= matched.astype(np.float32) / len(question.words)
        return score, allowed & (matched == len(question.words))

    def _count(self, key: int, score: Scores, matched: npt.NDArray[np.uint8]) -> None:
        """Add what a term counts, and one, to the rows that have it."""
        postings = [segment.postings.having(key) for segment in self.segments]
        weight = np.float32(rarity(sum(len(docs) for docs, _ in postings), len(self._ids)))
        for segment, start, (docs, impacts) in zip(self.segments, self._starts, postings, strict=True):
            if len(docs):
                here = slice(start, start + len(segment.ids))
                score[here][docs] += impacts * weight
                matched[here][docs] += 1

    def _with_phrases(self, question: Question, score: Scores, every: Mask) -> Rows | None:
        """The papers, best first, that have every phrase and none that is unwanted; None where none is asked for."""
        wanted = [_sequence(phrase) for phrase in question.phrases]
        refused = [_sequence(words) for words in question.without if len(words) > 1]
        if not wanted and not refused:
            return None
        rows = _best(np.flatnonzero(every if wanted else score), score, READ_FOR_PHRASES)
        good = [
            all(_has(text, phrase) for phrase in wanted) and not any(_has(text, phrase) for phrase in refused)
            for text in map(self._text, rows.tolist())
        ]
        kept: Rows = rows[np.array(good, dtype=bool)]
        return kept

    def _side_by_side(self, rows: Rows, words: Sequence[str]) -> Scores:
        """Which share (0…1) of the question's pairs of neighbours are neighbours in each paper."""
        pairs = [_sequence(pair) for pair in itertools.pairwise(words)]
        share = [sum(_has(text, pair) for pair in pairs) for text in map(self._text, rows.tolist())] if pairs else 0
        return np.asarray(share, dtype=np.float32) / np.float32(max(len(pairs), 1))

    def _near(self, vector: Vectors, allowed: Mask) -> Rows:
        """By meaning: the nearest by their first dimensions, and of those the nearest by all."""
        near = np.concatenate([segment.heads @ vector[:HEAD] for segment in self.segments])
        near[~allowed] = -np.inf
        high = _high(near, _BY_HEAD)
        rows = np.sort(_best(high[allowed[high]], near, _BY_HEAD))
        parts = np.split(rows, np.searchsorted(rows, self._starts[1:]))
        vectors = [s.vectors[part - start] for s, start, part in zip(self.segments, self._starts, parts, strict=True)]
        near[rows] = np.concatenate(vectors).astype(np.float32) @ vector
        return _best(rows, near, DEEP)

    def _text(self, row: int) -> TokenHashes:
        for segment in self.segments:
            if row < len(segment.ids):
                return segment.text(row)
            row -= len(segment.ids)
        raise IndexError(row)

    def _hits(self, rows: Rows, scores: npt.NDArray[np.number]) -> tuple[Hit, ...]:
        return tuple(map(Hit, self._ids[rows].tolist(), scores.tolist()))


def _high(score: Scores, limit: int) -> Rows:
    """Rows among which the ``limit`` highest above 0 are, and few others: a sample tells from which score on.

    Rows that score 0 or less are left out where enough others are.
    """
    if len(score) > 4 * limit:
        sample = score[::_SAMPLED]
        most = min(2 * limit // _SAMPLED + 8, len(sample) - 1)
        rows = np.flatnonzero(score > max(float(np.partition(sample, -most)[-most]), 0.0))
        if len(rows) >= limit:
            return rows
    return np.flatnonzero(score > 0)


def _best(rows: Rows, score: npt.NDArray[np.number], limit: int) -> Rows:
    """The rows with the highest scores, best first; ties by the later row."""
    if len(rows) > limit:
        rows = rows[np.argpartition(score[rows], len(rows) - limit)[len(rows) - limit :]]
    return rows[np.lexsort((-rows, -score[rows]))]


def _fused(words: Sequence[int], meaning: Sequence[int]) -> list[tuple[int, float]]:
    """Reciprocal rank fusion of two orders of rows, best first; ties by the later row."""
    score: dict[int, float] = {}
    for order, weight in ((words, 1.0), (meaning, MEANING)):
        for rank, row in enumerate(order, start=1):
            score[row] = score.get(row, 0.0) + weight / (FUSED + rank)
    return sorted(score.items(), key=lambda pair: (-pair[1], -pair[0]))[:DEEP]


def _sequence(words: Sequence[str]) -> TokenHashes:
    return np.array([word_key(word) for word in words], dtype=np.uint32)


def _has(text: TokenHashes, phrase: TokenHashes) -> bool:
    """Whether the words stand in the text one after the other: looked for as bytes, at whole words."""
    data, wanted = text.tobytes(), phrase.tobytes()
    at = data.find(wanted)
    while at % 4 > 0 and at >= 0:
        at = data.find(wanted, at + 1)
    return at >= 0
