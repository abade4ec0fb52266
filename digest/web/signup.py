"""What somebody typed who wants mail → the reader they would be, or what to mend, field by field. Pure.

Interests are plain words: a line is one interest, its phrases are separated by commas; a field's code (cs.LG) narrows,
an arXiv id or a DOI is an example, and what was searched for loses the signs of a search.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from digest import arxiv_categories, lane_names, timezones
from digest.catalog.identifiers import parse
from digest.editions.headers import address as ascii_address
from digest.errors import RenderError
from digest.model import Frequency, Lane, SendTimes, Subscriber
from digest.ranking.questions import parse_question
from digest.settings.addresses import parse_address
from digest.settings.times import parse_clock_time
from digest.settings.web import WebConfig
from digest.settings.words import is_control_free

FIELDS: Final = ("email", "interests", "fields", "authors", "timezone", "send", "frequency", "language")
LONGEST: Final = 4_000
"""Of the interests, in characters."""
_LONGEST_PHRASE: Final = 200
_MOST_LANES, _MOST_PHRASES = 12, 20
_SERVERS: Final = ("biorxiv/", "medrxiv/", "chemrxiv/")

T = TypeVar("T")
Gettext = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signup:
    """``reader`` is None where something must be mended; ``typed`` is what to show again."""

    typed: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)
    reader: Subscriber | None = None


def read_signup(typed: Mapping[str, str], *, web: WebConfig, languages: Sequence[str], gettext: Gettext) -> Signup:
    """
    Args:
        typed: by name of :data:`FIELDS`; those that the form did not have are filled in with what is usual.
        gettext: of the visitor's language.
    """
    problems: dict[str, str] = {}
    email = _checked(problems, "email", lambda: _email(typed["email"], web, gettext))
    lanes = _checked(problems, "interests", lambda: _lanes(typed["interests"], gettext)) or ()
    categories = _checked(problems, "fields", lambda: _categories(typed["fields"], gettext)) or ()
    authors = _checked(problems, "authors", lambda: _names(typed["authors"], gettext)) or ()
    zone = _checked(problems, "timezone", lambda: _zone(typed["timezone"], gettext))
    send = _checked(problems, "send", lambda: _time(typed["send"], gettext))
    frequency = _checked(problems, "frequency", lambda: _frequency(typed["frequency"], gettext))
    language = typed["language"] if typed["language"] in languages else languages[0]
    if problems or not email or zone is None or send is None or frequency is None:
        return Signup(typed=typed, problems=problems)
    times = SendTimes(timezone=zone, send=send, frequency=frequency)
    reader = Subscriber(id="", email=email, times=times, lanes=_all(lanes, categories, authors), language=language)
    return Signup(typed=typed, reader=reader)


class _Wrong(ValueError):
    """What to do about a field, in the visitor's language."""


def _checked(problems: dict[str, str], name: str, read: Callable[[], T]) -> T | None:
    try:
        return read()
    except _Wrong as wrong:
        problems[name] = str(wrong)
        return None


def _email(text: str, web: WebConfig, gettext: Gettext) -> str:
    example = gettext("Write your address in full, such as ada@uni.example.")
    if not text or len(text) > 254 or not is_control_free(text):
        raise _Wrong(example)
    try:
        email = parse_address(text)
        _, plain = ascii_address(email)
    except (ValueError, RenderError):
        raise _Wrong(example) from None
    if not web.allows(plain):
        known = ", ".join(web.allowed_domains)
        raise _Wrong(gettext("Only addresses of these domains can subscribe here: %(domains)s.") % {"domains": known})
    return email


def _lanes(text: str, gettext: Gettext) -> tuple[Lane, ...]:
    if len(text) > LONGEST:
        raise _Wrong(gettext("That is too long: a few words for each interest are best."))
    lanes: list[Lane] = []
    for line in text.splitlines():
        if (lane := _lane(line, [one.name for one in lanes], gettext)) is not None:
            lanes.append(lane)
    if len(lanes) > _MOST_LANES:
        told = gettext(
            "These are %(count)s lines; %(most)s interests at most. More can stand in one line, with commas."
        )
        raise _Wrong(told % {"count": len(lanes), "most": _MOST_LANES})
    return tuple(lanes)


def _lane(line: str, taken: Sequence[str], gettext: Gettext) -> Lane | None:
    phrases, categories, examples = [], [], []
    for part in _parts(line, gettext):
        if (category := _category(part)) is not None:
            categories.append(category)
        elif (identifier := parse(part)) is not None:
            examples.append(identifier)
        elif phrase := parse_question(part).text:
            phrases.append(phrase)
    if not (phrases or categories or examples):
        return None
    name = lane_names.name_of(phrases=phrases, categories=categories, examples=examples)
    return Lane(
        name=lane_names.unused(name, taken),
        phrases=tuple(dict.fromkeys(phrases)),
        categories=tuple(dict.fromkeys(categories)),
        examples=tuple(dict.fromkeys(examples)),
    )


def _parts(line: str, gettext: Gettext) -> Iterator[str]:
    """What stands between commas, folded."""
    parts = [folded for part in line.replace(";", ",").split(",") if (folded := " ".join(part.split()))]
    if len(parts) > _MOST_PHRASES or any(len(part) > _LONGEST_PHRASE for part in parts):
        raise _Wrong(gettext("A line is too long: a few words for each interest are best."))
    if not all(map(is_control_free, parts)):
        raise _Wrong(gettext("There is a sign in it that cannot be read. Please type it again."))
    yield from parts


def _category(text: str) -> str | None:
    known = arxiv_categories.canonical(text)
    if known is not None and "/" in known and not known.startswith(_SERVERS):
        return None  # input/output is no server's category
    return known


def _categories(text: str, gettext: Gettext) -> tuple[str, ...]:
    found = []
    for part in _parts(text.replace("\n", ","), gettext):
        code = part.partition(" ")[0]
        if (category := _category(part) or _category(code)) is None:
            raise _Wrong(gettext("There is no field %(code)s. Codes are such as cs.LG or q-bio.") % {"code": part[:40]})
        found.append(category)
    return tuple(dict.fromkeys(found))


def _names(text: str, gettext: Gettext) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_parts(text.replace("\n", ","), gettext)))


def _zone(text: str, gettext: Gettext) -> str:
    if (zone := timezones.exactly(text) or timezones.nearest(text)) is None:
        raise _Wrong(gettext("Write a place, such as Europe/Berlin."))
    return zone


def _time(text: str, gettext: Gettext) -> dt.time:
    try:
        return parse_clock_time(text)
    except ValueError:
        raise _Wrong(gettext("Write a time such as 07:30.")) from None


def _frequency(text: str, gettext: Gettext) -> Frequency:
    try:
        return Frequency(text)
    except ValueError:
        raise _Wrong(gettext("Choose one of these.")) from None


def _all(lanes: Sequence[Lane], categories: Sequence[str], authors: Sequence[str]) -> tuple[Lane, ...]:
    """Fields narrow what has none of its own, and are an interest where there is no other; people are one more."""
    found = [
        Lane(
            name=lane.name,
            phrases=lane.phrases,
            categories=lane.categories or tuple(categories),
            authors=lane.authors,
            examples=lane.examples,
        )
        for lane in lanes
    ]
    if categories and not found:
        found.append(Lane(name=lane_names.name_of(categories=categories), categories=tuple(categories)))
    if authors:
        name = lane_names.unused(lane_names.name_of(authors=authors), [lane.name for lane in found])
        found.append(Lane(name=name, authors=tuple(authors)))
    return tuple(found)
