"""What all pages of a reader share: whose they are, the tabs, and how things stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from digest.languages import Language
from digest.model import EditionKey, Evidence, Frequency, ReaderState, SendTimes
from digest.web.limits import Limit
from digest.web.routes import Asked, Page, SeeOther
from digest.web.urls import segment
from digest.web.visitor import Visitor

LIMIT: Final = Limit(name="my page", per_hour=1200, burst=120)

MEMBERS: Final = frozenset({ReaderState.ACTIVE, ReaderState.PAUSED})


def mine(asked: Asked, who: Visitor, template: str, values: Mapping[str, object], *, status: int = 200) -> Page:
    """One of a reader's pages; its template extends ``my.html.j2``."""
    reader = who.reader
    common = {
        "who": who,
        "member": reader.state in MEMBERS,
        "editable": reader.state in MEMBERS and not who.declared,
        "paused": reader.state is ReaderState.PAUSED,
        "paused_until": local_day(reader.paused_until, reader.subscriber.times) if reader.paused_until else None,
        "left": reader.state is ReaderState.LEFT,
        "rhythm": rhythm(asked, reader.subscriber.times),
        "done": asked.query.get("done", ""),
        "unsubscribe": link_of_today(asked, who, "unsubscribe"),
        "undo_leave": link_of_today(asked, who, "undo"),
    }
    return Page(template=template, values={**common, **values}, status=status)


def back(asked: Asked, who: Visitor, place: str, done: str) -> SeeOther:
    """To a page of theirs, which says what was done."""
    return SeeOther(asked.site.urls.path(who.place(place), done=done))


def link_of(asked: Asked, who: Visitor, date: dt.date, page: str) -> str:
    """The path of a page that belongs to one of their mails; links of a mail are good for all of them."""
    return f"/f/{segment(asked.site.ring.sign(EditionKey(who.id, date)))}/0/{page}"


def link_of_today(asked: Asked, who: Visitor, page: str) -> str:
    return link_of(asked, who, who.edition.date if who.edition else asked.now.date(), page)


def evidence(asked: Asked, text: str) -> Evidence:
    """What shows that the reader wished it: the words of the button, and where the wish came from."""
    return Evidence(text=text, language=asked.language.tag, ip=asked.client or None)


def local_day(at: dt.datetime, times: SendTimes) -> dt.date:
    """The reader's own date at an instant."""
    from digest.schedule import zone

    return at.astimezone(zone(times.timezone)).date()


def rhythm(asked: Asked, times: SendTimes) -> str:
    """``Every weekday at 07:30 (Europe/Berlin)``."""
    words = {"time": f"{times.send:%H:%M}", "zone": times.timezone, "day": weekdays(asked.language)[times.weekday % 7]}
    told = {
        Frequency.ANNOUNCEMENT_DAYS: asked.gettext("Every announcement day at %(time)s (%(zone)s)"),
        Frequency.DAILY: asked.gettext("Every day at %(time)s (%(zone)s)"),
        Frequency.WEEKDAYS: asked.gettext("Every weekday at %(time)s (%(zone)s)"),
        Frequency.WEEKLY: asked.gettext("Every %(day)s at %(time)s (%(zone)s)"),
    }[times.frequency]
    return told % words


def weekdays(language: Language) -> list[str]:
    """Monday first."""
    names: Mapping[int, str] = language.locale.days["stand-alone"]["wide"]
    return [names[day] for day in range(7)]
