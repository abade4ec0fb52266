"""All candidates of one moment as contiguous arrays: what every reader's ranking is computed on.

Rows stand in the order of paper ids, so that the first of equals is always the one with the smaller id. Building
costs a few joins of bytes; nothing here loops over words. Words are looked up on demand: one pass over all words
finds the positions of the (few) words that readers ask for, which is cheaper than sorting everything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from digest.languages import Language
from digest.model import Observation
from digest.ranking.forecast import CATEGORIES, Born, Forecast, Prospects, foretell
from digest.ranking.packed import HashIndex, Rows, headers, runs, weight_of_length
from digest.ranking.text import HEADER, TextBasis, Vectors, archive_of, category_hash
from digest.ranking.tokens import SEPARATOR, TokenHashes
from digest.ranking.told import Told, age_reason, attention_reason
from digest.ranking.trend import Trend, trend_of

WEEK_H: Final = (5 * 24.0, 8 * 24.0)
"""Ages of the oldest candidate at which all of them are called this week's."""


class CandidateRow(NamedTuple):
    """What the store knows of one candidate. ``seen_at`` is when it was announced, else when it was first seen."""

    paper_id: int
    seen_at: dt.datetime
    primary_category: str
    features: bytes
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class PhraseHits:
    """Where a phrase stands: rows ascending, how often in each, and whether in the title."""

    rows: Rows
    counts: npt.NDArray[np.intp]
    in_title: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CategoryRows:
    """The papers of a category, rows ascending; ``is_primary`` tells those that have it first."""

    category: str
    rows: Rows
    is_primary: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Corpus:
    """``matrix`` (n, dims) float32, rows of length 1, or less for a short text; ``tokens`` all words of all papers,
    those of paper *i* from ``starts[i]`` to ``starts[i + 1]``."""

    basis: TextBasis
    now: dt.datetime
    ids: npt.NDArray[np.int64]
    seen_at: tuple[dt.datetime, ...]
    categories: tuple[str, ...]
    """Each paper's primary category, as its provider spells it."""
    withdrawn: npt.NDArray[np.bool_]
    matrix: Vectors
    tokens: TokenHashes
    starts: npt.NDArray[np.intp]
    title_ends: npt.NDArray[np.intp]
    born: Born
    prospects: Prospects
    """What is foretold of each paper; of those with votes too."""
    trend: Trend
    extra_votes: npt.NDArray[np.float64]
    """What stars add to the votes foretold."""
    _authors: HashIndex
    _categories: HashIndex
    _positions: dict[int, npt.NDArray[np.intp]] = field(default_factory=dict)
    _by_word: dict[int, Rows] = field(default_factory=dict)
    _by_category: dict[str, CategoryRows] = field(default_factory=dict)
    _told: dict[tuple[int, Language], Told] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def build(
        cls,
        rows: Sequence[CandidateRow],
        observations: Sequence[Observation],
        *,
        basis: TextBasis,
        now: dt.datetime,
        forecast: Forecast | None = None,
    ) -> Corpus:
        """
        Args:
            rows: the candidates, each paper once, features made with ``basis``.
            observations: readings of their attention, in any order; those of other papers are passed over.
            forecast: the shipped one unless given.

        Raises:
            ValueError: features of another basis, not features at all, or a paper twice.
        """
        rows = sorted(rows, key=lambda row: row.paper_id)
        blobs = [row.features for row in rows]
        header = headers(blobs, basis.dims)
        size = HEADER.itemsize
        vectors_end = size + 2 * basis.dims
        tokens_end = vectors_end + 4 * header["tokens"].astype(np.int64)
        authors_end = tokens_end + 8 * header["authors"].astype(np.int64)
        vectors = b"".join([blob[size:vectors_end] for blob in blobs])
        ends, last = tokens_end.tolist(), authors_end.tolist()
        tokens = b"".join([blob[vectors_end:end] for blob, end in zip(blobs, ends, strict=True)])
        authors = b"".join([blob[a:b] for blob, a, b in zip(blobs, ends, last, strict=True)])
        categories = b"".join([blob[b:] for blob, b in zip(blobs, last, strict=True)])
        ids = np.array([row.paper_id for row in rows], dtype=np.int64)
        if (ids[1:] == ids[:-1]).any():
            raise ValueError("a paper stands twice among the candidates")
        starts = np.concatenate([[0], np.cumsum(header["tokens"].astype(np.intp))])
        seen_at = tuple(row.seen_at for row in rows)
        primary = tuple(row.primary_category for row in rows)
        matrix = np.frombuffer(vectors, "<f2").reshape(len(rows), basis.dims) * weight_of_length(header["tokens"])
        by_author = HashIndex.of(authors, header["authors"])
        by_category = HashIndex.of(categories, header["categories"])
        forecast = forecast or Forecast.shipped()
        titles = header["title"].astype(np.float64)
        born = Born(
            vectors=matrix,
            # Of an author's two hashes the second tells given names apart.
            names=by_author.values[1::2].astype(np.uint32),
            counts=by_author.counts.astype(np.intp) // 2,
            listed_in=by_category.table([category_hash(name) for name in CATEGORIES]),
            first_in=_first_in(primary),
            title=titles,
            abstract=np.maximum(header["tokens"] - titles - 2, 0),
            days=np.array([seen.toordinal() for seen in seen_at], dtype=np.int32),
            papers=ids,
        )
        prospects = foretell(forecast, born, basis=basis.version)
        trend = trend_of(ids, seen_at, primary, observations, now=now, growth=prospects.growth)
        return cls(
            basis=basis,
            now=now,
            ids=ids,
            seen_at=seen_at,
            categories=primary,
            withdrawn=np.array([row.withdrawn for row in rows], dtype=bool),
            matrix=matrix,
            tokens=np.frombuffer(tokens, "<u4").astype(np.uint32, copy=False),
            starts=starts,
            title_ends=starts[:-1] + header["title"].astype(np.intp),
            born=born,
            prospects=prospects,
            trend=trend,
            extra_votes=forecast.of_stars(trend.stars),
            _authors=by_author,
            _categories=by_category,
        )

    # ── looking up ──────────────────────────────────────────────────────────────────────────────────────────

    def row_of(self, paper_id: int) -> int | None:
        row = int(np.searchsorted(self.ids, paper_id))
        return row if row < len(self.ids) and self.ids[row] == paper_id else None

    def rows_of(self, paper_ids: Iterable[int]) -> Rows:
        """The rows of those of the papers that are here."""
        wanted = np.fromiter(paper_ids, dtype=np.int64)
        if not len(wanted) or not len(self.ids):
            return np.empty(0, dtype=np.intp)
        rows = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        return np.sort(rows[self.ids[rows] == wanted])

    def told(self, row: int, language: Language) -> Told:
        """What is said of a paper to every reader of a language."""
        told = self._told.get((row, language))
        if told is None:
            attention = self.trend.attention(row)
            votes = attention_reason(attention, language, of_a_week=self.is_of_a_week)
            age = age_reason(float(self.ages_h[row]), language)
            told = self._told[row, language] = Told(int(self.ids[row]), attention, votes, age)
        return told

    def words(self, row: int) -> TokenHashes:
        """All words of one paper, in order, separators included."""
        return self.tokens[self.starts[row] : self.starts[row + 1]]

    def by_author(self, author: int) -> Rows:
        """Rows of the papers that have one of the hashes of :mod:`digest.ranking.people`."""
        return self._authors.rows(author)

    def by_category(self, category: str) -> CategoryRows:
        """The papers in a category or archive, cross-listed ones too."""
        if category not in self._by_category:
            rows, wanted = self._categories.rows(category_hash(category)), category.strip().casefold()
            own, archive = ([name.casefold() for name in names] for names in self._primary[1:])
            is_primary = np.array([wanted in pair for pair in zip(own, archive, strict=True)], dtype=bool)
            self._by_category[category] = CategoryRows(category, rows, is_primary[self._primary[0][rows]])
        return self._by_category[category]

    @cached_property
    def _primary(self) -> tuple[Rows, list[str], list[str]]:
        """Each paper's primary category as a number, and the names and archives by number."""
        numbers = {name: i for i, name in enumerate(dict.fromkeys(self.categories))}
        of_paper = np.array([numbers[name] for name in self.categories], dtype=np.intp)
        return of_paper, list(numbers), [archive_of(name) for name in numbers]

    def prepare(self, words: Iterable[int]) -> None:
        """Find all positions of these words in one pass over the corpus, for :meth:`phrase` to build on."""
        missing = np.array(sorted({word for word in words if word not in self._positions}), dtype=np.uint32)
        if not len(missing):
            return
        # A table of the words' low bits rules nearly every token out with one look-up.
        might = np.zeros(1 << 16, dtype=bool)
        might[missing & 0xFFFF] = True
        places = np.flatnonzero(might[self.tokens.astype(np.uint16)])
        found = self.tokens[places]
        which = np.minimum(np.searchsorted(missing, found), len(missing) - 1)
        real = missing[which] == found
        places, which = places[real], which[real]
        # Sixteen bits are sorted in one pass over the data, which is what makes common words cheap.
        order = np.argsort(which.astype(np.uint16) if len(missing) < 1 << 16 else which, kind="stable")
        bounds = np.searchsorted(which[order], np.arange(len(missing) + 1))
        for i, word in enumerate(missing.tolist()):
            self._positions[word] = places[order[bounds[i] : bounds[i + 1]]]

    def phrase(self, words: Sequence[int]) -> PhraseHits:
        """Where these words stand side by side, in this order, in a title or an abstract."""
        if not words or SEPARATOR in words:
            return PhraseHits(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, bool))
        self.prepare(words)
        anchor = min(range(len(words)), key=lambda i: len(self._positions[words[i]]))
        begins = self._positions[words[anchor]] - anchor
        begins = begins[(begins >= 0) & (begins + len(words) <= len(self.tokens))]
        for offset, word in enumerate(words):
            if offset != anchor:
                begins = begins[self.tokens[begins + offset] == word]
        owners = np.searchsorted(self.starts, begins, side="right") - 1
        first = runs(owners)
        rows = owners[first]
        # Titles come first in a paper, so its first hit tells whether the title has one.
        return PhraseHits(rows, np.diff(np.append(first, len(owners))), begins[first] < self.title_ends[rows])

    def occurrences(self, word: int) -> int:
        """How often a word stands in the whole corpus."""
        self.prepare([word])
        return len(self._positions[word])

    def word(self, word: int) -> Rows:
        """The papers that have a word."""
        if word not in self._by_word:
            self._by_word[word] = self.phrase([word]).rows
        return self._by_word[word]

    @cached_property
    def lengths(self) -> npt.NDArray[np.float64]:
        """(n,) of the vectors."""
        squares = np.vecdot(self.matrix, self.matrix)
        return np.asarray(np.sqrt(squares), dtype=np.float64)

    @cached_property
    def forecast(self) -> npt.NDArray[np.float64]:
        """(n,) the trend to expect of each paper that nobody has voted on; 0 for all others, and where unknown."""
        expected = self.prospects.expected_trend(self.ages_h, self.extra_votes)
        return np.where(self.trend.votes > 0, 0.0, expected)

    @cached_property
    def is_of_a_week(self) -> bool:
        """Whether the candidates are those of about a week, as they are unless ``candidate_age`` says otherwise."""
        return len(self) > 0 and WEEK_H[0] <= float(self.ages_h.max()) <= WEEK_H[1]

    @cached_property
    def ages_h(self) -> npt.NDArray[np.float64]:
        """Hours since each paper was announced or first seen; never negative."""
        return np.array([max((self.now - seen).total_seconds(), 0.0) / 3600 for seen in self.seen_at], dtype=np.float64)


def _first_in(primary: Sequence[str]) -> npt.NDArray[np.float64]:
    """(papers, ``CATEGORIES``): 1 where a paper's primary category is that one."""
    columns = {name: column for column, name in enumerate(CATEGORIES)}
    # Others point to a column beyond, which is cut off.
    at = np.array([columns.get(name, len(CATEGORIES)) for name in primary], dtype=np.intp)
    return np.eye(len(CATEGORIES) + 1)[at, :-1]
