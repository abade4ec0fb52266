"""Forecast at birth: how much a paper is going to trend, from what is known of it before anybody has voted.

Three linear models over the same numbers (the paper's vector, its categories, the lengths of title and abstract, and
what its authors did before, :mod:`digest.ranking.past`):

* how likely it is to reach Hugging Face's daily list (a logistic regression),
* how many more votes than usual it would get there (a ridge regression), to which a repository's stars add,
* by how much more than usual the first votes will grow (another), which :mod:`digest.ranking.trend` lets lean them.

    forecast = chance × WORTH × (1 + votes beyond the usual, in logs, within ±½) × ½ ^ (age / HALF_LIFE)

which is the trend score to be expected, so it stands in for the trend until there are votes. Learnt from the four large
arXiv feeds of machine learning; a paper in none of their categories has no forecast, which is not a bad one.
Weights and past are made by ``training/forecast.py``. Without the shipped file nothing is foretold.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from digest.ranking.authorship import Counts, Floats
from digest.ranking.past import Days, Listings, Names, Past

Vectors = npt.NDArray[np.float32]

WORTH: Final = 2.0
"""The trend score of a listed paper with the usual votes."""
LEAST_CHANCE: Final = 0.1
"""Below this a chance is no news: about the share of all papers that are listed."""
HALF_LIFE_H: Final = 24.0
"""Most papers that are ever listed are listed on the day they are announced, or on the next."""
MOST_GROWTH: Final = 1.0
"""Growth foretold beyond this (in logs) is an extrapolation."""

CATEGORIES: Final = (
    *("cs.AI", "cs.CL", "cs.CV", "cs.LG", "cs.RO", "cs.MA", "cs.IR", "cs.SD"),
    *("cs.GR", "cs.SE", "cs.HC", "cs.CR", "stat.ML", "eess.IV", "cs.DC", "cs.AR"),
)
HOME: Final = 4
"""The first so many categories are those of the feeds that were learnt from."""

NOWHERE: Final = ""
"""The basis of a forecast that knows nothing."""


def numbers_of(past: Floats, listed_in: Floats, first_in: Floats, title: Floats, abstract: Floats) -> Floats:
    """All numbers beside the vector: past, membership of ``CATEGORIES`` (papers, categories), lengths in words."""
    lengths = np.stack([title, title**2 / 50, np.log1p(abstract)], axis=1)
    return np.hstack([past, listed_in, first_in, lengths])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prospects:
    """What is foretold of each paper, (papers,) each; NaN of a paper of which nothing is.

    ``odds``: log-odds of being listed. ``votes``: logs of votes beyond the usual, if it is. ``growth``: by how much
    more than usual the logs of its first votes will grow.
    """

    odds: Floats
    votes: Floats
    growth: Floats

    @classmethod
    def unknown(cls, papers: int) -> Self:
        nothing = np.full(papers, np.nan)
        return cls(odds=nothing, votes=nothing, growth=nothing)

    def expected_trend(self, ages_h: Floats, extra_votes: Floats) -> Floats:
        """(papers,) the trend score to expect of papers of that age; 0 where the chance is no news, or unknown.

        Args:
            extra_votes: what a repository's stars add to ``votes`` (:meth:`Forecast.of_stars`).
        """
        odds, votes = np.nan_to_num(self.odds, nan=-np.inf), np.nan_to_num(self.votes) + extra_votes
        chance = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
        worth = WORTH * (1 + np.clip(votes, -0.5, 0.5))
        return np.where(chance >= LEAST_CHANCE, chance * worth * 0.5 ** (ages_h / HALF_LIFE_H), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """The weights, for vectors of the text basis ``basis`` only, and the authors' past that they are used with.

    Three rows everywhere, in the order of :class:`Prospects`. ``center`` and ``scale`` are of the numbers; ``weights``
    (3, numbers), ``directions`` (3, dims), ``intercepts`` (3,). ``stars``: what a known repository adds to ``votes``,
    and what each natural log of its stars does. ``until``: the last day that the past knows of.
    """

    basis: str
    past: Past
    center: Floats
    scale: Floats
    weights: Floats
    directions: Floats
    intercepts: Floats
    stars: Floats
    until: int

    def prospects(self, vectors: Vectors, numbers: Floats) -> Prospects:
        """Of papers with these vectors (papers, dims) and :func:`numbers_of`."""
        scaled = np.clip((numbers - self.center) / self.scale, -8, 8)
        odds, votes, growth = (
            self.weights @ scaled.T + self.directions @ vectors.T.astype(np.float64) + self.intercepts[:, None]
        )
        return Prospects(odds=odds, votes=votes, growth=np.clip(growth, -MOST_GROWTH, MOST_GROWTH))

    def of_stars(self, stars: Floats) -> Floats:
        """What is added to ``votes`` for a repository's stars; 0 where none is known (NaN)."""
        return np.where(np.isnan(stars), 0.0, self.stars[0] + self.stars[1] * np.log1p(np.nan_to_num(stars)))

    @staticmethod
    @cache
    def shipped() -> Forecast:
        """The weights that come with the package, read once per process; :meth:`none` if they were taken out."""
        file = resources.files("digest.weights") / "forecast.npz"
        return Forecast.read(file.read_bytes()) if file.is_file() else Forecast.none()

    @classmethod
    def none(cls) -> Self:
        """What foretells nothing: no basis is its own."""
        return cls(
            basis=NOWHERE,
            past=Past.nothing(),
            center=np.zeros(0),
            scale=np.ones(0),
            weights=np.zeros((3, 0)),
            directions=np.zeros((3, 0)),
            intercepts=np.zeros(3),
            stars=np.zeros(2),
            until=0,
        )

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Weights from the bytes of an ``.npz`` as :meth:`dump` writes it.

        Raises:
            ValueError: not such a file.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            try:
                return cls(
                    basis=str(arrays["basis"]),
                    past=Past(keys=arrays["keys"], seen=arrays["seen"].astype(np.uint16), listings=_listings(arrays)),
                    center=arrays["center"],
                    scale=arrays["scale"],
                    weights=arrays["weights"],
                    directions=arrays["directions"],
                    intercepts=arrays["intercepts"],
                    stars=arrays["stars"],
                    until=int(arrays["until"]),
                )
            except KeyError as error:
                raise ValueError(f"not a forecast: {error.args[0]}") from error

    def dump(self) -> bytes:
        out, listings = io.BytesIO(), self.past.listings
        np.savez_compressed(
            out,
            basis=np.array(self.basis),
            keys=self.past.keys,
            seen=np.minimum(self.past.seen, 255).astype(np.uint8),
            days=listings.days,
            liking=listings.liking,
            growth=listings.growth,
            counts=listings.counts,
            names=listings.names,
            center=self.center,
            scale=self.scale,
            weights=self.weights,
            directions=self.directions,
            intercepts=self.intercepts,
            stars=self.stars,
            until=np.array(self.until),
        )
        return out.getvalue()


def _listings(arrays: np.lib.npyio.NpzFile) -> Listings:
    days = arrays["days"]
    return Listings(
        papers=np.full(len(days), -1, dtype=np.int64),
        days=days,
        liking=arrays["liking"],
        growth=arrays["growth"],
        counts=arrays["counts"],
        names=arrays["names"],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Born:
    """What a forecast is made from: papers as the corpus has them, row by row.

    ``names`` are the authors' hashes, ``counts`` of them for each; ``listed_in`` and ``first_in`` (papers,
    ``CATEGORIES``) are 0 or 1; ``title`` and ``abstract`` lengths in words; ``days`` when each was announced.
    """

    vectors: Vectors
    names: Names
    counts: Counts
    listed_in: Floats
    first_in: Floats
    title: Floats
    abstract: Floats
    days: Days
    papers: npt.NDArray[np.int64]


def foretell(forecast: Forecast, born: Born, *, basis: str) -> Prospects:
    """What ``forecast`` says of papers; nothing with another basis, or of a paper outside the fields it knows."""
    papers = len(born.counts)
    if forecast.basis != basis or not papers:
        return Prospects.unknown(papers)
    home = born.listed_in[:, :HOME].any(axis=1)
    names = born.names[np.repeat(home, born.counts)]
    past = forecast.past.numbers(names, born.counts[home], born.days[home], born.papers[home])
    numbers = numbers_of(past, born.listed_in[home], born.first_in[home], born.title[home], born.abstract[home])
    found = forecast.prospects(born.vectors[home], numbers)

    def everywhere(values: Floats) -> Floats:
        spread = np.full(papers, np.nan)
        spread[home] = values
        return spread

    return Prospects(odds=everywhere(found.odds), votes=everywhere(found.votes), growth=everywhere(found.growth))
