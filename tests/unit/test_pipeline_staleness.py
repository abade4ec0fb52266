"""Quiet or stale: judged by the timetable for arXiv, and by its own rhythm for every other source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pytest

from digest.model import SourceReport, SourceStatus
from digest.pipeline.staleness import judged

MONDAY = dt.date(2026, 8, 17)


def run(day: int, new: int = 0, *, hour: int = 8, source: str = "biorxiv", status: str = "ok") -> SourceReport:
    """A run so many days after Monday, 17 August 2026, at a full hour (UTC)."""
    at = dt.datetime.combine(MONDAY + dt.timedelta(days=day), dt.time(hour), dt.UTC)
    return SourceReport(source=source, started_at=at, finished_at=at, status=SourceStatus(status), new=new)


def verdict(report: SourceReport, history: Iterable[SourceReport]) -> str | None:
    """Why it is stale, None if it is not."""
    told = judged(report, list(history))
    assert (told.status is SourceStatus.STALE) == (told is not report)
    return told.error if told is not report else None


WEEK = [run(day, 3) for day in range(5)]
"""Monday to Friday, something every day."""


def test_a_daily_source_that_skips_a_working_day_is_stale() -> None:
    """Nothing on Monday, told on Tuesday: after a week with something every day that is no chance."""
    history = [*WEEK, run(5), run(6), run(7)]
    assert verdict(run(8), history) == "nothing new since Fri 21 Aug, after something new on 5 working days in a row"


def test_it_stays_stale_until_it_brings_something() -> None:
    """A week of silence does not become the new rhythm; one new paper ends it."""
    silent = [run(day, status="stale") for day in range(7, 14)]
    assert verdict(run(14), [*WEEK, *silent]) is not None
    assert verdict(run(14, 1), [*WEEK, *silent]) is None
    assert verdict(run(14, hour=9), [*WEEK, *silent, run(14, 1)]) is None


@pytest.mark.parametrize(
    ("report", "history"),
    [
        (run(6), [*WEEK, run(5)]),
        (run(7, hour=20), [*WEEK, run(5), run(6), run(7)]),
        (run(8), [run(0, 3), run(1, 3), run(2), run(3, 3), run(4, 3), run(7)]),
        (run(8), [*WEEK[1:], run(7)]),
        (run(8), WEEK),
        (run(8), [*WEEK, run(7, status="failed")]),
        (run(8, source="feed:lab"), [*WEEK, run(7)]),
        (run(8), []),
        (run(8, status="failed"), [*WEEK, run(7)]),
    ],
    ids=[
        "a weekend",
        "the day is not over",
        "no rhythm",
        "too short a history",
        "not asked meanwhile",
        "did not answer meanwhile",
        "another source's rhythm",
        "nothing known",
        "failed anyway",
    ],
)
def test_silence_that_proves_nothing_is_quiet(report: SourceReport, history: list[SourceReport]) -> None:
    """Only whole working days on which the source was asked and answered count, for the rhythm and against it."""
    assert verdict(report, history) is None


def test_holidays_are_no_working_days() -> None:
    """Nothing on Labor Day (7 September 2026) is as it should be; nothing on the day after is not."""
    history = [run(day, 3) for day in range(14, 19)]  # the week before
    history += [run(21)]
    assert verdict(run(22), history) is None
    assert verdict(run(23), [*history, run(22)]) is not None


def test_news_of_known_papers_is_something() -> None:
    """Hugging Face lists what arXiv has announced: updates, nothing new, and all is well."""
    listed = [
        SourceReport(
            source="huggingface",
            started_at=one.started_at,
            finished_at=one.finished_at,
            status=SourceStatus.OK,
            updated=40,
        )
        for one in (run(day) for day in (0, 1, 2, 3, 4, 7))
    ]
    assert verdict(run(8, source="huggingface"), listed) is None


def test_arxiv_is_judged_by_its_timetable() -> None:
    """Nothing unseen after an announcement is stale from the hour at which the feeds must show it."""
    history = [run(1, 300, source="arxiv", hour=5)]
    assert verdict(run(1, source="arxiv", hour=9), history) is None
    assert verdict(run(2, source="arxiv", hour=3), history) is None
    told = verdict(run(2, source="arxiv", hour=5), history)
    assert told == "arXiv's feeds show nothing new since the announcement of Wed 19 Aug"
