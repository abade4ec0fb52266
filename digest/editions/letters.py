"""Mails that are no editions: confirm, one's link, goodbye, the operator's report. Content → parts with their words.

They go to one person for one reason, so they carry no papers, count nowhere, and leave no list to be left.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from digest.editions import wording
from digest.editions.blocks import Block, Draft, filled
from digest.editions.clean import clean, safe_url
from digest.editions.content import SiteInfo, SourceHealth
from digest.editions.layout import frame, health_lines
from digest.errors import RenderError
from digest.languages import ENGLISH, Language, of_reader
from digest.languages import language as language_of
from digest.model import Subscriber

_ENGLISH = language_of(ENGLISH)
SOURCES_SHOWN = 20
"""In the report; of more, those in trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Somebody asked for mails to this address; only its owner can say that it was them."""

    subscriber: Subscriber
    """What was asked for: address, times, interests."""
    site: SiteInfo
    sent_at: dt.datetime
    confirm_url: str
    """The page with the button that confirms; opening it changes nothing."""
    valid_for: dt.timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye:
    """A reader left; the last mail they get."""

    subscriber: Subscriber
    site: SiteInfo
    sent_at: dt.datetime
    back_url: str | None = None
    """The page where they may come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The way to a reader's own page, for who lost it, or asked for mails that they get already."""

    subscriber: Subscriber
    site: SiteInfo
    sent_at: dt.datetime
    page_url: str
    asked_to_join: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that only a person can mend: what it is, and what to do."""

    what: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the report: whose, how much or which state, and a word on it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the operator is told of one press day."""

    to: str
    site: SiteInfo
    sent_at: dt.datetime
    day: dt.date
    headline: str
    """The day in a sentence."""
    tasks: tuple[Task, ...] = ()
    books: tuple[Line, ...] = ()
    sources: tuple[SourceHealth, ...] = ()
    troubles: tuple[Line, ...] = ()
    """Deliveries that did not simply go out."""
    suppressed: tuple[Line, ...] = ()
    """Addresses that were given up."""
    left_out: int = 0
    """Troubles that are not listed."""
    around: tuple[Line, ...] = ()
    """What else is worth a glance: bounces, who came and left, what is due next, room on the disk."""


def confirm(content: Confirm) -> Draft:
    """Raises RenderError if the link is none that may stand in a mail."""
    reader, site = content.subscriber, clean(content.site.name, 80)
    url = _needed(content.confirm_url)
    address = clean(reader.email, 120)
    language = of_reader(reader.language)
    words = {
        "site": site,
        "address": address,
        "confirm_url": url,
        "valid": wording.duration(content.valid_for, language),
        "rhythm": wording.rhythm(reader.times, language),
        "about": wording.interests(reader, language),
    }
    preheader = language.gettext("One press of a button, and mails come %(rhythm)s.", rhythm=words["rhythm"])
    why = language.gettext(
        "You get this because somebody, probably you, gave %(address)s to %(site)s. "
        "If it was not you, do nothing: no mail follows.",
        address=address,
        site=site,
    )
    return _letter("confirm", content.site, words, language, preheader=preheader, why=why)


def goodbye(content: Goodbye) -> Draft:
    """Raises RenderError if the link is none that may stand in a mail."""
    site, address = clean(content.site.name, 80), clean(content.subscriber.email, 120)
    language = of_reader(content.subscriber.language)
    words = {
        "site": site,
        "address": address,
        "back_url": _needed(content.back_url) if content.back_url else "",
    }
    preheader = language.gettext("You are unsubscribed. No more mails follow.")
    why = language.gettext(
        "You get this because %(address)s was unsubscribed from %(site)s. It is the last mail to this address.",
        address=address,
        site=site,
    )
    return _letter("goodbye", content.site, words, language, preheader=preheader, why=why)


def way_back(content: WayBack) -> Draft:
    """Raises RenderError if the link is none that may stand in a mail."""
    site, address = clean(content.site.name, 80), clean(content.subscriber.email, 120)
    language = of_reader(content.subscriber.language)
    words = {
        "site": site,
        "address": address,
        "page_url": _needed(content.page_url),
        "rhythm": wording.rhythm(content.subscriber.times, language),
        "known": address if content.asked_to_join else "",
    }
    if content.asked_to_join:
        why = language.gettext(
            "You get this because somebody, probably you, asked for mails to %(address)s. "
            "If it was not you, do nothing.",
            address=address,
        )
    else:
        why = language.gettext(
            "You get this because somebody, probably you, asked for the link of %(address)s. "
            "If it was not you, do nothing.",
            address=address,
        )
    preheader = language.gettext("Your settings, and what came so far. Nothing was changed.")
    return _letter("link", content.site, words, language, preheader=preheader, why=why)


def report(content: Report) -> Draft:
    """The operator's report: what needs attention first, then the figures. In English, as commands and errors are."""
    site = clean(content.site.name, 80)
    words = {
        "site": site,
        "date": _ENGLISH.date(content.day, "full"),
        "day": _ENGLISH.date(content.day, "short"),
        "headline": clean(content.headline, 200),
        "tasks": str(len(content.tasks)) if content.tasks else "",
    }
    why = f"You get this because {clean(content.to, 120)} is to have the operator's reports of {site}."
    draft = _letter("report", content.site, words, _ENGLISH, preheader=words["headline"], why=why)
    return Draft(draft.shell, (*draft.body, *_figures(content)), _ENGLISH)


def _figures(content: Report) -> Iterator[Block]:
    if content.tasks:
        yield _heading("Needs attention")
    for task in content.tasks:
        yield Block("task", (("what", clean(task.what, 300)), ("todo", clean(task.todo, 300))))
    if content.books:
        yield _heading("Books of the day")
    yield from map(_row, content.books)
    if content.around:
        yield _heading("Around it")
    yield from map(_row, content.around)
    if content.sources:
        yield _heading("Sources")
    for line in health_lines(content.sources, _ENGLISH, most=SOURCES_SHOWN):
        yield Block("source", (), {"line": line})
    if content.troubles:
        more = f"And {content.left_out} more: digest queue" if content.left_out else ""
        yield _heading("Not delivered", more)
    yield from map(_row, content.troubles)
    if content.suppressed:
        yield _heading(
            "Addresses given up", "None is written to any more; digest queue unsuppress ADDRESS takes one back."
        )
    yield from map(_row, content.suppressed)


def _row(line: Line) -> Block:
    words = {"label": clean(line.label, 120), "value": clean(line.value, 60), "note": clean(line.note, 300)}
    return Block("row", tuple(words.items()))


def _heading(title: str, note: str = "") -> Block:
    return Block("heading", (("note", note), ("title", title)))


def _letter(mail: str, site: SiteInfo, words: dict[str, str], language: Language, *, preheader: str, why: str) -> Draft:
    shell = Block("shell", frame(site, language), filled({"preheader": clean(preheader), "why": why}))
    return Draft(shell, (Block(mail, tuple(words.items())),), language)  # nothing is shared, so nothing is a hole


def _needed(url: str) -> str:
    safe = safe_url(url, ours=True)
    if safe is None:
        raise RenderError("mail", f"{clean(url, 80)!r} is no link that may stand in a mail")
    return safe
