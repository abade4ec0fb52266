"""Attention over time: levels, velocity, cohorts, and what is told of them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Observation, Signal
from digest.ranking.trend import EVERYTHING, RANKED, Trend, trend_of
from tests.support.ranking import NOW, votes


def trend(
    observations: Sequence[Observation], categories: Sequence[str] = ("cs.LG",) * 50, *, age_h: float = 60
) -> Trend:
    ids = np.arange(1, len(categories) + 1, dtype=np.int64)
    seen_at = [NOW - dt.timedelta(hours=age_h)] * len(categories)
    return trend_of(ids, seen_at, categories, observations, now=NOW)


def test_nothing_known_is_neutral() -> None:
    """Without a reading a paper scores 0 and has no figures."""
    result = trend([])
    assert not result.score.any()
    attention = result.attention(0)
    assert (attention.votes, attention.hours, attention.share_above, attention.stars) == (None, None, None, None)
    assert not attention.rising


def test_more_votes_more_trend() -> None:
    """At one age the order is that of the votes, and zero votes are worth nothing."""
    result = trend([votes(n, count) for n, count in ((1, 0), (2, 3), (3, 20), (4, 90))])
    assert result.score[0] == 0
    assert 0 < result.score[1] < result.score[2] < result.score[3]


def test_young_votes_count_more() -> None:
    """Forty votes in nine hours beat fifty that took a week."""
    result = trend(
        [votes(1, 0, hours_ago=9), votes(1, 40, hours_ago=0), votes(2, 0, hours_ago=168), votes(2, 50, hours_ago=0)]
    )
    assert result.score[0] > result.score[1]
    assert result.attention(0).hours == 9
    assert result.attention(1).hours == 168


def test_the_span_is_told_only_if_it_is_true() -> None:
    """ "90 votes in 9 h" needs a first reading that had next to none."""
    late = trend([votes(1, 80, hours_ago=9), votes(1, 90, hours_ago=0)])
    single = trend([votes(1, 90)])
    assert late.attention(0).hours is None
    assert single.attention(0).hours is None


def test_a_late_climb_is_seen() -> None:
    """A paper that was quiet for days and climbs now has a higher trend than one that stands still, and is rising."""
    climbs = [votes(1, 0, hours_ago=120), votes(1, 10, hours_ago=26), votes(1, 60, hours_ago=1)]
    stands = [votes(2, 0, hours_ago=120), votes(2, 60, hours_ago=26), votes(2, 60, hours_ago=1)]
    result = trend([*climbs, *stands], age_h=150)
    assert result.score[0] > result.score[1]
    assert result.attention(0).rising
    assert not result.attention(1).rising


def test_a_young_hit_is_rising() -> None:
    """The best of today's papers rises, the same figures on an old paper do not."""
    assert trend([votes(1, 90)], age_h=20).attention(0).rising
    assert not trend([votes(1, 90)], age_h=100).attention(0).rising


def test_a_small_fields_hit_beats_a_large_fields_average() -> None:
    """What is usual in a field counts: the same votes are worth more where votes are rare."""
    categories = ["cs.CV"] * 60 + ["q-bio.BM"] * 60
    usual = [votes(n, 100 + n) for n in range(2, 40)] + [votes(n, 2 + n % 2) for n in range(62, 100)]
    result = trend([*usual, votes(1, 50), votes(61, 50)], categories)
    assert result.score[60] > result.score[0]
    assert result.attention(60).share_above == 0


def test_one_vote_in_an_empty_field_is_no_hit() -> None:
    """The best of nothing is not trending."""
    result = trend([votes(1, 1)], ["math.CT"] + ["cs.LG"] * 200)
    assert result.score[0] < 1.5


def test_shares_are_those_of_the_named_cohort() -> None:
    """The field is named if it is large enough, else its archive, else everybody."""
    categories = ["cs.CV"] * 40 + ["cs.XX"] * 3 + ["econ.GN"] + [""]
    result = trend([votes(n, 200 - n) for n in range(1, 46)], categories)
    assert (result.attention(1).cohort, result.attention(1).share_above) == ("cs.CV", 1 / 40)
    assert (result.attention(40).cohort, result.attention(40).share_above) == ("cs", 40 / 43)
    assert (result.attention(43).cohort, result.attention(43).share_above) == (EVERYTHING, 43 / 45)
    assert (result.attention(44).cohort, result.attention(44).share_above) == (EVERYTHING, 44 / 45)


def test_stars_part_papers_with_like_votes() -> None:
    """Stars count a little, and are told; stars alone are no votes."""
    result = trend([votes(n, 30) for n in (1, 2)] + [votes(n, 5000, signal=Signal.GITHUB_STARS) for n in (2, 3)])
    assert result.score[1] > result.score[0]
    assert result.score[2] == 0
    assert result.attention(1).stars == 5000
    assert result.attention(2).votes is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -5.0])
def test_broken_readings_are_none(value: float) -> None:
    """A reading that cannot be true is passed over."""
    assert trend([votes(1, value)]).attention(0).votes is None


def test_only_what_was_known_counts() -> None:
    """Readings from after ``now`` and of papers that are no candidates do not exist."""
    result = trend([votes(1, 90, hours_ago=-1), votes(999, 90), votes(0, 90)])
    assert not result.score.any()


@pytest.mark.parametrize("signal", sorted(set(Signal) - set(RANKED)))
def test_other_signals_change_nothing(signal: Signal) -> None:
    """Citations, comments and mentions neither help nor hurt, nor does their absence."""
    known = [votes(1, 30), votes(2, 5)]
    result = trend([*known, *(votes(n, 5000, signal=signal) for n in (2, 3))])
    np.testing.assert_array_equal(result.score, trend(known).score)
    assert result.attention(2) == trend(known).attention(2)


def test_an_empty_corpus_has_no_trend() -> None:
    """No papers, no scores, no error."""
    assert len(trend([votes(1, 3)], []).score) == 0


readings = st.lists(
    st.tuples(st.integers(0, 14), st.floats(0, 1e6), st.floats(-5, 700), st.sampled_from(list(Signal))), max_size=40
)


@given(readings)
def test_the_order_of_readings_does_not_matter(rows: list[tuple[int, float, float, Signal]]) -> None:
    """Any readings give finite scores ≥ 0 that do not depend on the order they were stored in."""
    unique = {(n, signal, hours): value for n, value, hours, signal in rows}
    observations = [votes(n, value, hours_ago=hours, signal=signal) for (n, signal, hours), value in unique.items()]
    shuffled = observations[::-1]
    categories = ["cs.LG", "cs.CV", "", "math.CT"] * 3
    one, other = trend(observations, categories), trend(shuffled, categories)
    assert np.isfinite(one.score).all()
    assert (one.score >= 0).all()
    np.testing.assert_array_equal(one.score, other.score)
    np.testing.assert_array_equal(one.rising, other.rising)


def series(number: int, *values: float) -> list[Observation]:
    """Readings twelve hours apart, the last one now."""
    return [votes(number, value, hours_ago=12 * (len(values) - 1 - n)) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("noisy", "clean"),
    [
        ((0, 40, 44, 0), (0, 40, 44, 44)),
        ((0, 40, 0), (0, 40, 40)),
        ((0, 5, 5_000, 6), (0, 5, 5, 6)),
        ((0, 5, 6, 50_000), (0, 5, 6, 6)),
        ((0, 40, 0, 44, 45), (0, 40, 40, 44, 45)),
    ],
)
def test_one_wild_reading_decides_nothing(noisy: tuple[float, ...], clean: tuple[float, ...]) -> None:
    """A slip, up or down, at the end or on the way, leaves figures and score as they would have been."""
    others = [reading for n in range(2, 20) for reading in series(n, 0, 3 * n)]
    found, wanted = trend(series(1, *noisy) + others), trend(series(1, *clean) + others)
    assert found.score[0] == pytest.approx(wanted.score[0])
    assert found.attention(0) == wanted.attention(0)


def test_what_is_read_twice_is_believed() -> None:
    """A leap or a fall that the next reading confirms is true."""
    assert trend(series(1, 0, 5, 5_000, 5_100)).attention(0).votes == 5_100
    assert trend(series(1, 0, 50, 2, 2)).attention(0).votes == 2
    assert trend(series(1, 0, 900)).attention(0).votes == 900


def test_acceleration_is_seen() -> None:
    """Of two papers with like votes and age, the one whose last day was its best stands higher."""
    speeds_up, slows_down = series(1, 0, 2, 5, 10, 20, 60), series(2, 0, 30, 45, 52, 57, 60)
    result = trend(speeds_up + slows_down, age_h=60)
    assert result.score[0] > result.score[1]


def test_a_missing_signal_lowers_nobody() -> None:
    """Papers without stars stand among themselves as they would if nobody had any."""
    some = [votes(n, 10 * n) for n in range(1, 6)]
    starred = [votes(n, 500, signal=Signal.GITHUB_STARS) for n in (2, 4)]
    with_stars, without = trend(some + starred).score, trend(some).score
    assert (np.argsort(with_stars[:5]) == np.argsort(without[:5])).all()
    assert with_stars[0] > 0
