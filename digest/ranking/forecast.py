"""Forecast at birth: how much a paper that nobody has voted on yet is going to trend, from what is known of it then.

A logistic regression says how likely a paper is to reach Hugging Face's daily list; a ridge regression, how many more
votes than usual it would get there. Both see the same numbers: the paper's vector, its categories, the lengths of title
and abstract, and its authors' past (how many papers they announced, how many were listed, how those were liked).

    forecast = chance × WORTH × (1 + votes beyond the usual, in logs, within ±½) × ½ ^ (age / HALF_LIFE)

which is the trend score to be expected, so it stands in for the trend until there are votes. Learnt from the four large
arXiv feeds of machine learning; a paper in none of their categories has no forecast, which is not a bad one.
The weights and the authors' past are made by ``training/forecast.py``; names are kept as 32 bits of a hash.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Counts = npt.NDArray[np.intp]

WORTH: Final = 2.0
"""The trend score of a listed paper with the usual votes."""
LEAST_CHANCE: Final = 0.1
"""Below this a chance is no news: about the share of all papers that are listed."""
HALF_LIFE_H: Final = 24.0
"""Most papers that are ever listed are listed on the day they are announced, or on the next."""

CATEGORIES: Final = (
    *("cs.AI", "cs.CL", "cs.CV", "cs.LG", "cs.RO", "cs.MA", "cs.IR", "cs.SD"),
    *("cs.GR", "cs.SE", "cs.HC", "cs.CR", "stat.ML", "eess.IV", "cs.DC", "cs.AR"),
)
HOME: Final = 4
"""The first so many categories are those of the feeds that were learnt from."""

_USUAL, _PSEUDO = 0.24, 3.0
"""An unknown author's past: 8 % of three papers were listed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Authors:
    """What is known of authors' past: ``keys`` sorted, the rest beside them; ``liking`` sums log(1 + votes)."""

    keys: npt.NDArray[np.uint32]
    seen: npt.NDArray[np.uint8]
    listed: npt.NDArray[np.uint8]
    liking: npt.NDArray[np.float16]

    def past(self, names: npt.NDArray[np.uint64], counts: Counts) -> Floats:
        """:func:`past_of` papers whose authors' hashes are ``names``, ``counts`` of them for each."""
        if not len(self.keys):
            nothing = np.zeros(len(names))
            return past_of(nothing, nothing, nothing, counts)
        wanted = names.astype(np.uint32)
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        known = self.keys[at] == wanted
        seen, listed, liking = (
            np.where(known, column[at], 0).astype(np.float64) for column in (self.seen, self.listed, self.liking)
        )
        return past_of(seen, listed, liking, counts)


def past_of(seen: Floats, listed: Floats, liking: Floats, counts: Counts) -> Floats:
    """(papers, numbers) from one value per author, ``counts`` of them for each paper, in the paper's order."""
    papers = len(counts)
    owner = np.repeat(np.arange(papers), counts)
    ends = np.cumsum(counts)

    def total(values: Floats) -> Floats:
        return np.bincount(owner, weights=values, minlength=papers).astype(np.float64)

    def most(values: Floats) -> Floats:
        found = np.zeros(papers)
        np.maximum.at(found, owner, values)
        return found

    def at(values: Floats, places: Counts) -> Floats:
        return np.where(counts > 0, np.append(values, 0.0)[np.minimum(places, len(values))], 0.0)

    first, last = ends - counts, np.maximum(ends - 1, 0)
    several = np.maximum(counts, 1)
    rate = (listed + _USUAL) / (seen + listed / 2 + _PSEUDO)
    mean = liking / np.maximum(listed, 1)
    known = total((listed > 0).astype(np.float64))
    believed = mean * listed / (listed + 2)
    return np.stack(
        [
            np.log1p(most(listed)),
            np.log1p(total(listed)),
            np.log1p(total(np.log1p(listed))),
            np.log1p(at(listed, first)),
            np.log1p(at(listed, last)),
            (at(listed, first) > 0).astype(np.float64),
            (at(listed, last) > 0).astype(np.float64),
            known / several,
            np.sqrt(known),
            np.log1p(total(liking)),
            most(mean),
            most(believed),
            total(believed) / np.maximum(known, 1),
            np.log1p(counts),
            np.log1p(most(seen)),
            np.log1p(total(seen)),
            most(rate),
            total(rate) / several,
            at(rate, last),
            total((seen == 0).astype(np.float64)) / several,
        ],
        axis=1,
    )


def numbers_of(past: Floats, listed_in: Floats, first_in: Floats, title: Floats, abstract: Floats) -> Floats:
    """All numbers beside the vector: past, membership of ``CATEGORIES`` (papers, categories), lengths in words."""
    lengths = np.stack([title, title**2 / 50, np.log1p(abstract)], axis=1)
    return np.hstack([past, listed_in, first_in, lengths])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """The shipped weights, for vectors of the text basis ``basis`` only.

    Two rows everywhere: the log-odds of being listed, and log votes beyond the usual. ``center`` and ``scale`` are of
    the numbers; ``weights`` (2, numbers), ``directions`` (2, dims), ``intercepts`` (2,).
    """

    basis: str
    authors: Authors
    center: Floats
    scale: Floats
    weights: Floats
    directions: Floats
    intercepts: Floats

    def predict(self, vectors: Vectors, numbers: Floats) -> Floats:
        """(2, papers): the log-odds of being listed, and log votes beyond the usual if it is."""
        scaled = np.clip((numbers - self.center) / self.scale, -8, 8)
        return np.asarray(
            self.weights @ scaled.T + self.directions @ vectors.T.astype(np.float64) + self.intercepts[:, None]
        )

    @staticmethod
    @cache
    def shipped() -> Forecast:
        """The weights that come with the package; read once per process."""
        return Forecast.read((resources.files("digest.weights") / "forecast.npz").read_bytes())

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
                    authors=Authors(
                        keys=arrays["keys"], seen=arrays["seen"], listed=arrays["listed"], liking=arrays["liking"]
                    ),
                    center=arrays["center"],
                    scale=arrays["scale"],
                    weights=arrays["weights"],
                    directions=arrays["directions"],
                    intercepts=arrays["intercepts"],
                )
            except KeyError as error:
                raise ValueError(f"not a forecast: {error.args[0]}") from error

    def dump(self) -> bytes:
        out = io.BytesIO()
        np.savez(
            out,
            basis=np.array(self.basis),
            keys=self.authors.keys,
            seen=self.authors.seen,
            listed=self.authors.listed,
            liking=self.authors.liking,
            center=self.center,
            scale=self.scale,
            weights=self.weights,
            directions=self.directions,
            intercepts=self.intercepts,
        )
        return out.getvalue()


def expected_trend(predicted: Floats, ages_h: Floats) -> Floats:
    """(papers,) the trend score to expect from :meth:`Forecast.predict`; 0 where the chance is no news."""
    odds, votes = predicted
    chance = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    worth = WORTH * (1 + np.clip(votes, -0.5, 0.5))
    return np.where(chance >= LEAST_CHANCE, chance * worth * 0.5 ** (ages_h / HALF_LIFE_H), 0.0)
