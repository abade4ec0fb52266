"""How and when mails come, as a form: stored ⇄ typed, and typed → settings, or what is wrong and where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final, TypeVar

from digest import languages, timezones
from digest.editions.clean import clean
from digest.model import Frequency, MailLayout, QuietDay, SendTimes, Subscriber

MOST_PAPERS: Final = 50
LONGEST_NAME: Final = 100

Gettext = Callable[[str], str]
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFields:
    """The form as it is typed."""

    name: str = ""
    frequency: str = ""
    weekday: str = ""
    send: str = ""
    timezone: str = ""
    papers: str = ""
    per_field: str = ""
    balance: str = ""
    explore: str = ""
    """``yes``, or empty: a box that is not ticked is not sent."""
    quiet_day: str = ""
    layout: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The reader with what the form says. ``problems``: by the field's name, one sentence; then ``reader`` is None."""

    reader: Subscriber | None
    problems: Mapping[str, str]


def stored(reader: Subscriber) -> MailFields:
    """Settings as the form shows them."""
    return MailFields(
        name=reader.name,
        frequency=reader.times.frequency,
        weekday=str(reader.times.weekday),
        send=f"{reader.times.send:%H:%M}",
        timezone=reader.times.timezone,
        papers=str(reader.papers),
        per_field="" if reader.per_field is None else str(reader.per_field),
        balance=str(round(reader.balance * 100)),
        explore="yes" if reader.explore else "",
        quiet_day=reader.quiet_day,
        layout=reader.layout,
        language=reader.language,
    )


def typed(form: Mapping[str, Sequence[str]]) -> MailFields:
    """What a form says, as it stands there."""
    return MailFields(**{one.name: next(iter(form.get(one.name, ())), "") for one in fields(MailFields)})


def understood(typed: MailFields, reader: Subscriber, gettext: Gettext) -> Understood:
    """The reader's settings as the form wants them, or everything that is wrong with it."""
    problems: dict[str, str] = {}
    frequency = _chosen(Frequency, typed.frequency, "frequency", problems, gettext)
    weekday = _number(typed.weekday, "weekday", 0, 6, problems, gettext) if frequency is Frequency.WEEKLY else 0
    papers = _number(typed.papers, "papers", 1, MOST_PAPERS, problems, gettext)
    per_field = _number(typed.per_field, "per_field", 1, MOST_PAPERS, problems, gettext) if typed.per_field else None
    balance = _number(typed.balance, "balance", 0, 100, problems, gettext)
    quiet_day = _chosen(QuietDay, typed.quiet_day, "quiet_day", problems, gettext)
    layout = _chosen(MailLayout, typed.layout, "layout", problems, gettext)
    send = _time(typed.send, problems, gettext)
    zone = _zone(typed.timezone, problems, gettext)
    name = clean(typed.name, 1000)
    if len(name) > LONGEST_NAME:
        problems["name"] = gettext("A name has %(count)s characters at most.") % {"count": LONGEST_NAME}
    if typed.language not in {*languages.tags(), reader.language}:  # a file or a list may have named any other
        problems["language"] = gettext("Choose one of the list.")
    if problems:
        return Understood(reader=None, problems=problems)
    times = SendTimes(timezone=zone, send=send, frequency=frequency, weekday=weekday)
    changed = replace(
        reader,
        name=name,
        times=times,
        papers=papers,
        per_field=per_field,
        balance=balance / 100,
        explore=typed.explore == "yes",
        quiet_day=quiet_day,
        layout=layout,
        language=typed.language,
    )
    return Understood(reader=changed, problems={})


def _chosen(kind: type[Choice], text: str, place: str, problems: dict[str, str], gettext: Gettext) -> Choice:
    try:
        return kind(text)
    except ValueError:
        problems[place] = gettext("Choose one of the list.")
        return next(iter(kind))


def _number(text: str, place: str, least: int, most: int, problems: dict[str, str], gettext: Gettext) -> int:
    if text.isascii() and text.isdigit() and len(text) < 5 and least <= int(text) <= most:
        return int(text)
    told = gettext("Write a number from %(least)s to %(most)s.")
    problems[place] = told % {"least": least, "most": most}
    return least


def _time(text: str, problems: dict[str, str], gettext: Gettext) -> dt.time:
    try:
        return dt.time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        problems["send"] = gettext("Write a time such as 07:30.")
        return dt.time()


def _zone(text: str, problems: dict[str, str], gettext: Gettext) -> str:
    """Any spelling of a zone's name; for a town or an abbreviation, the zone that is probably meant is proposed."""
    if (zone := timezones.exactly(text[:100])) is not None:
        return zone
    guess = timezones.nearest(text[:100]) if text else None
    told = gettext("That is no time zone; is it %(zone)s?") if guess else gettext("Write it as Europe/Berlin.")
    problems["timezone"] = told % {"zone": guess} if guess else told
    return ""
