"""When readers are due: real cases checked by hand against a calendar."""

from __future__ import annotations

import datetime as dt

import pytest

from digest.model import Frequency, SendTimes
from digest.schedule import (
    Slot,
    expires_at,
    in_words,
    is_edition_day,
    local_instant,
    next_slot,
    press_day_closes,
    previous_slot,
    times_hash,
    zone,
)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def times(
    zone_name: str, send: str = "07:30", frequency: Frequency = Frequency.ANNOUNCEMENT_DAYS, weekday: int = 0
) -> SendTimes:
    return SendTimes(timezone=zone_name, send=dt.time.fromisoformat(send), frequency=frequency, weekday=weekday)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# ── clock times ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("date", "at", "zone_name", "expected"),
    [
        ("2026-11-23", "07:30", "Europe/Berlin", "2026-11-23T06:30"),
        ("2026-07-01", "07:30", "Europe/Berlin", "2026-07-01T05:30"),
        ("2026-03-29", "02:30", "Europe/Berlin", "2026-03-29T01:00"),  # gap 02:00-03:00: its end, not 03:30
        ("2026-03-29", "02:00", "Europe/Berlin", "2026-03-29T01:00"),  # a gap's first minute is in it
        ("2026-03-29", "03:00", "Europe/Berlin", "2026-03-29T01:00"),  # and its end is a real time
        ("2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T00:30"),  # fold: the first 02:30
        ("2026-11-01", "01:30", "America/New_York", "2026-11-01T05:30"),  # fold: EDT, not EST
        ("2026-03-08", "02:30", "America/New_York", "2026-03-08T07:00"),
        ("2026-10-04", "02:15", "Australia/Lord_Howe", "2026-10-03T15:30"),  # a gap of half an hour
        ("2018-11-04", "00:00", "America/Sao_Paulo", "2018-11-04T03:00"),  # midnight itself is in the gap: 01:00
        ("2018-02-17", "23:30", "America/Sao_Paulo", "2018-02-18T01:30"),  # 23:00-24:00 twice: the first one
        ("2026-04-24", "00:30", "Africa/Cairo", "2026-04-23T22:00"),  # gap 00:00-01:00
        ("2011-12-29", "07:30", "Pacific/Apia", "2011-12-29T17:30"),
        ("2011-12-31", "07:30", "Pacific/Apia", "2011-12-30T17:30"),
        ("2026-11-23", "07:30", "Asia/Kathmandu", "2026-11-23T01:45"),
    ],
)
def test_a_local_time_becomes_its_first_valid_instant(date: str, at: str, zone_name: str, expected: str) -> None:
    """Gaps resolve to their end, folds to their first pass, everything else to itself."""
    assert local_instant(day(date), dt.time.fromisoformat(at), zone_name) == utc(expected)


@pytest.mark.parametrize(("date", "zone_name"), [("2011-12-30", "Pacific/Apia"), ("1993-08-21", "Pacific/Kwajalein")])
def test_a_date_that_a_zone_skipped_has_no_instant_and_no_edition(date: str, zone_name: str) -> None:
    """Samoa and Kwajalein jumped over a whole date when they changed sides of the date line."""
    for at in (dt.time(0, 0), dt.time(7, 30), dt.time(23, 59, 59)):
        assert local_instant(day(date), at, zone_name) is None
    assert not is_edition_day(times(zone_name, frequency=Frequency.DAILY), day(date))


def test_daily_mail_steps_over_a_skipped_date() -> None:
    """Samoa goes from the 29th to the 31st, 24 hours later."""
    apia = times("Pacific/Apia", frequency=Frequency.DAILY)
    first = next_slot(apia, after=utc("2011-12-29T00:00"), last_edition=None)
    second = next_slot(apia, after=first.due_at, last_edition=first.edition)
    assert (first.edition, second.edition) == (day("2011-12-29"), day("2011-12-31"))
    assert second.due_at - first.due_at == dt.timedelta(hours=24)


def test_microseconds_in_a_send_time_are_dropped() -> None:
    """A due time is a whole second, so that it compares the same after a trip through any database."""
    assert local_instant(day("2026-11-23"), dt.time(7, 30, 0, 5), "UTC") == utc("2026-11-23T07:30")


@pytest.mark.parametrize("name", ["Europe/Berlinn", "", "../../etc/passwd", "/etc/passwd", "Europe", "a\0b", "x" * 999])
def test_a_zone_that_is_none_is_named(name: str) -> None:
    """Misspelt, hostile and folder names all end in one error that quotes the name."""
    with pytest.raises(ValueError, match="unknown time zone"):
        zone(name)
    with pytest.raises(ValueError, match="unknown time zone"):
        next_slot(times(name), after=utc("2026-11-23T00:00"), last_edition=None)


# ── edition days ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("zone_name", "send", "expected"),
    [
        # The feed shows an announcement at midnight Eastern: 04:00 UTC in this week of summer time.
        ("Europe/Berlin", "07:30", "Mon Tue Wed Thu Fri"),  # 06:00 local
        (
            "Europe/Berlin",
            "05:00",
            "Tue Wed Thu Fri Sat",
        ),  # an hour too early: it is news the day after
        ("Europe/London", "07:30", "Mon Tue Wed Thu Fri"),
        ("Asia/Tokyo", "07:30", "Tue Wed Thu Fri Sat"),  # 13:00 local, after breakfast
        ("Asia/Tokyo", "18:30", "Mon Tue Wed Thu Fri"),
        ("Asia/Kolkata", "07:30", "Tue Wed Thu Fri Sat"),  # 09:30 local
        ("Asia/Kolkata", "10:00", "Mon Tue Wed Thu Fri"),
        ("Pacific/Auckland", "07:30", "Tue Wed Thu Fri Sat"),
        ("America/New_York", "07:30", "Mon Tue Wed Thu Fri"),
        ("America/New_York", "19:00", "Mon Tue Wed Thu Fri"),
        ("America/New_York", "20:30", "Mon Tue Wed Thu Fri"),  # announced, but in no feed before midnight
        ("America/New_York", "00:00", "Mon Tue Wed Thu Fri"),
        ("America/Los_Angeles", "07:30", "Mon Tue Wed Thu Fri"),
        ("America/Los_Angeles", "18:30", "Mon Tue Wed Thu Fri"),
        ("America/Los_Angeles", "21:30", "Mon Tue Wed Thu Sun"),  # 21:00 local, on the evening itself
        ("Pacific/Honolulu", "19:00", "Mon Tue Wed Thu Sun"),  # 18:00 local
    ],
)
def test_announcement_days_are_the_days_with_something_new(zone_name: str, send: str, expected: str) -> None:
    """Which weekdays bring mail in a plain week of October 2026, worked out by hand."""
    week = [day("2026-10-05") + dt.timedelta(days=n) for n in range(7)]
    assert " ".join(f"{date:%a}" for date in week if is_edition_day(times(zone_name, send), date)) == expected


def test_a_holiday_brings_no_mail_where_its_announcement_would_have_been_read() -> None:
    """Thanksgiving evening has no announcement: Berlin has no mail on Friday, Tokyo none on Saturday."""
    assert is_edition_day(times("Europe/Berlin"), day("2026-11-26"))
    assert not is_edition_day(times("Europe/Berlin"), day("2026-11-27"))
    assert is_edition_day(times("Asia/Tokyo"), day("2026-11-27"))
    assert not is_edition_day(times("Asia/Tokyo"), day("2026-11-28"))


@pytest.mark.parametrize(
    ("frequency", "weekday", "expected"),
    [
        (Frequency.DAILY, 0, "Mon Tue Wed Thu Fri Sat Sun"),
        (Frequency.WEEKDAYS, 0, "Mon Tue Wed Thu Fri"),
        (Frequency.WEEKLY, 3, "Thu"),
    ],
)
def test_plain_frequencies_follow_the_local_calendar(frequency: Frequency, weekday: int, expected: str) -> None:
    """Weekdays are the reader's, whatever the day in UTC."""
    auckland = times("Pacific/Auckland", frequency=frequency, weekday=weekday)
    week = [day("2026-11-23") + dt.timedelta(days=n) for n in range(7)]
    assert " ".join(f"{date:%a}" for date in week if is_edition_day(auckland, date)) == expected


# ── slots ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_friday_is_followed_by_monday() -> None:
    """A Berlin reader's next edition after Friday's is Monday's."""
    friday = utc("2026-10-09T05:30")
    assert next_slot(times("Europe/Berlin"), after=friday, last_edition=day("2026-10-09")) == Slot(
        day("2026-10-12"), utc("2026-10-12T05:30")
    )


def test_a_slot_at_this_very_instant_is_not_next() -> None:
    """Planning at the due instant moves on; a second earlier it is still to come."""
    berlin, due = times("Europe/Berlin"), utc("2026-10-12T05:30")
    assert next_slot(berlin, after=due - dt.timedelta(seconds=1), last_edition=None).due_at == due
    assert next_slot(berlin, after=due, last_edition=None).edition == day("2026-10-13")


def test_a_send_time_moved_to_later_today_brings_no_second_mail() -> None:
    """Sent at 07:30, moved to 18:00 at noon: today's edition has been."""
    moved = times("Europe/Berlin", "18:00")
    slot = next_slot(moved, after=utc("2026-10-12T10:00"), last_edition=day("2026-10-12"))
    assert slot.edition == day("2026-10-13")


def test_a_journey_west_brings_no_second_mail() -> None:
    """Tuesday's edition was read in Auckland; in Honolulu it is Monday, and Tuesday's 07:30 comes round again."""
    honolulu = times("Pacific/Honolulu", frequency=Frequency.DAILY)
    slot = next_slot(honolulu, after=utc("2026-10-12T18:31"), last_edition=day("2026-10-13"))
    assert slot == Slot(day("2026-10-14"), utc("2026-10-14T17:30"))


def test_the_end_of_the_calendar_is_an_error_with_words() -> None:
    """A clock in the year 9999 fails that reader, clearly."""
    with pytest.raises(ValueError, match="calendar ends"):
        next_slot(times("UTC"), after=utc("2026-10-12T18:31"), last_edition=dt.date.max)
    with pytest.raises(ValueError, match="no edition day"):
        next_slot(times("UTC", frequency=Frequency.WEEKLY, weekday=9), after=utc("2026-10-12T18:31"), last_edition=None)


def test_after_an_outage_the_newest_slot_is_found() -> None:
    """Down from Tuesday to Sunday: Friday's edition is the one to catch up with."""
    assert previous_slot(times("Europe/Berlin"), at=utc("2026-10-11T12:00")) == Slot(
        day("2026-10-09"), utc("2026-10-09T05:30")
    )
    assert previous_slot(times("UTC", frequency=Frequency.DAILY), at=dt.datetime.min.replace(tzinfo=dt.UTC)) is None


def test_a_moment_that_was_passed_before_clocks_went_back_stays_passed() -> None:
    """St John's, 2010: 00:00:30 on 7 November came, then clocks went back from 00:01 to 23:01 of the 6th."""
    saint = times("America/St_Johns", "00:00:30", Frequency.DAILY)
    slot = Slot(day("2010-11-07"), utc("2010-11-07T02:30:30"))
    assert previous_slot(saint, at=utc("2010-11-07T03:00")) == slot
    assert next_slot(saint, after=utc("2010-11-07T02:30"), last_edition=None) == slot
    assert next_slot(saint, after=utc("2010-11-07T03:00"), last_edition=None).edition == day("2010-11-08")


def test_an_edition_expires_when_the_next_one_is_due_or_when_it_is_too_late() -> None:
    """18 hours on an ordinary day; less where the next slot comes first."""
    daily = times("Europe/Berlin", frequency=Frequency.DAILY)
    slot = Slot(day("2026-10-12"), utc("2026-10-12T05:30"))
    assert expires_at(daily, slot, dt.timedelta(hours=18)) == utc("2026-10-12T23:30")
    assert expires_at(daily, slot, dt.timedelta(hours=48)) == utc("2026-10-13T05:30")


def test_the_books_close_after_the_last_zone_and_the_latest_mail() -> None:
    """12 October ends at UTC-12 at noon on the 13th in UTC; 18 hours later nothing may go out any more."""
    assert press_day_closes(day("2026-10-12"), dt.timedelta(hours=18)) == utc("2026-10-14T06:00")


# ── hash and words ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_hash_changes_with_every_setting_that_moves_a_slot() -> None:
    """Zone, time, frequency and weekday each count, and equal settings agree."""
    variants = [
        times("Europe/Berlin"),
        times("Europe/Paris"),
        times("Europe/Berlin", "07:31"),
        times("Europe/Berlin", frequency=Frequency.DAILY),
        times("Europe/Berlin", frequency=Frequency.WEEKLY),
        times("Europe/Berlin", frequency=Frequency.WEEKLY, weekday=1),
    ]
    assert len({times_hash(variant) for variant in variants}) == len(variants)
    assert times_hash(times("Europe/Berlin")) == times_hash(times("Europe/Berlin"))
    assert len(times_hash(times("Europe/Berlin"))) == 32


@pytest.mark.parametrize(
    ("due_at", "now", "expected"),
    [
        ("2026-11-24T06:30", "2026-11-23T15:00", "Tue 07:30 Europe/Berlin, in 15 h"),
        ("2026-11-24T06:30", "2026-11-24T06:25", "Tue 07:30 Europe/Berlin, in 5 min"),
        ("2026-11-24T06:30", "2026-11-24T06:29:30", "Tue 07:30 Europe/Berlin, now"),
        ("2026-11-24T06:30", "2026-11-24T08:30", "Tue 07:30 Europe/Berlin, 2 h ago"),
        ("2026-11-24T06:30", "2026-11-21T06:30", "Tue 07:30 Europe/Berlin, in 3 days"),
        ("2026-12-01T06:30", "2026-11-23T06:30", "Tue 1 Dec 07:30 Europe/Berlin, in 8 days"),
    ],
)
def test_due_times_read_like_a_person_would_say_them(due_at: str, now: str, expected: str) -> None:
    """Weekday, clock, zone, distance; the date only when the weekday alone would be ambiguous."""
    assert in_words(utc(due_at), "Europe/Berlin", utc(now)) == expected
