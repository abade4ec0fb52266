"""arXiv's timetable, checked against its published holidays and against dates on which feeds really were empty."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.announcements import (
    announcement_on,
    announcements_between,
    expected_new,
    holidays,
    last_announcement,
    next_announcement,
)

instants = st.datetimes(min_value=dt.datetime(2015, 1, 1), max_value=dt.datetime(2045, 1, 1), timezones=st.just(dt.UTC))


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_announcements_follow_the_eastern_clock_through_the_year() -> None:
    """20:00 in New York is 00:00 UTC in summer and 01:00 UTC in winter."""
    assert announcement_on(dt.date(2026, 7, 1)) == utc("2026-07-02T00:00")
    assert announcement_on(dt.date(2026, 12, 1)) == utc("2026-12-02T01:00")


def test_a_plain_week_has_five_announcements_and_none_on_friday_and_saturday() -> None:
    """From Saturday noon to Saturday noon there are the evenings of Sunday to Thursday."""
    week = announcements_between(utc("2026-10-03T16:00"), utc("2026-10-10T16:00"))
    assert [f"{at:%a %H:%M}" for at in week] == ["Mon 00:00", "Tue 00:00", "Wed 00:00", "Thu 00:00", "Fri 00:00"]


@pytest.mark.parametrize(
    "evening",
    [
        "2025-09-01",  # Labor Day
        "2025-11-27",  # Thanksgiving
        "2025-12-25",
        "2025-12-30",
        "2026-01-01",
        "2026-01-19",  # Martin Luther King Jr. Day
    ],
)
def test_evenings_after_which_the_feeds_were_empty_have_no_announcement(evening: str) -> None:
    """All working evenings from 2025-09 to 2026-05 after which cs.AI, cs.CL, cs.CV and cs.LG were empty."""
    assert announcement_on(dt.date.fromisoformat(evening)) is None


@pytest.mark.parametrize("evening", ["2025-10-13", "2025-11-11", "2025-12-24", "2026-02-16", "2026-05-25"])
def test_other_american_holidays_do_have_one(evening: str) -> None:
    """Columbus, Veterans', Presidents' and Memorial Day and Christmas Eve are working days at arXiv."""
    assert announcement_on(dt.date.fromisoformat(evening)) is not None


def test_a_year_without_a_published_list_follows_the_usual_holidays() -> None:
    """2027: the movable ones fall where the calendar says."""
    assert holidays(2027) == {
        dt.date(2027, 1, 1),
        dt.date(2027, 1, 18),
        dt.date(2027, 6, 19),
        dt.date(2027, 7, 4),
        dt.date(2027, 9, 6),
        dt.date(2027, 11, 25),
        dt.date(2027, 12, 25),
    }


def test_an_interval_excludes_its_start_and_includes_its_end() -> None:
    """Neighbouring intervals share no announcement and lose none."""
    at = utc("2026-10-06T00:00")
    assert announcements_between(at, at) == []
    assert announcements_between(at - dt.timedelta(seconds=1), at) == [at]
    assert announcements_between(at, at + dt.timedelta(hours=1)) == []
    assert announcements_between(at, at - dt.timedelta(days=3)) == []


@settings(deadline=None)
@given(instants)
def test_last_and_next_enclose_now(now: dt.datetime) -> None:
    """last <= now < next, and nothing lies between them."""
    last, following = last_announcement(now), next_announcement(now)
    assert last <= now < following
    assert announcements_between(last, following) == [following]


def test_a_weekend_is_quiet_and_a_monday_is_not() -> None:
    """An empty feed is to be expected from Friday's rebuild to Sunday midnight Eastern, and then no more."""
    friday = utc("2026-10-09T05:00")  # 01:00 in New York, after Thursday's feed
    assert not expected_new(utc("2026-10-11T12:00"), friday)
    assert not expected_new(utc("2026-10-12T03:59"), friday)
    assert expected_new(utc("2026-10-12T04:00"), friday)


def test_the_api_shows_an_announcement_before_the_feed_does() -> None:
    """Between 20:00 and midnight Eastern the feed still holds the day before."""
    read_at, now = utc("2026-10-06T12:00"), utc("2026-10-07T01:00")
    assert expected_new(now, read_at, delay=dt.timedelta(0))
    assert not expected_new(now, read_at)


def test_a_source_that_was_never_read_is_always_expected_to_have_something() -> None:
    """A first run on a Saturday is no quiet day."""
    assert expected_new(utc("2026-10-10T12:00"), None)


def test_a_holiday_is_quiet() -> None:
    """The morning after Thanksgiving brings nothing, and that is no fault."""
    thursday = utc("2026-11-26T06:00")  # after Wednesday's feed
    assert not expected_new(utc("2026-11-29T23:00"), thursday)
    assert expected_new(utc("2026-11-30T06:00"), thursday)
