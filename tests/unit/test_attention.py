"""When a paper's attention is read again: once per mark, made up for when missed, never for an archive."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.attention import Watch, Watched, is_due
from digest.model import Signal

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
MARKS = tuple(dt.timedelta(hours=hours) for hours in (8, 24, 72, 168))


def paper(age_h: float, *, asked_h: float | None = None, read_h: float | None = None) -> Watched:
    """A paper of that age; asked about, and read, so many hours after it was listed."""
    since = NOW - dt.timedelta(hours=age_h)
    asked, read = (None if at is None else since + dt.timedelta(hours=at) for at in (asked_h, read_h))
    return Watched(paper_id=1, since=since, asked_at=asked, read_at=read)


@pytest.mark.parametrize(
    ("watched", "due"),
    [
        (paper(7.9), False),
        (paper(8), True),
        (paper(9, read_h=0), True),
        (paper(9, read_h=8.5), False),
        (paper(9, asked_h=8.5), False),
        (paper(23.9, asked_h=8.5), False),
        (paper(24, asked_h=8.5), True),
        (paper(24.5, asked_h=8.5, read_h=24.1), False),
        (paper(71), True),
        (paper(100, asked_h=80), False),
        (paper(168, asked_h=80), True),
        (paper(263), True),
        (paper(265), False),
        (paper(10_000), False),
    ],
)
def test_a_paper_is_due_once_per_mark(watched: Watched, due: bool) -> None:
    """A reading counts like an answer; a missed mark is made up for, the last one for four days more."""
    assert is_due(watched, MARKS, NOW) is due


@given(st.lists(st.floats(0, 400), max_size=60))
def test_however_often_it_is_looked_at_a_paper_is_asked_about_once_per_mark(ages_h: list[float]) -> None:
    """At most as often as there are marks, and after any look at or behind a mark nothing of it is left."""
    asked: list[float] = []
    for age in sorted(ages_h):
        if is_due(paper(age, asked_h=asked[-1] if asked else None), MARKS, NOW):
            asked.append(age)
            assert not is_due(paper(age, asked_h=age), MARKS, NOW)
    assert len(asked) <= len(MARKS)


def test_a_single_mark_has_as_long_again() -> None:
    """The horizon says from when on a paper is of no interest."""
    watch = Watch(name="signal:x", marks=(dt.timedelta(days=1),), signals=(Signal.HN_POINTS,))
    assert watch.horizon == dt.timedelta(days=2)
    assert is_due(paper(47.9), watch.marks, NOW)
    assert not is_due(paper(48.1), watch.marks, NOW)
