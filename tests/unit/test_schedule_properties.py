"""What holds for every zone, date and send time: no loop, no repeat, no gap in the sequence of editions."""

from __future__ import annotations

import datetime as dt
import importlib.resources

from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.announcements import FEED_DELAY, announcements_between
from digest.model import Frequency, SendTimes
from digest.schedule import is_edition_day, local_instant, next_slot, previous_slot, zone

ZONES = importlib.resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split()

# Zones that jumped over dates, repeated dates, or change clocks at midnight, as often as all others together.
AWKWARD = [
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Pacific/Kiritimati",
    "Pacific/Fakaofo",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "America/Asuncion",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "America/Nuuk",
    "Europe/Dublin",
]
send_times = st.sampled_from(
    [dt.time(0), dt.time(0, 0, 30), dt.time(0, 30), dt.time(1, 30), dt.time(2, 30), dt.time(23, 59, 59)]
)
all_times = st.builds(
    SendTimes,
    timezone=st.sampled_from(AWKWARD) | st.sampled_from(ZONES),
    send=send_times | st.times(),
    frequency=st.sampled_from(Frequency),
    weekday=st.integers(0, 6),
)
instants = st.datetimes(min_value=dt.datetime(1960, 1, 1), max_value=dt.datetime(2090, 1, 1), timezones=st.just(dt.UTC))
days = st.dates(min_value=dt.date(1960, 1, 1), max_value=dt.date(2090, 1, 1))
PATIENT = settings(deadline=None)  # the first look at a zone reads its file: slow on a busy machine
DAILY_APIA = SendTimes(timezone="Pacific/Apia", send=dt.time(0), frequency=Frequency.DAILY)


@PATIENT
@given(all_times, instants)
@example(DAILY_APIA, dt.datetime(2011, 12, 28, tzinfo=dt.UTC))
def test_editions_and_due_times_only_grow(times: SendTimes, start: dt.datetime) -> None:
    """Ten slots in a row: dates and instants strictly increase, each on an edition day, at the local time asked for."""
    after, last = start, None
    for _ in range(10):
        slot = next_slot(times, after=after, last_edition=last)
        assert slot.due_at > after
        assert last is None or slot.edition > last
        assert is_edition_day(times, slot.edition)
        assert slot.due_at == local_instant(slot.edition, times.send, times.timezone)
        after, last = slot.due_at, slot.edition


@PATIENT
@given(all_times, all_times, instants)
def test_changing_times_between_any_two_editions_repeats_no_date(
    before: SendTimes, changed: SendTimes, start: dt.datetime
) -> None:
    """New zone, time and frequency right after a send: the next edition still has a later date."""
    slot = next_slot(before, after=start, last_edition=None)
    following = next_slot(changed, after=slot.due_at, last_edition=slot.edition)
    assert following.edition > slot.edition
    assert following.due_at > slot.due_at


@PATIENT
@given(all_times, instants)
def test_the_slots_around_an_instant_are_neighbours(times: SendTimes, at: dt.datetime) -> None:
    """previous <= at < next, and next is what follows previous: catching up skips nothing newer."""
    previous = previous_slot(times, at=at)
    assert previous is not None
    following = next_slot(times, after=at, last_edition=None)
    assert previous.due_at <= at < following.due_at
    assert next_slot(times, after=previous.due_at, last_edition=previous.edition) == following


@PATIENT
@given(days, send_times | st.times(), st.sampled_from(AWKWARD) | st.sampled_from(ZONES))
def test_a_resolved_time_is_the_first_instant_with_that_wall_clock_or_a_later_one(
    day: dt.date, at: dt.time, name: str
) -> None:
    """One second before it, clocks showed less; at it, they show what was asked for or the end of a gap."""
    instant = local_instant(day, at, name)
    if instant is None:
        assert not any(
            (dt.datetime.combine(day, dt.time(12), dt.UTC) + dt.timedelta(hours=h)).astimezone(zone(name)).date() == day
            for h in range(-27, 28)
        )
        return
    wall = dt.datetime.combine(day, at.replace(microsecond=0))
    shown = instant.astimezone(zone(name)).replace(tzinfo=None)
    a_second_before = (instant - dt.timedelta(seconds=1)).astimezone(zone(name)).replace(tzinfo=None)
    assert shown >= wall
    assert a_second_before < wall


@PATIENT
@given(st.sampled_from(AWKWARD) | st.sampled_from(ZONES), send_times, instants)
def test_every_announcement_is_news_in_exactly_one_edition(name: str, send: dt.time, start: dt.datetime) -> None:
    """Between two editions on announcement days lies what the later one reports, and no other edition reports it."""
    times = SendTimes(timezone=name, send=send)
    first = next_slot(times, after=start, last_edition=None)
    second = next_slot(times, after=first.due_at, last_edition=first.edition)
    assert announcements_between(first.due_at - FEED_DELAY, second.due_at - FEED_DELAY)


@PATIENT
@given(st.sampled_from(AWKWARD) | st.sampled_from(ZONES), send_times, days)
def test_no_announcement_waits_longer_than_one_send_moment(name: str, send: dt.time, day: dt.date) -> None:
    """A day without an edition is one on which no announcement could be read for the first time."""
    times = SendTimes(timezone=name, send=send)
    moment = local_instant(day, send, name)
    since = local_instant(day - dt.timedelta(days=1), send, name)
    if moment is not None and since is not None:
        news = announcements_between(since - FEED_DELAY, moment - FEED_DELAY)
        assert is_edition_day(times, day) == bool(news)
