"""The chart below `digest sources`: what each day brought, at a glance, wherever it is read."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from rich.console import Console

from digest.cli import chart
from digest.cli.sources import show
from digest.model import SourceReport, SourceStatus

NOW = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)


def run(source: str, back: int, read: int, new: int, status: SourceStatus = SourceStatus.OK) -> SourceReport:
    at = NOW - dt.timedelta(days=back)
    return SourceReport(source=source, started_at=at, finished_at=at, status=status, read=read, new=new)


def drawn(runs: list[SourceReport], *, days: int = 7, width: int = 80, blocks: bool = True) -> list[str]:
    dates = [NOW.date() - dt.timedelta(days=back) for back in range(days - 1, -1, -1)]
    return [line.plain.rstrip() for line in chart.lines({"arxiv": runs}, dates, width=width, blocks=blocks)]


def test_bars_grow_with_the_papers_of_a_day() -> None:
    """Both rows share a scale; runs of one day add up, and days without papers are dots."""
    _, title, read, new, axis = drawn([run("arxiv", 2, 400, 100), run("arxiv", 0, 500, 50), run("arxiv", 0, 300, 0)])
    assert title == "Papers a day"
    assert read == "arxiv  read  ·· ·· ·· ·· ▄▄ ·· ██   most 800"
    assert new == "       new   ·· ·· ·· ·· ▁▁ ·· ▁▁   most 100"
    assert axis == "             17 Nov         23 Nov"


def test_where_there_are_no_block_characters_plain_ones_stand_in() -> None:
    """A terminal in ASCII gets a chart, too."""
    lines = drawn([run("arxiv", 0, 8, 8)], blocks=False)
    assert lines[2] == "arxiv  read  __ __ __ __ __ __ @@   most 8"
    assert all(line.isascii() for line in lines)


@pytest.mark.parametrize("days", [2, 7, 14, 30, 31, 90])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_any_width_and_loses_nothing(days: int, width: int) -> None:
    """Days share bars where there are more than columns, and today's paper shows in each of them."""
    lines = drawn([run("arxiv", 0, 3, 1)], days=days, width=width)
    assert max(map(len, lines)) <= width
    assert "█" in lines[2]


def test_nothing_read_draws_nothing() -> None:
    """An empty chart would only take room; a single day is in the table."""
    assert drawn([run("arxiv", 0, 0, 0)]) == []
    assert drawn([run("arxiv", 0, 5, 5)], days=1) == []


def test_the_table_fits_eighty_columns_for_three_months() -> None:
    """Days share a mark, a bad one among them shows, and long names are cut."""
    runs = [run("feed:a-journal.with-a-long-name.example", back, 1, 1) for back in range(89, -1, -1)]
    runs[-2] = run("feed:x", 1, 0, 0, SourceStatus.FAILED)
    written = io.StringIO()
    show(
        {"feed:a-journal.with-a-long-name.example": runs},
        today=NOW.date(),
        days=90,
        out=Console(file=written, width=80),
    )
    title, _, row, *_ = written.getvalue().splitlines()
    assert title.strip() == "26 Aug to 23 Nov, 7 days a mark"
    assert row.split() == ["feed:a-journal.with-l…"[:16] + row.split()[0][16:], "●" * 12 + "✗", "89", "89", "0",
                           "23", "Nov", "06:00", "ok"]  # fmt: skip
