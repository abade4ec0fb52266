"""Attention over time → how much a paper is trending, for its field and its age.

1. **Level.** What the votes so far will settle at. A paper gets about ``h / (h + 7)`` of its votes within *h* hours on
   the list, so a paper's votes are divided by that share, which makes young and old comparable. Before eight hours the
   clock says nothing more (what is voted for early is listed early), so the share is never taken below that of 8 h.
   A repository's stars raise the level a little: they tell apart papers with like votes. What
   :mod:`digest.ranking.forecast` says of the growth to come leans it up or down while most of it is still to come.
2. **Velocity and acceleration.** What the last day brought is compared with what the curve lets expect of a paper of
   that age; the excess is counted again: a paper that was listed days ago and climbs now is seen.
3. **Cohort.** Fields differ in how many votes are usual, so levels are evened out between them in part, and a small
   field's hit beats a large field's average. What is *told* is the plain share of the field's candidates that do
   better: "top 2 % of cs.CV".
4. **Score.** ``credibility × −ln(share of all that do better)``: the first of a thousand has 7. Credibility,
   ``level / (level + 10)``, keeps one vote on a quiet day from being a hit.

A single wild reading decides nothing: it waits for a second one that confirms it.
A paper without any reading scores 0: unknown is neither good nor bad, and a source that did not answer lowers nobody.
What may be expected of it, :mod:`digest.ranking.forecast` says.
The constants were read from 8,700 papers of Hugging Face's daily lists: training/growth.py, benchmarks/trend.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from digest.model import Attention, Observation, Signal
from digest.ranking.text import archive_of

Floats = npt.NDArray[np.float64]

HALF_TIME_H: Final = 7.0
"""Hours on the list within which a paper gets half of its votes."""

EARLIEST_H: Final = 8.0
DOUBT: Final = 10.0
"""Settled votes at which a level is believed by half."""

BELIEF_IN_GROWTH: Final = 0.5
"""Share of the foretold growth that is believed: the forecast is learnt from logs, in which small papers weigh as much
as large ones."""

STAR_EXPONENT: Final = 0.02
FIELD_EXPONENT: Final = 0.2
"""How far a field's usual level is evened out: 0 not at all, 1 entirely."""

SMALL_COHORT: Final = 10
"""A field with this many voted papers is believed by half."""

NAMED_COHORT: Final = 20
"""Fewer candidates than this are not worth naming as a field: the archive's or everybody's share is told instead."""

RANKED: Final = (Signal.HF_UPVOTES, Signal.GITHUB_STARS)
"""The signals that a trend is made from; what the others say changes no score."""

LEAP: Final = 20.0
LEAP_VOTES: Final = 500.0
"""A count that grows by more than this factor and this many at once is believed when it is read again."""

EVERYTHING: Final = "all papers"
_DAY_S: Final = 86_400.0
_YOUNG_S: Final = 1.5 * _DAY_S
_RISING_SHARE: Final = 0.05
_RISING_VOTES: Final = 5.0
_NEXT_TO_NOTHING: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trend:
    """Per row of the corpus; NaN where nothing was read. ``score`` ≥ 0 in natural-log units, 0 if nothing is known."""

    score: Floats
    votes: Floats
    hours: Floats
    """In which the votes came in; NaN where the first reading came too late to tell."""
    stars: Floats
    share_above: Floats
    cohorts: tuple[str, ...]
    """Whom ``share_above`` compares with: the field by its own name, its archive, or all papers."""
    rising: npt.NDArray[np.bool_]

    def attention(self, row: int) -> Attention:
        """The figures of one paper, as far as they are known."""
        votes, hours, stars, share = (float(v[row]) for v in (self.votes, self.hours, self.stars, self.share_above))
        known = not np.isnan(votes)
        return Attention(
            votes=round(votes) if known else None,
            hours=None if np.isnan(hours) else round(hours, 1),
            cohort=self.cohorts[row] if known else "",
            share_above=share if known else None,
            rising=bool(self.rising[row]),
            stars=None if np.isnan(stars) else round(stars),
        )


def trend_of(
    ids: npt.NDArray[np.int64],
    seen_at: Sequence[dt.datetime],
    categories: Sequence[str],
    observations: Sequence[Observation],
    *,
    now: dt.datetime,
    growth: Floats | None = None,
) -> Trend:
    """The trend of each candidate.

    Args:
        ids: (n,) paper ids, ascending.
        seen_at: when each was announced or first seen.
        categories: each one's primary category, ``""`` if it has none.
        observations: readings in any order; those of other papers or from after ``now`` are passed over.
        growth: (n,) by how much more than usual the logs of each one's votes are foretold to grow, NaN if nothing is.
    """
    votes = _Series.of(ids, observations, Signal.HF_UPVOTES, now)
    stars = _Series.of(ids, observations, Signal.GITHUB_STARS, now)
    level = _level(votes, stars, np.zeros(len(ids)) if growth is None else np.nan_to_num(growth))
    n = len(ids)
    field_of, fields = _numbered(categories)
    archive_numbers, archives = _numbered([archive_of(category) for category in categories])
    everything = np.zeros(n, dtype=np.intp)
    above_field, size_field = _above(level, field_of)
    above_archive, size_archive = _above(level, archive_numbers)
    above_all, _ = _above(level, everything)
    fair = _against_field(level, field_of)
    beaten_by, _ = _above(fair, everything)
    # The paper itself counts as half a paper above: the best of n has a share of 0.5 / n, never 0.
    surprise = -np.log((beaten_by + 0.5) / max(n, 1))
    score = np.where(level > 0, fair / (fair + DOUBT) * np.maximum(surprise, 0.0), 0.0)
    has_field = np.array([bool(category) for category in categories], dtype=bool)
    use_field = has_field & (size_field >= NAMED_COHORT)
    use_archive = has_field & ~use_field & (size_archive >= NAMED_COHORT)
    share = np.where(
        use_field,
        above_field / np.maximum(size_field, 1),
        np.where(use_archive, above_archive / np.maximum(size_archive, 1), above_all / max(n, 1)),
    )
    names = tuple(
        fields[f] if in_field else archives[a] if in_archive else EVERYTHING
        for f, a, in_field, in_archive in zip(
            field_of.tolist(), archive_numbers.tolist(), use_field.tolist(), use_archive.tolist(), strict=True
        )
    )
    age_s = np.array([(now - seen).total_seconds() for seen in seen_at], dtype=np.float64)
    young = (age_s <= _YOUNG_S) & (share <= _RISING_SHARE)
    rising = (votes.gained >= _RISING_VOTES) & (young | (votes.excess >= _RISING_VOTES))
    return Trend(
        score=score,
        votes=votes.last,
        hours=np.where(votes.from_start & (votes.hours > 0), votes.hours, np.nan),
        stars=stars.last,
        share_above=share,
        cohorts=names,
        rising=rising,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Series:
    """One signal per row: its last value, hours since the first reading, and what the last day brought."""

    last: Floats
    hours: Floats
    from_start: npt.NDArray[np.bool_]
    """The first reading had next to nothing yet, so ``last`` came within ``hours``."""
    gained: Floats
    """Within a day before the last reading; everything, when the first reading is younger than that. 0 if unknown."""
    excess: Floats
    """``gained`` beyond what the growth curve lets expect, where an older reading tells; else 0."""

    @classmethod
    def of(
        cls, ids: npt.NDArray[np.int64], observations: Sequence[Observation], signal: Signal, now: dt.datetime
    ) -> _Series:
        chosen = [o for o in observations if o.signal is signal and o.observed_at <= now]
        n = len(ids)
        last, hours = np.full(n, np.nan), np.zeros(n)
        from_start, gained, excess = np.zeros(n, dtype=bool), np.zeros(n), np.zeros(n)
        papers = np.array([o.paper_id for o in chosen], dtype=np.int64)
        values = np.array([o.value for o in chosen], dtype=np.float64)
        # Hostile or broken readings (negative, infinite, not a number) are no readings.
        rows = np.searchsorted(ids, papers)
        known = np.isfinite(values) & (values >= 0) & (rows < n)
        known[known] = ids[rows[known]] == papers[known]
        times = np.array([(o.observed_at - now).total_seconds() for o in chosen], dtype=np.float64)[known]
        rows, values = rows[known], values[known]
        if not len(rows):
            return cls(last=last, hours=hours, from_start=from_start, gained=gained, excess=excess)
        order = np.lexsort((values, times, rows))
        rows, values, times = rows[order], values[order], times[order]
        starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
        ends = np.r_[starts[1:], len(rows)] - 1
        here = rows[starts]
        final = _believed(values, starts, ends)
        last[here] = final
        hours[here] = (times[ends] - times[starts]) / 3600
        from_start[here] = values[starts] <= np.maximum(_NEXT_TO_NOTHING * final, 1)
        # The last reading that is at least a day older than the newest one of the same paper.
        a_day_older = times <= np.repeat(times[ends], ends - starts + 1) - _DAY_S
        before = starts + np.add.reduceat(a_day_older.astype(np.intp), starts) - 1
        has_older = before >= starts
        # Counts hardly ever fall, so a low reading among higher ones is a slip.
        older = np.where(has_older, np.minimum(_greatest_so_far(values, starts)[np.maximum(before, 0)], final), 0.0)
        gained[here] = final - older
        older_h = (times[np.maximum(before, 0)] - times[starts]) / 3600
        expected = final * (1 - older_h / (older_h + HALF_TIME_H) / _growth(hours[here]))
        excess[here] = np.where(has_older, np.maximum(gained[here] - expected, 0.0), 0.0)
        return cls(last=last, hours=hours, from_start=from_start, gained=gained, excess=excess)


def _believed(values: Floats, starts: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]) -> Floats:
    """The last reading of each series, or the one before where the last is a slip that nothing confirms.

    A count that falls by more than half, or grows twentyfold and by hundreds from one reading to the next, waits
    for a second reading that says so; the first one after a listing has nothing to be measured by. After a slip
    upwards the count comes back to where it was: that is no fall.
    """
    last, before = values[ends], values[np.maximum(ends - 1, starts)]
    earlier = values[np.maximum(ends - 2, starts)]
    several = ends - starts >= 2
    came_back = several & (last > 0) & (last >= earlier)
    fell = (last < before / 2 - 2) & ~came_back
    leapt = several & (last > LEAP * before + LEAP_VOTES)
    return np.asarray(np.where(fell | leapt, before, last), dtype=np.float64)


def _greatest_so_far(values: Floats, starts: npt.NDArray[np.intp]) -> Floats:
    """Within each series, the greatest reading up to each."""
    found = values.copy()
    sizes = np.diff(np.append(starts, len(values)))
    for step in range(1, int(sizes.max(initial=1))):
        # One pass per reading of the longest series, over those that are so long.
        at = starts[sizes > step] + step
        found[at] = np.maximum(found[at], found[at - 1])
    return found


def _growth(hours: Floats) -> Floats:
    """The share of its settled votes that a paper has after ``hours`` on the list."""
    at = np.maximum(hours, EARLIEST_H)
    return np.asarray(at / (at + HALF_TIME_H), dtype=np.float64)


def _level(votes: _Series, stars: _Series, growth: Floats) -> Floats:
    """The votes that each paper is on its way to; 0 where no votes were read."""
    share = _growth(votes.hours)
    settled = np.nan_to_num(votes.last) / share + votes.excess
    # What is foretold of the growth concerns the votes that are still to come.
    ahead = (1 - share) / (1 - EARLIEST_H / (EARLIEST_H + HALF_TIME_H))
    lean = np.exp(BELIEF_IN_GROWTH * growth * ahead)
    return np.asarray(settled * lean * (1 + np.nan_to_num(stars.last)) ** STAR_EXPONENT, dtype=np.float64)


def _against_field(level: Floats, field_of: npt.NDArray[np.intp]) -> Floats:
    """Levels made comparable between fields: divided by a part of what the field's voted papers usually reach.

    The usual level is the geometric mean, of the field's papers and of ``SMALL_COHORT`` that have everybody's.
    """
    voted = level > 0
    if not voted.any():
        return level
    logs = np.log(level[voted])
    everybody = logs.mean()
    count = np.bincount(field_of[voted], minlength=int(field_of.max()) + 1)
    total = np.bincount(field_of[voted], weights=logs, minlength=len(count))
    usual = (total + SMALL_COHORT * everybody) / (count + SMALL_COHORT)
    return np.asarray(level * np.exp(-FIELD_EXPONENT * (usual - everybody)[field_of]), dtype=np.float64)


def _numbered(names: Sequence[str]) -> tuple[npt.NDArray[np.intp], list[str]]:
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.intp), list(numbers)


def _above(level: Floats, group: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """For each row how many of its group have a higher level, and how large the group is."""
    if not len(level):
        return np.zeros(0), np.zeros(0)
    order = np.lexsort((-level, group))
    sorted_group, sorted_level = group[order], level[order]
    new_group = np.r_[True, sorted_group[1:] != sorted_group[:-1]]
    new_level = new_group | np.r_[True, sorted_level[1:] != sorted_level[:-1]]
    place = np.arange(len(level))
    first_of_group = np.maximum.accumulate(np.where(new_group, place, 0))
    first_of_level = np.maximum.accumulate(np.where(new_level, place, 0))
    above = np.empty(len(level))
    above[order] = first_of_level - first_of_group
    sizes = np.bincount(group)
    return above, sizes[group].astype(np.float64)
