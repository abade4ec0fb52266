"""Figures of replayed days, and the charts that show them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from digest.model import Pick, Section
from digest.ranking.backtest import Outcome, ReplayedMail, day_figures, diversity, mean_figures
from digest.reports.charts import HEIGHT, LEFT, WIDTH, line_chart

DAY = dt.date(2026, 5, 20)


def mail(reader: str, *papers: int, spread: float | None = None) -> ReplayedMail:
    picks = tuple(
        Pick(paper_id=paper, section=Section.LANE, lane=None, score=1.0, parts=(), reason="") for paper in papers
    )
    at = dt.datetime(2026, 5, 20, 6, tzinfo=dt.UTC)
    return ReplayedMail(reader=reader, edition=DAY, at=at, considered=9, picks=picks, diversity=spread)


def test_figures_of_a_day_count_what_turned_out() -> None:
    """Votes, listed and settled shares and coverage follow from the picks' outcomes."""
    outcomes = {1: Outcome(90, True), 2: Outcome(30, False), 3: Outcome(50, True), 4: Outcome(0, True)}
    figures = day_figures(
        [mail("ada", 1, 2, spread=0.4), mail("bo", 1, 9, spread=0.8), mail("cy")],
        outcomes=outcomes,
        newcomers={1, 3, 4, 9},
    )
    assert (figures.mails, figures.quiet, figures.picks, figures.papers) == (2, 1, 4, 3)
    assert figures.votes == (90 + 30 + 90 + 0) / 4
    assert (figures.listed, figures.settled) == (3 / 4, 2 / 3)
    assert figures.coverage == 1 / 2, "of papers 1 and 3, which got votes, one was carried"
    assert figures.diversity == pytest.approx(0.6)
    assert figures.overlap is None


def test_overlap_compares_the_same_readers_papers() -> None:
    """A reader who is quiet under both settings counts for nothing; the others by the Jaccard index."""
    ours, other = [mail("ada", 1, 2), mail("bo")], [mail("ada", 2, 3), mail("bo"), mail("cy", 7)]
    assert day_figures(ours, outcomes={}, newcomers=set(), other=other).overlap == 1 / 3


def test_a_day_without_picks_has_no_votes_to_speak_of() -> None:
    """What was not measured is None, never 0, and stays out of the mean."""
    empty = day_figures([mail("ada")], outcomes={}, newcomers=set())
    full = day_figures([mail("ada", 1)], outcomes={1: Outcome(8, True)}, newcomers={1})
    assert (empty.votes, empty.listed, empty.coverage, empty.diversity) == (None, None, None, None)
    mean = mean_figures([empty, full])
    assert (mean.votes, mean.coverage, mean.picks) == (8, 1, 0.5)


def test_diversity_is_the_mean_distance_of_pairs() -> None:
    """Equal directions are 0 apart, right angles 1, whatever the lengths; one alone has none."""
    square = np.array([[2.0, 0.0], [0.0, 0.5], [3.0, 0.0]], dtype=np.float32)
    assert diversity(square) == pytest.approx(2 / 3)
    assert diversity(square[[0, 2]]) == pytest.approx(0, abs=1e-6)
    assert diversity(square[:1]) is None


def test_a_chart_stays_inside_and_breaks_where_a_value_is_missing() -> None:
    """Points lie in the view box, 0 on the ground, and a gap makes two segments."""
    dates = [DAY + dt.timedelta(days=shift) for shift in range(4)]
    chart = line_chart("Votes", dates, [("ours", [0.0, 37.0, None, 12.0])])
    (line,) = chart.lines
    assert [len(segment) for segment in line.segments] == [2, 1]
    assert all(LEFT <= x <= WIDTH and 0 <= y <= HEIGHT for segment in line.segments for x, y in segment)
    assert line.segments[0][0][1] == max(mark.at for mark in chart.values)
    assert [mark.label for mark in chart.values] == ["0", "20", "40"]


@pytest.mark.parametrize("values", [[0.0], [None], [1e-9], [3e6]])
def test_a_chart_of_odd_values_has_an_axis(values: list[float | None]) -> None:
    """Nothing but zeros, nothing at all, the tiny and the huge: at least two marks, ascending upwards."""
    chart = line_chart("Odd", [DAY], [("ours", values)], percent=True)
    places = [mark.at for mark in chart.values]
    assert len(places) >= 2
    assert places == sorted(places, reverse=True)
