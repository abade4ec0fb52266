"""A backtest as a page, as words, and as JSON: the same figures under the same names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from digest.pipeline.backtest import Backtest, Day
from digest.ranking.backtest import BEST, DayFigures, Outcome, ReplayedMail
from digest.reports.charts import Chart, line_chart
from digest.reports.pages import render

COLUMNS: Final[tuple[tuple[str, str, str], ...]] = (
    ("mails", "count", "readers who would have got a mail"),
    ("quiet", "count", "readers with nothing above their threshold"),
    ("picks", "count", "papers in all mails together"),
    ("papers", "count", "different papers among them"),
    ("votes", "mean", "votes of a pick by their last reading, on average; 0 for papers that nobody listed"),
    ("listed", "share", "share of picks that got any vote"),
    ("settled", "share", "share of those whose votes were read late enough to be the last word"),
    ("coverage", "share", f"share of the day's {BEST} most voted newcomers that some mail carried"),
    ("diversity", "mean", "how different the picks of one mail are, on average (1 − cosine)"),
    ("overlap", "share", "picks in common with the other setting (Jaccard index, mean over readers)"),
)
"""(figure, how it is written, what it is), in the order of every table."""

_PLOTTED: Final = (
    ("votes", "Votes per pick", False),
    ("coverage", "Coverage of the day's most voted", True),
    ("diversity", "Diversity within a mail", False),
    ("overlap", "Picks in common", True),
)


def columns(tests: Sequence[Backtest]) -> list[tuple[str, str, str]]:
    """The columns that have anything in them; the overlap needs two settings."""
    return [column for column in COLUMNS if column[0] != "overlap" or len(tests) > 1]


def written(value: float | None, kind: str) -> str:
    """A figure for a table: ``37 %``, ``21.4``, ``12``; a dot for what was not measured."""
    if value is None:
        return "·"
    match kind:
        case "share":
            return f"{value * 100:.0f} %"
        case "count":
            return f"{value:.1f}".removesuffix(".0")
        case _:
            return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def remarks(tests: Sequence[Backtest]) -> list[str]:
    """What must be known to read the figures, in sentences."""
    said = []
    figures = [test.figures for test in tests]
    if all(one.listed in (None, 0.0) for one in figures):
        said.append("No votes are stored for these days, so nothing tells how the picks turned out.")
    elif any(one.settled is not None and one.settled < 1 for one in figures):
        least = min(one.settled for one in figures if one.settled is not None)
        early = f"{(1 - least) * 100:.0f} %"
        said.append(f"Votes of {early} of the listed picks were last read within 60 h: they may still grow.")
    if not any(day.mails for test in tests for day in test.days):
        said.append("No reader was due on these days.")
    return said


def to_json(tests: Sequence[Backtest], first: dt.date, last: dt.date) -> dict[str, object]:
    """Everything, for scripts."""
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "settings": [
            {
                "name": test.name,
                "figures": _figures(test.figures),
                "days": [
                    {
                        "date": day.date.isoformat(),
                        "figures": _figures(day.figures),
                        "mails": [_mail(test, mail) for mail in day.mails],
                    }
                    for day in test.days
                ],
            }
            for test in tests
        ],
    }


def page(tests: Sequence[Backtest], first: dt.date, last: dt.date) -> str:
    """One HTML file with plots, the table, and every pick; without scripts or remote resources."""
    dates = sorted({day.date for test in tests for day in test.days})
    readers = {mail.reader for test in tests for day in test.days for mail in day.mails}
    return render(
        "backtest.html.j2",
        title=f"Backtest, {first.day} {first:%b} to {last.day} {last:%b %Y}",
        what=f"{len(dates)} edition days, {len(readers)} readers, each day with what was known then.",
        words=remarks(tests),
        charts=[chart for name, title, percent in _PLOTTED if (chart := _chart(tests, dates, name, title, percent))],
        columns=columns(tests),
        dates=dates,
        tests=[
            {
                "name": test.name,
                "figures": _figures(test.figures),
                "days": {day.date: _day(test, day) for day in test.days},
            }
            for test in tests
        ],
    )


def _chart(tests: Sequence[Backtest], dates: Sequence[dt.date], name: str, title: str, percent: bool) -> Chart | None:
    series = []
    for test in tests:
        by_date: Mapping[dt.date, float | None] = {day.date: getattr(day.figures, name) for day in test.days}
        series.append((test.name, [by_date.get(date) for date in dates]))
    if name == "overlap":
        series = series[:1]  # the same for both
    measured = any(value is not None for _, values in series for value in values)
    return line_chart(title, dates, series, percent=percent) if measured else None


def _day(test: Backtest, day: Day) -> dict[str, object]:
    mails = [
        {
            "reader": mail.reader,
            "considered": mail.considered,
            "quiet": mail.quiet_reason,
            "picks": [
                {
                    "label": test.titles.get(pick.paper_id, ("", ""))[0],
                    "title": test.titles.get(pick.paper_id, ("", f"paper #{pick.paper_id}"))[1],
                    "reason": pick.reason,
                    "votes": votes_in_words(test.outcomes.get(pick.paper_id)),
                }
                for pick in mail.picks
            ],
        }
        for mail in day.mails
    ]
    return {"figures": _figures(day.figures), "mails": mails}


def votes_in_words(outcome: Outcome | None) -> str:
    if outcome is None or outcome.votes <= 0:
        return "no votes"
    votes = "1 vote" if outcome.votes == 1 else f"{outcome.votes:g} votes"
    return votes if outcome.settled else f"{votes} so far"


def _mail(test: Backtest, mail: ReplayedMail) -> dict[str, object]:
    return {
        "reader": mail.reader,
        "at": mail.at.isoformat(),
        "considered": mail.considered,
        "quiet_reason": mail.quiet_reason,
        "diversity": mail.diversity,
        "picks": [
            {
                "paper": test.titles.get(pick.paper_id, (f"#{pick.paper_id}", ""))[0],
                "title": test.titles.get(pick.paper_id, ("", ""))[1],
                "section": str(pick.section),
                "lane": pick.lane,
                "score": pick.score,
                "reason": pick.reason,
                "votes": outcome.votes if (outcome := test.outcomes.get(pick.paper_id)) else None,
                "settled": outcome.settled if outcome else None,
            }
            for pick in mail.picks
        ],
    }


def _figures(figures: DayFigures) -> dict[str, float | None]:
    return {name: getattr(figures, name) for name, _, _ in COLUMNS}
