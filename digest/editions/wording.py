"""The sentences of the mail that are made here: subject, preheader, bylines, dates, counts.

Each is a whole message of the catalogues, never put together from pieces: word order and plurals are a language's own.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from functools import lru_cache

from digest.editions.clean import clean, cut
from digest.editions.content import EditionContent, PickView, SourceHealth
from digest.languages import ENGLISH, Language
from digest.model import Frequency, Section, SendTimes, Subscriber

_DANGLING_WORDS = "a an and as at by for from in into of on or over the to towards under using via vs with without"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_DANGLING = frozenset(_DANGLING_WORDS.split())
_WORDS_PER_MINUTE = 220


WEEK = dt.timedelta(days=6)
"""From the first day of a weekly mail to the last."""


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


def count(content: EditionContent, language: Language) -> str:
    """``10 of 298 new``."""
    chosen, considered = len(content.picks), content.considered
    if not chosen:
        if not considered:
            return language.gettext("Nothing new")
        return language.gettext("None of %(considered)s new", considered=language.number(considered))
    if considered > chosen:
        return language.ngettext(
            "%(count)s of %(considered)s new",
            "%(count)s of %(considered)s new",
            chosen,
            count=chosen,
            considered=language.number(considered),
        )
    return language.ngettext("%(count)s new", "%(count)s new", chosen, count=chosen)


def preheader(content: EditionContent, language: Language) -> str:
    """``1 by David Baker · 2 rising fast · 2-minute read``: what an inbox shows beside the subject."""
    if not content.picks:
        return quiet_reason(content, language) or proof(content, language)
    said = [_followed(content, language), _rising(content.picks, language)]
    said = [part for part in said if part] or [count(content, language)]
    return " · ".join((*said, reading_time(content.picks, language)))


def proof(content: EditionContent, language: Language) -> str:
    """What leads to the sources, on a day without picks."""
    if content.health:
        return language.gettext("And here is how we know. Sources read:")
    return language.gettext("No source has been read yet.")


def health(source: SourceHealth, language: Language) -> str:
    """How one source did. What went wrong is known in English alone; others are told that something did."""
    name = clean(source.name, 60)
    if source.line and (source.ok or language.tag == ENGLISH):
        return clean(source.line, 160)
    if not source.ok:
        return language.gettext("%(source)s could not be read in full", source=name)
    if source.read is None:
        return language.gettext("%(source)s: nothing new announced", source=name)
    read = language.number(source.read)
    if source.announced is not None:
        return f"{name} {read}/{language.number(source.announced)}"
    return language.ngettext(
        "%(source)s: %(count)s read", "%(source)s: %(count)s read", source.read, source=name, count=read
    )


def quiet_reason(content: EditionContent, language: Language) -> str:
    """Why nothing was chosen of what was new."""
    if not content.considered:
        return language.gettext("No paper was announced that you have not had already.")
    if not content.subscriber.lanes:
        return language.gettext("Nobody has voted for any of them yet.")
    return language.gettext("None of them was close enough to your lanes.")


def _followed(content: EditionContent, language: Language) -> str:
    """Who of the people the reader follows has written, by name if it is one person."""
    followed = [view for view in content.picks if view.pick.section is Section.FOLLOWED]
    if not followed:
        return ""
    wanted = {name.casefold(): clean(name, 60) for lane in content.subscriber.lanes for name in lane.authors}
    written = {wanted[a.casefold()] for view in followed for a in view.paper.authors if a.casefold() in wanted}
    number = len(followed)
    if len(written) == 1:
        return language.ngettext(
            "%(count)s by %(name)s", "%(count)s by %(name)s", number, count=number, name=written.pop()
        )
    return language.ngettext("%(count)s by people you follow", "%(count)s by people you follow", number, count=number)


def _rising(picks: Sequence[PickView], language: Language) -> str:
    rising = sum(view.pick.attention.rising for view in picks)
    return language.ngettext("%(count)s rising fast", "%(count)s rising fast", rising, count=rising) if rising else ""


def reading_time(picks: Sequence[PickView], language: Language) -> str:
    """``2-minute read``: of the titles and sentences, which are English in every mail."""
    words = 0
    for view in picks:
        summary = view.summary
        more = summary.more.count(" ") + 1 if summary.more else 0
        words += summary.tldr.count(" ") + more + view.paper.title.count(" ") + 20
    minutes = max(1, round(words / _WORDS_PER_MINUTE))
    return language.ngettext("%(count)s-minute read", "%(count)s-minute read", minutes, count=minutes)


def authors(names: Sequence[str]) -> str:
    """``First author … last author (12)``; one and two authors in full, nobody as nothing."""
    shown = [clean(name, 60) for name in (names if len(names) < 3 else (names[0], names[-1]))]
    # A mark ends what runs from right to left: the numbers after it would be drawn into it and stand before it.
    shown = [f"{name}\u200e" if _RIGHT_TO_LEFT.search(name) else name for name in shown if name]
    if len(names) < 3:
        return ", ".join(shown)
    return f"{' … '.join(shown)} ({len(names)})"


def listed(names: Sequence[str], language: Language, most: int = 6) -> str:
    """``a, b and c``; of more than ``most``, the first and how many more."""
    if len(names) <= most:
        return language.listed(names)
    shown, left = language.gettext(", ").join(names[:most]), len(names) - most
    return language.ngettext(
        "%(names)s and %(count)s more", "%(names)s and %(count)s more", left, names=shown, count=left
    )


def duration(length: dt.timedelta, language: Language) -> str:
    """``2 days``, ``24 hours``, ``30 minutes``: in the largest unit that leaves no rest."""
    minutes = max(1, round(length.total_seconds() / 60))
    days, hours = minutes // 1440, minutes // 60
    if minutes % 1440 == 0 and days > 1:
        return language.ngettext("%(count)s day", "%(count)s days", days, count=days)
    if minutes % 60 == 0:
        return language.ngettext("%(count)s hour", "%(count)s hours", hours, count=hours)
    return language.ngettext("%(count)s minute", "%(count)s minutes", minutes, count=minutes)


@lru_cache(maxsize=1024)
def rhythm(times: SendTimes, language: Language) -> str:
    """``every announcement day at 07:30 (Europe/Berlin)``."""
    _ = language.gettext
    days = {
        Frequency.ANNOUNCEMENT_DAYS: _("every announcement day"),
        Frequency.DAILY: _("every day"),
        Frequency.WEEKDAYS: _("every weekday"),
    }.get(times.frequency) or (
        _("every Monday"),
        _("every Tuesday"),
        _("every Wednesday"),
        _("every Thursday"),
        _("every Friday"),
        _("every Saturday"),
        _("every Sunday"),
    )[times.weekday % 7]
    at = f"{times.send.hour:02}:{times.send.minute:02}"
    return _("%(days)s at %(time)s (%(timezone)s)", days=days, time=at, timezone=times.timezone)


def why_you_get_this(content: EditionContent, language: Language) -> str:
    """The footer's sentence: who asked for this, when it comes, and about what."""
    reader, about = content.subscriber, interests(content.subscriber, language)
    asked = language.gettext(
        "You get this because %(address)s subscribes to %(site)s, %(rhythm)s.",
        address=clean(reader.email, 120),
        site=clean(content.site.name, 80),
        rhythm=rhythm(reader.times, language),
    )
    looks = (
        language.gettext("It looks for %(interests)s.", interests=about)
        if about
        else language.gettext("It shows what is trending, since no interests are set.")
    )
    return _sentences(asked, looks, language)


def what_to_expect(reader: Subscriber, language: Language) -> str:
    """What a welcome says of the mails to come."""
    about = interests(reader, language)
    first = language.gettext(
        "This is your first mail; the next ones come %(rhythm)s.", rhythm=rhythm(reader.times, language)
    )
    look = (
        language.gettext("They look for %(interests)s.", interests=about)
        if about
        else language.gettext("They show what is trending, since no interests are set.")
    )
    return _sentences(first, look, language)


def _sentences(first: str, second: str, language: Language) -> str:
    """One after the other, with the space that the language has between them, if any."""
    return language.gettext("%(first)s %(second)s", first=first, second=second)


def interests(reader: Subscriber, language: Language) -> str:
    """``Sparse attention and Proteins``; empty for a reader without lanes."""
    return listed([clean(lane.name, 60) for lane in reader.lanes], language)
