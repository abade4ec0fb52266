"""Lanes and mutes as a form: stored ⇄ typed, and typed → lanes, or what is wrong and where.

    lane=0  name-0  phrases-0  categories-0  authors-0  examples-0    lane=1  name-1  …    mute-words  mute-authors  …

Lists are typed a line each. ``lane`` stands once for every lane, in order, so that buttons can move and remove lanes
and leave everything else as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final

from digest import arxiv_categories, lane_names
from digest.catalog.identifiers import parse
from digest.editions.clean import clean
from digest.model import Identifier, Lane, Mute
from digest.settings.words import MAX_TEXT

MOST_LANES: Final = 20
MOST_ITEMS: Final[Mapping[str, int]] = {"phrases": 50, "categories": 50, "authors": 100, "examples": 200}
"""In one lane; of mutes, as many of each kind as of authors."""
MOST_MUTES: Final = 100

Gettext = Callable[[str], str]
Form = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFields:
    """One lane as it is typed; lists are a line each."""

    name: str = ""
    phrases: str = ""
    categories: str = ""
    authors: str = ""
    examples: str = ""

    @property
    def empty(self) -> bool:
        return not any(getattr(self, one.name).strip() for one in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteFields:
    words: str = ""
    authors: str = ""
    categories: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interests:
    """The whole form as it is typed."""

    lanes: tuple[LaneFields, ...] = ()
    mute: MuteFields = field(default_factory=MuteFields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What the form says. ``problems``: by the field's id (``phrases-0``), one sentence; if any, the rest is void."""

    lanes: tuple[Lane, ...]
    mute: Mute
    problems: Mapping[str, str]


def stored(lanes: Sequence[Lane], mute: Mute) -> Interests:
    """Settings as a form shows them."""
    return Interests(
        lanes=tuple(
            LaneFields(
                name=lane.name,
                phrases="\n".join(lane.phrases),
                categories="\n".join(lane.categories),
                authors="\n".join(lane.authors),
                examples="\n".join(_shown(example) for example in lane.examples),
            )
            for lane in lanes
        ),
        mute=MuteFields(
            words="\n".join(mute.words), authors="\n".join(mute.authors), categories="\n".join(mute.categories)
        ),
    )


def typed(form: Form) -> Interests:
    """What a form says, as it stands there."""
    lanes = (
        LaneFields(**{one.name: _first(form, f"{one.name}-{key}") for one in fields(LaneFields)})
        for key in form.get("lane", ())[: MOST_LANES + 1]
    )
    mute = MuteFields(**{one.name: _first(form, f"mute-{one.name}") for one in fields(MuteFields)})
    return Interests(lanes=tuple(lanes), mute=mute)


def acted(interests: Interests, act: str) -> tuple[Interests, int] | None:
    """What a button makes of it: ``add``, ``remove-2``, ``up-2``, ``down-2``; and the lane to go to.

    None for any other button, and for what cannot be done.
    """
    lanes = list(interests.lanes)
    verb, _, number = act.partition("-")
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else -1
    if act == "add" and len(lanes) < MOST_LANES:
        lanes.append(LaneFields())
        to = len(lanes) - 1
    elif verb == "remove" and 0 <= at < len(lanes):
        del lanes[at]
        to = max(min(at, len(lanes) - 1), 0)
    elif verb in {"up", "down"} and 0 <= at < len(lanes):
        to = min(max(at + (1 if verb == "down" else -1), 0), len(lanes) - 1)
        lanes.insert(to, lanes.pop(at))
    else:
        return None
    return replace(interests, lanes=tuple(lanes)), to


def with_search(interests: Interests, words: str) -> Interests:
    """One more lane, of what was searched for; none where a lane asks for that already."""
    phrase = clean(words, MAX_TEXT)
    there = {line.strip().casefold() for lane in interests.lanes for line in lane.phrases.splitlines()}
    if not phrase or phrase.casefold() in there or len(interests.lanes) >= MOST_LANES:
        return interests
    return replace(interests, lanes=(*interests.lanes, LaneFields(phrases=phrase)))


def understood(interests: Interests, gettext: Gettext) -> Understood:
    """What it says, or everything that is wrong with it. Lanes in which nothing was typed are left out."""
    reading = _Reading(gettext)
    lanes: list[Lane] = []
    given = [clean(lane.name, MAX_TEXT) for lane in interests.lanes]
    for at, lane in enumerate(interests.lanes):
        if not lane.empty:
            lanes.append(reading.lane(at, lane, [*given[:at], *given[at + 1 :], *(one.name for one in lanes)]))
    if len(interests.lanes) > MOST_LANES:
        reading.wrong("lanes", gettext("There can be %(count)s lanes at most.") % {"count": MOST_LANES})
    mute = Mute(
        words=reading.lines("mute-words", interests.mute.words, MOST_MUTES),
        authors=reading.lines("mute-authors", interests.mute.authors, MOST_MUTES),
        categories=reading.categories("mute-categories", interests.mute.categories, MOST_MUTES),
    )
    return Understood(lanes=tuple(lanes), mute=mute, problems=reading.problems)


class _Reading:
    """Reads fields one by one and keeps the first problem of each."""

    def __init__(self, gettext: Gettext) -> None:
        self._ = gettext
        self.problems: dict[str, str] = {}

    def wrong(self, place: str, message: str) -> None:
        self.problems.setdefault(place, message)

    def lane(self, at: int, typed: LaneFields, taken: Sequence[str]) -> Lane:
        """Under a name that is not among ``taken``."""
        phrases = self.lines(f"phrases-{at}", typed.phrases, MOST_ITEMS["phrases"])
        categories = self.categories(f"categories-{at}", typed.categories, MOST_ITEMS["categories"])
        authors = self.lines(f"authors-{at}", typed.authors, MOST_ITEMS["authors"])
        examples = self.examples(f"examples-{at}", typed.examples)
        name = clean(typed.name, MAX_TEXT)
        if len(name) > lane_names.MAX_NAME:
            self.wrong(
                f"name-{at}", self._("A name has %(count)s characters at most.") % {"count": lane_names.MAX_NAME}
            )
        if name and name.casefold() in {other.casefold() for other in taken}:
            self.wrong(f"name-{at}", self._("Two lanes have this name; give one of them another."))
        if not (typed.phrases.strip() or typed.categories.strip() or typed.authors.strip() or typed.examples.strip()):
            self.wrong(f"phrases-{at}", self._("Say what this lane looks for, or remove it."))
        if not name:
            made = lane_names.name_of(phrases=phrases, categories=categories, authors=authors, examples=examples)
            name = lane_names.unused(made, taken)
        return Lane(name=name, phrases=phrases, categories=categories, authors=authors, examples=examples)

    def lines(self, place: str, text: str, most: int) -> tuple[str, ...]:
        found = [clean(line, 2 * MAX_TEXT) for line in text.splitlines()]
        return self._bounded(place, [line for line in found if line], most)

    def categories(self, place: str, text: str, most: int) -> tuple[str, ...]:
        codes = []
        for word in re.split(r"[\s,;]+", text):
            known = arxiv_categories.canonical(word) if word else None
            if known is not None:
                codes.append(known)
            elif word:
                told = self._("%(code)s is no category. Write codes as arXiv does, such as cs.LG or q-bio.")
                self.wrong(place, told % {"code": clean(word, 40)})
        return self._bounded(place, codes, most)

    def examples(self, place: str, text: str) -> tuple[Identifier, ...]:
        found: list[Identifier] = []
        for line in text.splitlines():
            # A whole line first: some DOIs have commas and semicolons.
            words = [line] if parse(line) is not None else re.split(r"[\s,;]+", line)
            for word in words:
                if (name := parse(word)) is not None:
                    found.append(name)
                elif word:
                    told = self._("%(name)s is no paper's name. Write an arXiv id such as 2305.10430, or a DOI.")
                    self.wrong(place, told % {"name": clean(word, 40)})
        most = MOST_ITEMS["examples"]
        if len(found) > most:
            self.wrong(place, self._("That is more than %(count)s.") % {"count": most})
        return tuple(dict.fromkeys(found))

    def _bounded(self, place: str, found: Sequence[str], most: int) -> tuple[str, ...]:
        if len(found) > most:
            self.wrong(place, self._("That is more than %(count)s.") % {"count": most})
        if any(len(one) > MAX_TEXT for one in found):
            self.wrong(place, self._("One of the lines is longer than %(count)s characters.") % {"count": MAX_TEXT})
        return tuple(dict.fromkeys(found))


def _first(form: Form, name: str) -> str:
    return next(iter(form.get(name, ())), "")


def _shown(example: Identifier) -> str:
    """In a spelling that is understood again."""
    return example.value if parse(example.value) == example else str(example)
