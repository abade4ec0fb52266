"""The keys of a subscriber file, and how they become a Subscriber.

A file says what one reader wants, in the shortest way that is clear: a lane may be a phrase alone, a list its only
item, and a reader with one interest may leave the lanes out and write ``phrases:`` at the top.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from digest import lane_names, languages
from digest.bibliography import BibliographyError, is_bibliography, read_bibliography
from digest.catalog.identifiers import parse
from digest.model import Frequency, Identifier, Lane, MailLayout, Mute, QuietDay, SendTimes, Subscriber
from digest.settings.addresses import EmailAddress
from digest.settings.document import Location
from digest.settings.reading import Reading, reading
from digest.settings.times import ClockTime, Zone
from digest.settings.validation import Section
from digest.settings.words import Category, OneOrMore, PlainText

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


def check_id(text: str) -> str:
    """A reader's stable name: it goes into addresses and commands, so it is short and plain.

    Raises:
        ValueError: with what is wrong with it.
    """
    if not _ID.fullmatch(text):
        raise ValueError(f"{text!r} is no id; use up to 64 of the letters a-z, digits and . _ @ + -")
    return text


def _weekday(value: object) -> object:
    if not isinstance(value, str):
        return value
    folded = value.strip().casefold()
    for number, name in enumerate(WEEKDAYS):
        if len(folded) >= 3 and name.startswith(folded):
            return number
    raise ValueError(f"{value!r} is no day of the week; write monday to sunday")


def _read_example(value: object, info: ValidationInfo) -> object:
    """An identifier, or a .bib or .ris file with many → a tuple of identifiers."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if is_bibliography(text) and (around := reading(info)):
        return _read_bibliography(text, around)
    if (identifier := parse(text)) is None:
        raise ValueError(
            f"{text!r} is no paper; write an arXiv id (2305.10430), a DOI, or the name of a .bib or .ris file"
        )
    return (identifier,)


def _read_bibliography(name: str, around: Reading) -> tuple[Identifier, ...]:
    path = around.resolve(Path(name))
    try:
        bibliography = read_bibliography(path)
    except BibliographyError as error:
        raise ValueError(f"the file {name} {error}") from error
    around.files.append(path)
    if bibliography.broken_lines:
        lines = ", ".join(map(str, bibliography.broken_lines[:5]))
        around.hints.append((name, f"{name}: broken from line {lines} on; those entries are left out"))
    if nameless := bibliography.nameless:
        keys = ", ".join(entry.key for entry in nameless[:5]) + (", …" if len(nameless) > 5 else "")
        around.hints.append(
            (
                name,
                f"{name}: {len(nameless)} of {len(bibliography.entries)} entries have no identifier ({keys})",
            )
        )
    if not bibliography.identifiers:
        raise ValueError(f"the file {name} names no paper by arXiv id or DOI")
    return bibliography.identifiers


Phrases = Annotated[tuple[PlainText, ...], OneOrMore]
Categories = Annotated[tuple[Category, ...], OneOrMore]
Authors = Annotated[tuple[PlainText, ...], OneOrMore]
Example = Annotated[tuple[Identifier, ...], BeforeValidator(_read_example)]
Examples = Annotated[tuple[Example, ...], OneOrMore]


class LaneEntry(Section):
    name: PlainText | None = Field(default=None, max_length=lane_names.MAX_NAME)
    """The heading in the mail; by default the first phrase, or what else the lane is made of."""
    phrases: Phrases = ()
    categories: Categories = ()
    authors: Authors = ()
    examples: Examples = ()
    """Papers like the ones wanted: arXiv ids, DOIs, .bib and .ris files relative to this one."""

    @model_validator(mode="after")
    def _not_empty(self) -> LaneEntry:
        if not (self.phrases or self.categories or self.authors or self.examples):
            raise ValueError("the lane is empty; give it phrases, categories, authors or examples")
        return self

    def lane(self, taken: Sequence[str]) -> Lane:
        """The lane, under a name that is not among ``taken``."""
        examples = tuple(dict.fromkeys(identifier for example in self.examples for identifier in example))
        name = self.name or lane_names.unused(
            lane_names.name_of(
                phrases=self.phrases, categories=self.categories, authors=self.authors, examples=examples
            ),
            taken,
        )
        return Lane(
            name=name,
            phrases=tuple(dict.fromkeys(self.phrases)),
            categories=tuple(dict.fromkeys(self.categories)),
            authors=tuple(dict.fromkeys(self.authors)),
            examples=examples,
        )


class MuteEntry(Section):
    words: Phrases = ()
    authors: Authors = ()
    categories: Categories = ()


def _language(text: str) -> str:
    found = languages.known(text)
    if found is None:
        raise ValueError(f"{text!r} is no language that there is; write one of {', '.join(languages.tags())}")
    return found


def _lane_from_phrase(value: object) -> object:
    return {"phrases": [value]} if isinstance(value, str) else value


class ReaderFile(Section):
    id: Annotated[str, AfterValidator(check_id)] | None = None
    """Never change it: history and feedback hang on it. Default: the file's name without .yaml."""
    email: EmailAddress = Field(description="the address that the mail goes to")
    name: PlainText | None = None
    timezone: Zone = Field(description="the reader's zone, such as Europe/Berlin")
    send: ClockTime = dt.time(7, 30)
    frequency: Frequency = Frequency.ANNOUNCEMENT_DAYS
    weekday: Annotated[int | None, BeforeValidator(_weekday)] = Field(default=None, ge=0, le=6)
    papers: int = Field(default=10, ge=1, le=50)
    balance: float = Field(default=0.7, ge=0, le=1)
    """0 = what is trending, 1 = what is mine."""
    lanes: Annotated[tuple[Annotated[LaneEntry, BeforeValidator(_lane_from_phrase)], ...], OneOrMore] = ()
    phrases: Phrases = ()
    """With categories, authors and examples: one lane without a name, for a reader with one interest."""
    categories: Categories = ()
    authors: Authors = ()
    examples: Examples = ()
    mute: MuteEntry = MuteEntry()
    quiet_day: QuietDay = QuietDay.SKIP
    explore: bool = True
    per_field: int | None = Field(default=None, ge=1, le=50)
    """Most papers of one primary category in a mail."""
    layout: MailLayout = MailLayout.FULL
    language: Annotated[str, AfterValidator(_language)] = "en"
    paused: bool = False

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> ReaderFile:
        if around := reading(info):
            around.complaints.extend(self._conflicts())
        return self

    def _conflicts(self) -> Iterator[tuple[Location, str]]:
        if self.weekday is not None and self.frequency is not Frequency.WEEKLY:
            yield ("weekday",), f"counts only with `frequency: weekly`; it is {self.frequency}"
        seen: dict[str, int] = {}
        for number, entry in enumerate(self.lanes):
            if entry.name and (folded := entry.name.casefold()) in seen:
                yield ("lanes", number), f"two lanes are called {entry.name!r}; names must differ"
            elif entry.name:
                seen[folded] = number

    def subscriber(self, default_id: str) -> Subscriber:
        """The reader these settings describe."""
        return Subscriber(
            id=self.id or default_id,
            email=self.email,
            name=self.name or "",
            times=SendTimes(
                timezone=self.timezone, send=self.send, frequency=self.frequency, weekday=self.weekday or 0
            ),
            papers=self.papers,
            balance=self.balance,
            lanes=self._lanes(),
            mute=Mute(words=self.mute.words, authors=self.mute.authors, categories=self.mute.categories),
            quiet_day=self.quiet_day,
            explore=self.explore,
            per_field=self.per_field,
            layout=self.layout,
            language=self.language,
        )

    def _lanes(self) -> tuple[Lane, ...]:
        at_top: list[LaneEntry] = []
        if self.phrases or self.categories or self.authors or self.examples:
            at_top.append(
                LaneEntry(
                    phrases=self.phrases, categories=self.categories, authors=self.authors, examples=self.examples
                )
            )
        taken = [entry.name for entry in self.lanes if entry.name]
        lanes: list[Lane] = []
        for entry in (*at_top, *self.lanes):
            lanes.append(entry.lane(taken))
            taken.append(lanes[-1].name)
        return tuple(lanes)
