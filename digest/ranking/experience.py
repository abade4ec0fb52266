"""What a service learns from its own observations: the authors' past goes on, and the chance is set right.

Once its votes have settled, a day of stored papers is *folded*: every author's announced papers are counted, the papers
that got votes become listings with their first votes and growth, and what had been foretold of the day is compared with
what came. Each day is folded once, in order, so the work is small and old days need not be kept. A day on which nobody
read the list (no paper of it or of the next days has votes) teaches nothing: unread is not unlisted.

    shift = log((listed + BELIEF) / (foretold + BELIEF)),  both fading

corrects the log-odds: a service that reads other fields, or a list that grew, has another share of listed papers.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from digest.model import Observation, Signal
from digest.ranking.forecast import HOME, Born, Forecast, Prospects
from digest.ranking.past import USUAL_GROWTH, Listings, Names, Past
from digest.ranking.trend import EARLIEST_H, HALF_TIME_H

SETTLING: Final = dt.timedelta(days=12)
"""After this a paper has been listed, if ever, and its votes have grown up."""

WATCHED_DAYS: Final = 3
"""A day counts as watched if a paper was listed on it or so many days later: a weekend lies between."""

BELIEF: Final = 20.0
"""Listed papers at which a correction is believed by half."""
FADING_DAYS: Final = 60.0
MOST_SHIFT: Final = 1.5

FIRST_READING_H: Final = (4.0, 14.0)
SETTLED_H: Final = 48.0
"""When readings are made that tell the growth: after about eight hours, and after two days."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Experience:
    """``until`` is the last day folded (an ordinal), 0 before the first; ``listed`` and ``foretold`` fade."""

    until: int
    names: Names
    seen: npt.NDArray[np.uint16]
    listings: Listings
    listed: float
    foretold: float

    @classmethod
    def none(cls) -> Self:
        return cls(
            until=0,
            names=np.empty(0, np.uint32),
            seen=np.empty(0, np.uint16),
            listings=Listings.none(),
            listed=0.0,
            foretold=0.0,
        )

    @property
    def shift(self) -> float:
        """What is added to the log-odds of being listed."""
        ratio = (self.listed + BELIEF) / (self.foretold + BELIEF)
        return float(np.clip(np.log(ratio), -MOST_SHIFT, MOST_SHIFT))

    def applied_to(self, forecast: Forecast, *, corrected: bool = True) -> Forecast:
        """The forecast with this experience; not ``corrected``, as new days are judged by it."""
        if not self.until or not forecast.basis:
            return forecast
        past = forecast.past.with_news(self.names, self.seen, self.listings)
        shift = np.array([self.shift if corrected else 0.0, 0.0, 0.0])
        return replace(forecast, past=past, intercepts=forecast.intercepts + shift)

    def __str__(self) -> str:
        """One line for the log and for ``digest doctor``."""
        if not self.until:
            return "nothing learnt here yet"
        return (
            f"learnt until {dt.date.fromordinal(self.until)} from {len(self.listings)} listed papers and"
            f" {len(self.names)} authors; chances corrected by a factor of {np.exp(self.shift):.2f}"
        )

    def passed(self, *, first: int, last: int) -> Experience:
        """This experience after days of which nobody read the list: they teach nothing, and what was learnt fades."""
        fading = 0.5 ** ((last - first + 1) / FADING_DAYS)
        return replace(self, until=last, listed=self.listed * fading, foretold=self.foretold * fading)

    def folded(
        self, born: Born, prospects: Prospects, observations: Sequence[Observation], *, first: int, last: int
    ) -> Experience:
        """This experience and what the days from ``first`` to ``last`` taught.

        Args:
            born: stored papers, as the corpus has them; those of other days are passed over.
            prospects: what was foretold of them, by the same past and without :attr:`shift`.
            observations: readings of their votes, until :data:`SETTLING` after the last day at least.

        Raises:
            ValueError: a day would be folded twice.
        """
        if first <= self.until:
            raise ValueError(f"day {first} is folded already")
        listings, row_of = _listings(born, observations)
        opened = set(listings.days.tolist())
        watched = [
            day for day in range(first, last + 1) if any(day + later in opened for later in range(WATCHED_DAYS + 1))
        ]
        here = np.isin(born.days, watched)
        new = here[row_of]
        known = here & born.listed_in[:, :HOME].any(axis=1) & ~np.isnan(prospects.odds)
        chance = 1 / (1 + np.exp(-np.clip(np.where(known, prospects.odds, 0.0), -30, 30)))
        fading = 0.5 ** ((last - first + 1) / FADING_DAYS)
        names, counts = np.unique(born.names[np.repeat(here, born.counts)], return_counts=True)
        past = Past(keys=self.names, seen=self.seen, listings=self.listings).with_news(
            names, counts, _chosen(listings, new)
        )
        return Experience(
            until=last,
            names=past.keys,
            seen=past.seen,
            listings=past.listings,
            listed=self.listed * fading + float(known[row_of].sum()),
            foretold=self.foretold * fading + float(chance[known].sum()),
        )

    def dump(self) -> bytes:
        """The bytes of an ``.npz``, for :meth:`read`."""
        out, table = io.BytesIO(), self.listings
        np.savez_compressed(
            out,
            until=np.array(self.until),
            names=self.names,
            seen=self.seen,
            papers=table.papers,
            days=table.days,
            liking=table.liking,
            growth=table.growth,
            counts=table.counts,
            authors=table.names,
            judged=np.array([self.listed, self.foretold]),
        )
        return out.getvalue()

    @classmethod
    def read(cls, data: bytes) -> Self:
        """
        Raises:
            ValueError: not what :meth:`dump` wrote.
        """
        if not data.startswith(b"PK"):  # numpy would take other things for arrays
            raise ValueError("not an experience: no archive")
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return cls(
                    until=int(arrays["until"]),
                    names=arrays["names"],
                    seen=arrays["seen"],
                    listings=Listings(
                        papers=arrays["papers"],
                        days=arrays["days"],
                        liking=arrays["liking"],
                        growth=arrays["growth"],
                        counts=arrays["counts"],
                        names=arrays["authors"],
                    ),
                    listed=float(arrays["judged"][0]),
                    foretold=float(arrays["judged"][1]),
                )
        except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"not an experience: {error}") from error


def _listings(born: Born, observations: Sequence[Observation]) -> tuple[Listings, npt.NDArray[np.intp]]:
    """The listings among papers, and the row of each: those with a reading of their votes."""
    rows = {paper: row for row, paper in enumerate(born.papers.tolist())}
    readings: dict[int, list[tuple[dt.datetime, float]]] = {}
    for reading in observations:
        if reading.signal is Signal.HF_UPVOTES and reading.paper_id in rows and 0 <= reading.value < np.inf:
            readings.setdefault(rows[reading.paper_id], []).append((reading.observed_at, reading.value))
    chosen = sorted(readings)
    bounds = np.concatenate([[0], np.cumsum(born.counts)])
    authors = [np.unique(born.names[bounds[row] : bounds[row + 1]]) for row in chosen]
    measured = [_measured(sorted(readings[row])) for row in chosen]
    found = Listings(
        papers=born.papers[np.array(chosen, dtype=np.intp)],
        days=np.array([min(readings[row])[0].toordinal() for row in chosen], dtype=np.int32),
        liking=np.array([liking for liking, _ in measured], dtype=np.float16),
        growth=np.array([growth for _, growth in measured], dtype=np.float16),
        counts=np.array([len(own) for own in authors], dtype=np.uint16),
        names=np.concatenate([np.empty(0, np.uint32), *authors]),
    )
    return found, np.array(chosen, dtype=np.intp)


def _measured(readings: Sequence[tuple[dt.datetime, float]]) -> tuple[float, float]:
    """(liking, growth) from one paper's readings, oldest first; growth NaN if nobody looked at the right times."""
    start = readings[0][0]
    hours = [(at - start).total_seconds() / 3600 for at, _ in readings]
    last_h, votes = max(hours[-1], EARLIEST_H), readings[-1][1]
    early_share = (EARLIEST_H / (EARLIEST_H + HALF_TIME_H)) / (last_h / (last_h + HALF_TIME_H))
    values = [(h, value) for h, (_, value) in zip(hours, readings, strict=True)]
    early = [value for h, value in values if FIRST_READING_H[0] <= h <= FIRST_READING_H[1]]
    settled = [value for h, value in values if h >= SETTLED_H]
    first = early[0] if early else votes * early_share
    # A listing's first reading is none: only a series that begins there tells hours.
    told = early and settled and readings[0][1] <= 1
    growth = np.log((settled[-1] + 3) / (early[0] + 3)) - USUAL_GROWTH if told else np.nan
    return float(np.log1p(first)), float(growth)


def _chosen(listings: Listings, which: npt.NDArray[np.bool_]) -> Listings:
    return Listings(
        papers=listings.papers[which],
        days=listings.days[which],
        liking=listings.liking[which],
        growth=listings.growth[which],
        counts=listings.counts[which],
        names=listings.names[np.repeat(which, listings.counts)],
    )
