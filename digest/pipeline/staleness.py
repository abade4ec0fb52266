"""Is a source that brings nothing quiet, or has it gone stale? Judged by what was to be expected, never by its dates.

    arXiv's feeds     something unseen since the last announcement that a feed can show (its timetable and holidays)
    everything else   its own rhythm: who brought something on each of the last five working days it was asked on, and
                      nothing on a whole one since, is stale until it brings something again

*Working days* are UTC days from Monday to Friday without arXiv's holidays. A source of irregular news has no rhythm and
never goes stale; one that keeps a holiday which arXiv does not looks stale on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from digest.announcements import FEED_DELAY, holidays, last_announcement
from digest.model import SourceReport, SourceStatus
from digest.sources.base import EXAMPLES

RHYTHM_DAYS = 5
"""Working days in a row with something new that make a rhythm."""
LEAST_SILENCE = dt.timedelta(hours=36)
"""Less is no silence: a source that is asked at irregular hours may seem to skip a day."""
HISTORY = dt.timedelta(days=30)
"""How far back runs are looked at: five working days, and a silence of three weeks after them."""

CALM = frozenset({SourceStatus.OK, SourceStatus.UNCHANGED, SourceStatus.QUIET})
_READ = CALM | {SourceStatus.STALE}
"""The source answered, whole: its silence counts as evidence."""


def judged(report: SourceReport, history: Sequence[SourceReport]) -> SourceReport:
    """The report, as STALE if it brought nothing where something was to be expected.

    Args:
        history: all runs of HISTORY before it, of whatever source, in any order.
    """
    if report.status not in CALM or _brought(report) or report.source == EXAMPLES:
        return report
    own = [run for run in history if run.source == report.source and run.started_at <= report.started_at]
    error = _arxiv(report, own) if report.source == "arxiv" else _out_of_rhythm(report, own)
    return report if error is None else replace(report, status=SourceStatus.STALE, error=error)


def _brought(run: SourceReport) -> bool:
    """New papers, or news of known ones: Hugging Face lists what arXiv has announced already."""
    return bool(run.new or run.updated)


def _arxiv(report: SourceReport, own: Iterable[SourceReport]) -> str | None:
    """An arXiv feed without unseen papers since the last announcement is stale, whatever its dates say."""
    expected = last_announcement(report.started_at - FEED_DELAY)
    if any(run.new for run in own if run.started_at >= expected):
        return None
    return f"arXiv's feeds show nothing new since the announcement of {expected:%a %d %b}"


def _out_of_rhythm(report: SourceReport, own: Sequence[SourceReport]) -> str | None:
    """What to say of a source that used to bring something every working day; None if it did not, or still does."""
    brought = [run.started_at for run in own if _brought(run)]
    if not brought or report.started_at - max(brought) < LEAST_SILENCE:
        return None
    last, today = max(brought).date(), report.started_at.date()
    asked: dict[dt.date, bool] = {}
    for run in own:
        if run.status in _READ or _brought(run):
            day = run.started_at.date()
            asked[day] = asked.get(day, False) or _brought(run)
    working = sorted(day for day in asked if is_working_day(day))
    silent = [day for day in working if last < day < today]
    before = [day for day in working if day <= last][-RHYTHM_DAYS:]
    if not silent or len(before) < RHYTHM_DAYS or not all(asked[day] for day in before):
        return None
    return f"nothing new since {last:%a %d %b}, after something new on {RHYTHM_DAYS} working days in a row"


def is_working_day(day: dt.date) -> bool:
    """Monday to Friday, without the holidays that arXiv keeps."""
    return day.weekday() < 5 and day not in holidays(day.year)
