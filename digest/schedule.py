"""When is a reader due? Pure arithmetic on calendars and zones; the store keeps the answer in ``next_due_at``.

A reader's *slot* is one local date (the edition) and the instant at which that edition is due. Three rules make local
clock times total, so that no day of any zone can loop, repeat or crash:

* a time inside a gap (clocks go forward) is the first valid instant after the gap;
* a time inside a fold (clocks go back) is its first occurrence;
* a date that the zone skipped (Samoa, 30 December 2011) has no slot.

An edition must have a later date than the one before it. That alone keeps a send time that was moved to later today,
or a journey west across the date line, from bringing a second mail for the same date.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.resources
import zoneinfo
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from digest.announcements import EASTERN, FEED_DELAY, announcements_between, holidays
from digest.model import Frequency, SendTimes

_DAY = dt.timedelta(days=1)
_SATURDAY = 5
_LOOK_AHEAD_DAYS = 60
"""Far more than the longest wait between two slots (weekly mail whose date is skipped: 14 days)."""
_LAST_ZONE = dt.timedelta(hours=12)
"""The westernmost zone in use is UTC-12: there a date ends twelve hours after it ends in UTC."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One edition's place in time: the reader's local date, and when it is due (UTC)."""

    edition: dt.date
    due_at: dt.datetime


# ── clock times in zones ────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name, from the system's database or else from the tzdata package.

    Raises:
        ValueError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder
        raise ValueError(f"unknown time zone {name!r}") from error


def local_instant(day: dt.date, at: dt.time, zone_name: str) -> dt.datetime | None:
    """The instant (UTC, whole seconds) at which clocks show ``at`` on ``day``; None if the zone skipped that date."""
    tz = zone(zone_name)
    if _first_at_or_after(dt.datetime.combine(day, dt.time.min), tz).astimezone(tz).date() != day:
        return None
    return _first_at_or_after(dt.datetime.combine(day, at.replace(microsecond=0, tzinfo=None)), tz)


def _first_at_or_after(wall: dt.datetime, tz: ZoneInfo) -> dt.datetime:
    """The first instant at which the clock shows ``wall`` or, if it never does, something later.

    PEP 495: in a gap, fold=0 reads the wall time with the offset from before the gap and so lands after the gap,
    fold=1 lands before it. The end of the gap lies between the two and is found by bisection to the second.
    """
    after = wall.replace(tzinfo=tz, fold=0).astimezone(dt.UTC)
    if _wall(after, tz) == wall:
        return after
    before = wall.replace(tzinfo=tz, fold=1).astimezone(dt.UTC)
    while after - before > dt.timedelta(seconds=1):
        middle = before + dt.timedelta(seconds=(after - before) // dt.timedelta(seconds=2))
        if _wall(middle, tz) < wall:
            before = middle
        else:
            after = middle
    return after


def _wall(instant: dt.datetime, tz: ZoneInfo) -> dt.datetime:
    return instant.astimezone(tz).replace(tzinfo=None, fold=0)


# ── edition days ────────────────────────────────────────────────────────────────────────────────────────────


def is_edition_day(times: SendTimes, day: dt.date) -> bool:
    """Whether ``day`` brings an edition under the reader's frequency; never on a date that the zone skipped.

    *Announcement days* are those whose send moment finds an arXiv announcement that could not be read yet at the send
    moment of the day before: Monday to Friday for 07:30 in Berlin, Tuesday to Saturday for 07:30 in Tokyo. What counts
    is when the feed shows an announcement (:data:`digest.announcements.FEED_DELAY`), for a mail sent in between has
    nothing new in it.
    """
    moment = local_instant(day, times.send, times.timezone)
    if moment is None:
        return False
    match times.frequency:
        case Frequency.DAILY:
            return True
        case Frequency.WEEKDAYS:
            return day.weekday() < _SATURDAY
        case Frequency.WEEKLY:
            return day.weekday() == times.weekday
        case Frequency.ANNOUNCEMENT_DAYS:
            previous = day - _DAY
            while (since := local_instant(previous, times.send, times.timezone)) is None:
                previous -= _DAY
            return bool(announcements_between(since - FEED_DELAY, moment - FEED_DELAY))


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The slots of all readers with the same times, worked out once per day: a million readers share a few thousand."""

    times: SendTimes
    zone: ZoneInfo
    slots: dict[dt.date, Slot | None] = field(default_factory=dict)

    def slot(self, day: dt.date) -> Slot | None:
        try:
            return self.slots[day]
        except KeyError:
            due_at = local_instant(day, self.times.send, self.times.timezone)
            slot = Slot(day, due_at) if due_at is not None and is_edition_day(self.times, day) else None
            self.slots[day] = slot
            return slot

    def date_at(self, instant: dt.datetime) -> dt.date:
        return instant.astimezone(self.zone).date()


@lru_cache(maxsize=16_384)
def _calendar(times: SendTimes) -> _Calendar:
    return _Calendar(times, zone(times.timezone))


# ── slots ───────────────────────────────────────────────────────────────────────────────────────────────────


def next_slot(times: SendTimes, *, after: dt.datetime, last_edition: dt.date | None) -> Slot:
    """The first slot that is due after ``after`` and whose edition is later than ``last_edition``.

    Raises:
        ValueError: unknown zone, a weekday that does not exist, or a date at the end of the calendar (year 9999).
    """
    calendar = _calendar(times)
    try:
        day = calendar.date_at(after) - _DAY  # a gap over midnight can push a date's moment into the next date
        if last_edition is not None and last_edition >= day:
            day = last_edition + _DAY
        for _ in range(_LOOK_AHEAD_DAYS):
            slot = calendar.slot(day)
            if slot is not None and slot.due_at > after:
                return slot
            day += _DAY
    except OverflowError as error:
        raise ValueError(f"the calendar ends before the edition after {last_edition or after}") from error
    raise ValueError(f"no edition day within {_LOOK_AHEAD_DAYS} days of {after:%Y-%m-%d} for {times}")


def previous_slot(times: SendTimes, *, at: dt.datetime) -> Slot | None:
    """The newest slot that is due at or before ``at``: after an outage it is the only one worth sending.

    None only where the calendar itself begins (year 1).
    """
    calendar = _calendar(times)
    try:
        day = calendar.date_at(at) + _DAY  # a fold over midnight takes clocks back to a date whose successor has begun
        for _ in range(_LOOK_AHEAD_DAYS):
            slot = calendar.slot(day)
            if slot is not None and slot.due_at <= at:
                return slot
            day -= _DAY
    except OverflowError:
        return None
    return None


def expires_at(times: SendTimes, slot: Slot, max_lateness: dt.timedelta) -> dt.datetime:
    """When an edition is no longer worth sending: at the next slot, or when it is late by ``max_lateness``."""
    following = next_slot(times, after=slot.due_at, last_edition=slot.edition)
    return min(following.due_at, slot.due_at + max_lateness)


def press_day_closes(edition: dt.date, max_lateness: dt.timedelta) -> dt.datetime:
    """When the books of a press day close: the date has ended in the last zone, and nothing may be late any longer."""
    midnight = dt.datetime.combine(edition, dt.time.min, dt.UTC)
    return midnight + _DAY + _LAST_ZONE + max_lateness


# ── keeping stored due times honest ─────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=16_384)
def times_hash(times: SendTimes) -> str:
    """32 hex digits over everything that a stored ``next_due_at`` was worked out from.

    It covers the zone's rules themselves rather than the number of the tzdata release: an update of the time zone
    database makes those readers recompute whose zone it changed, and nobody else.
    """
    ingredients = [repr((times.timezone, times.send.isoformat(), times.frequency.value, times.weekday)).encode()]
    ingredients.append(_rules(times.timezone))
    if times.frequency is Frequency.ANNOUNCEMENT_DAYS:
        ingredients += [_rules(EASTERN), _timetable()]
    state = hashlib.blake2b(digest_size=16)
    for ingredient in ingredients:
        state.update(len(ingredient).to_bytes(8, "big") + ingredient)
    return state.hexdigest()


@lru_cache(maxsize=1024)
def _rules(zone_name: str) -> bytes:
    """The zone's compiled rules (RFC 8536), found where :mod:`zoneinfo` finds them."""
    zone(zone_name)  # refuses names that are none, such as ../../etc/passwd
    for folder in zoneinfo.TZPATH:
        path = Path(folder, zone_name)
        if path.is_file():
            return path.read_bytes()
    return importlib.resources.files("tzdata").joinpath("zoneinfo", *zone_name.split("/")).read_bytes()


@lru_cache(maxsize=1)
def _timetable() -> bytes:
    """arXiv's timetable as this release knows it, far enough ahead for any stored due time."""
    return repr((FEED_DELAY, [sorted(holidays(year)) for year in range(2025, 2040)])).encode()


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────

_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def in_words(due_at: dt.datetime, zone_name: str, now: dt.datetime) -> str:
    """``Tue 07:30 Europe/Berlin, in 15 h``; with the date when that weekday comes round before then."""
    local = due_at.astimezone(zone(zone_name))
    date = "" if abs(due_at - now) < 6 * _DAY else f" {local.day} {_MONTH_NAMES[local.month - 1]}"
    return f"{_DAY_NAMES[local.weekday()]}{date} {local:%H:%M} {zone_name}, {_distance(due_at - now)}"


def _distance(span: dt.timedelta) -> str:
    seconds = abs(span) // dt.timedelta(seconds=1)
    if seconds < 60:
        return "now"
    if seconds < 3600:
        amount = f"{seconds // 60} min"
    elif seconds < 2 * 86_400:
        amount = f"{seconds // 3600} h"
    else:
        amount = f"{seconds // 86_400} days"
    return f"in {amount}" if span > dt.timedelta(0) else f"{amount} ago"
