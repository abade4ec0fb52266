"""When arXiv announces: the timetable that tells a quiet day from a broken feed.

Sources: https://info.arxiv.org/help/availability.html (timetable and holidays) and
https://info.arxiv.org/help/rss_specifications.html (when the feeds are rebuilt).

* New papers are announced Sunday to Thursday at 20:00 US Eastern, never on Friday or Saturday.
* On the listed holidays the evening's announcement is put off to the next evening that has one.
* The feeds are rebuilt at midnight Eastern, so an announcement can be *read* there four hours after it was made.

arXiv publishes each year's holidays, and late ones for December, on the page above; :data:`DEFERRED` holds those lists.
A year that is not listed follows :func:`_usual_holidays`. A wrong guess is mild: a holiday we do not know of looks like
one stale feed, an announcement we do not expect is mailed with the next edition.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo

EASTERN = "America/New_York"
ANNOUNCED_AT = dt.time(20, 0)
FEED_DELAY = dt.timedelta(hours=4)
"""From the announcement to the rebuilt feed. No clock change falls between 20:00 and midnight in New York."""

_FRIDAY, _SATURDAY = 4, 5
_LONGEST_PAUSE = dt.timedelta(days=10)
"""More days than any run of weekend and holidays, so that a walk from one announcement to the next ends."""


def _days(year: int, *month_days: tuple[int, int]) -> frozenset[dt.date]:
    return frozenset(dt.date(year, month, day) for month, day in month_days)


DEFERRED: Mapping[int, frozenset[dt.date]] = {
    # As published; the two days in December 2025 were not on the page yet and are taken from that month's feeds.
    2025: _days(2025, (1, 1), (1, 20), (6, 19), (7, 6), (9, 1), (11, 27), (12, 25), (12, 30)),
    2026: _days(2026, (1, 1), (1, 19), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25), (12, 29), (12, 31)),
}
"""Eastern dates on which the evening's announcement is put off, by year, from arXiv's own lists."""


def _usual_holidays(year: int) -> frozenset[dt.date]:
    """The days that arXiv has listed in every recent year: a guess for years whose list is not out yet."""
    return _days(year, (1, 1), (6, 19), (7, 4), (12, 25)) | {
        _nth_weekday(year, 1, weekday=0, nth=3),  # Martin Luther King Jr. Day
        _nth_weekday(year, 9, weekday=0, nth=1),  # Labor Day
        _nth_weekday(year, 11, weekday=3, nth=4),  # Thanksgiving
    }


def _nth_weekday(year: int, month: int, *, weekday: int, nth: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[dt.date]:
    """Eastern dates of ``year`` without an announcement in the evening, weekends aside."""
    return DEFERRED[year] if year in DEFERRED else _usual_holidays(year)


@lru_cache(maxsize=4096)
def announcement_on(day: dt.date) -> dt.datetime | None:
    """The instant (UTC) of the announcement on the evening of an Eastern date, or None if there is none."""
    if day.weekday() in {_FRIDAY, _SATURDAY} or day in holidays(day.year):
        return None
    return dt.datetime.combine(day, ANNOUNCED_AT, ZoneInfo(EASTERN)).astimezone(dt.UTC)


def announcements_between(start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    """All announcements after ``start`` and up to and including ``end``, oldest first, as UTC instants."""
    found: list[dt.datetime] = []
    day, last = _eastern_date(start), _eastern_date(end)
    while day <= last:
        at = announcement_on(day)
        if at is not None and start < at <= end:
            found.append(at)
        day += dt.timedelta(days=1)
    return found


def last_announcement(now: dt.datetime) -> dt.datetime:
    """The newest announcement that was made at or before ``now``."""
    return announcements_between(now - _LONGEST_PAUSE, now)[-1]


def next_announcement(now: dt.datetime) -> dt.datetime:
    """The first announcement after ``now``."""
    return announcements_between(now, now + _LONGEST_PAUSE)[0]


def expected_new(now: dt.datetime, last_read_at: dt.datetime | None, *, delay: dt.timedelta = FEED_DELAY) -> bool:
    """Whether a feed should hold papers that it did not hold at ``last_read_at`` (None = it was never read).

    False makes an empty feed a quiet day, True makes it a stale one. Pass ``delay=timedelta(0)`` for arXiv's API and
    listings, which change with the announcement itself.
    """
    return last_read_at is None or bool(announcements_between(last_read_at - delay, now - delay))


def _eastern_date(at: dt.datetime) -> dt.date:
    return at.astimezone(ZoneInfo(EASTERN)).date()
