"""The sentences of the mail that are made here: subject, preheader, bylines, dates, counts.

English only, like the templates; dates are spelled by hand because ``strftime`` follows the machine's locale.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from digest.editions.clean import clean, cut
from digest.editions.content import EditionContent, PickView
from digest.model import Frequency, Section, SendTimes, Subscriber

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DANGLING_WORDS = "a an and as at by for from in into of on or over the to towards under using via vs with without"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_DANGLING = frozenset(_DANGLING_WORDS.split())
_WORDS_PER_MINUTE = 220


def short_date(day: dt.date) -> str:
    """``22 Nov``."""
    return f"{day.day} {_MONTHS[day.month - 1][:3]}"


def long_date(day: dt.date) -> str:
    """``Sunday 22 November 2026``."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def span(last: dt.date) -> str:
    """The week that ends with ``last``: ``16–22 November 2026``, ``28 December 2026 – 3 January 2027``."""
    first = last - dt.timedelta(days=6)
    end = f"{last.day} {_MONTHS[last.month - 1]} {last.year}"
    if first.month == last.month:
        return f"{first.day}–{end}"
    year = f" {first.year}" if first.year != last.year else ""
    return f"{first.day} {_MONTHS[first.month - 1]}{year} – {end}"


def short_span(last: dt.date) -> str:
    """The week that ends with ``last``: ``16–22 Nov``, ``28 Dec – 3 Jan``."""
    first = last - dt.timedelta(days=6)
    start = f"{first.day}–" if first.month == last.month else f"{short_date(first)} – "
    return f"{start}{short_date(last)}"


def short_title(title: str, limit: int = 60) -> str:
    """A title's good part: all of it, or what stands before its colon, or the words that fit, not ending in "of"."""
    title = clean(title)
    if len(title) <= limit:
        return title
    for mark in (": ", "? ", " – ", " — ", " -- "):
        head = title.partition(mark)[0]
        if 15 <= len(head) <= limit and " " in head:
            return head + ("?" if mark == "? " else "")
    words = cut(title, limit).rstrip("…").split(" ")
    while len(words) > 2 and words[-1].lower() in _DANGLING:
        words.pop()
    return " ".join(words) + "…"


def count(content: EditionContent) -> str:
    """``10 of 298 new``."""
    chosen = len(content.picks)
    if not chosen:
        return f"None of {content.considered:,} new" if content.considered else "Nothing new"
    return f"{chosen} of {content.considered:,} new" if content.considered > chosen else f"{chosen} new"


def preheader(content: EditionContent) -> str:
    """``1 by David Baker · 2 rising fast · 2-minute read``: what an inbox shows beside the subject."""
    if not content.picks:
        known = "And here is how we know." if content.health else "No source has been read yet."
        return clean(content.quiet_reason, 160) or known
    said = [_followed(content), _rising(content.picks)]
    said = [part for part in said if part] or [count(content)]
    return " · ".join((*said, reading_time(content.picks)))


def _followed(content: EditionContent) -> str:
    """Who of the people the reader follows has written, by name if it is one person."""
    followed = [view for view in content.picks if view.pick.section is Section.FOLLOWED]
    if not followed:
        return ""
    wanted = {name.casefold(): clean(name, 60) for lane in content.subscriber.lanes for name in lane.authors}
    written = {wanted[a.casefold()] for view in followed for a in view.paper.authors if a.casefold() in wanted}
    return f"{len(followed)} by {written.pop() if len(written) == 1 else 'people you follow'}"


def _rising(picks: Sequence[PickView]) -> str:
    rising = sum(view.pick.attention.rising for view in picks)
    return f"{rising} rising fast" if rising else ""


def reading_time(picks: Sequence[PickView]) -> str:
    words = 0
    for view in picks:
        summary = view.summary
        more = summary.more.count(" ") + 1 if summary.more else 0
        words += summary.tldr.count(" ") + more + view.paper.title.count(" ") + 20
    return f"{max(1, round(words / _WORDS_PER_MINUTE))}-minute read"


def authors(names: Sequence[str]) -> str:
    """``First author … last author (12)``; one and two authors in full, nobody as nothing."""
    shown = [clean(name, 60) for name in (names if len(names) < 3 else (names[0], names[-1]))]
    # A mark ends what runs from right to left: the numbers after it would be drawn into it and stand before it.
    shown = [f"{name}\u200e" if _RIGHT_TO_LEFT.search(name) else name for name in shown if name]
    if len(names) < 3:
        return ", ".join(shown)
    return f"{' … '.join(shown)} ({len(names)})"


def thousands(value: int) -> str:
    """``420``, ``1.2k``, ``35k``."""
    if value < 1000:
        return str(value)
    return f"{value / 1000:.1f}k".replace(".0k", "k") if value < 9950 else f"{round(value / 1000)}k"


def listed(names: Sequence[str], most: int = 6) -> str:
    """``a, b and c``; of more than ``most``, the first and how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def duration(length: dt.timedelta) -> str:
    """``2 days``, ``24 hours``, ``30 minutes``: in the largest unit that leaves no rest."""
    minutes = max(1, round(length.total_seconds() / 60))
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        number, rest = divmod(minutes, size)
        if not rest and (number > 1 or unit != "day"):
            break
    return f"{number} {unit}{'' if number == 1 else 's'}"


def rhythm(times: SendTimes) -> str:
    """``every announcement day at 07:30 (Europe/Berlin)``."""
    days = {
        Frequency.ANNOUNCEMENT_DAYS: "every announcement day",
        Frequency.DAILY: "every day",
        Frequency.WEEKDAYS: "every weekday",
        Frequency.WEEKLY: f"every {_DAYS[times.weekday % 7]}",
    }[times.frequency]
    return f"{days} at {times.send.hour:02}:{times.send.minute:02} ({times.timezone})"


def why_you_get_this(content: EditionContent) -> str:
    """The footer's sentence: who asked for this, when it comes, and about what."""
    reader = content.subscriber
    name = clean(content.site.name, 80)
    asked = f"You get this because {clean(reader.email, 120)} subscribes to {name}, {rhythm(reader.times)}."
    about = interests(reader)
    return f"{asked} {f'It looks for {about}.' if about else 'It shows what is trending, since no interests are set.'}"


def what_to_expect(reader: Subscriber) -> str:
    """What a welcome says of the mails to come."""
    about = interests(reader)
    said = f"They look for {about}." if about else "They show what is trending, since no interests are set."
    return f"This is your first mail; the next ones come {rhythm(reader.times)}. {said}"


def interests(reader: Subscriber) -> str:
    """``Sparse attention and Proteins``; empty for a reader without lanes."""
    return listed([clean(lane.name, 60) for lane in reader.lanes])
