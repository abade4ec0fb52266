"""Languages: message catalogues, dates and numbers, and which one a reader is written and answered in.

Messages are English in code and templates and are looked up in gettext catalogues, ``digest/translations/LANGUAGE/
LC_MESSAGES/digest.po``. A catalogue is read from its source when its language is first wanted, so there is nothing to
compile and nothing that could be out of date; ``make translations`` brings new messages into each.

English needs no catalogue and spells its few dates itself: most commands speak nothing else, and spare the import of
Babel (16 ms).
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

ENGLISH = "en"
DOMAIN = "digest"
FOLDER = Path(__file__).resolve().parent / "translations"
_MOST_WISHES = 20
"""Of one Accept-Language header: browsers send five or so."""


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
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SKELETONS = {"full": "yMMMMEEEEd", "long": "yMMMMd", "medium": "yMMMd", "short": "MMMd"}
"""Of dates that are spelled with fewer parts than CLDR's own widths have: ``short`` has no year."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Language:
    """One language that pages and mails can be in."""

    tag: str
    """For ``lang`` attributes (BCP 47): ``de``."""
    messages: NullTranslations

    @property
    def locale(self) -> Locale:
        from babel import Locale

        return Locale.parse(self.tag)

    def gettext(self, message: str, /, **values: object) -> str:
        """The message with ``%(name)s`` filled in; without values it is taken as it stands."""
        found = self.messages.gettext(message)
        return found % values if values else found

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """``one`` or ``many``, or what the language has for this number, with ``%(name)s`` filled in."""
        found = self.messages.ngettext(one, many, number)
        return found % values if values else found

    @property
    def name(self) -> str:
        """In the language itself: ``Deutsch``."""
        name = self.locale.get_display_name(self.locale) or self.tag
        return name[:1].upper() + name[1:]

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return self.locale.text_direction

    def date(self, day: dt.date, width: str = "long") -> str:
        """``22 November 2026``; ``medium``: ``22 Nov 2026``; ``short``: ``22 Nov``; ``full``: ``Sunday 22 November
        2026``. A datetime is told by its UTC date."""
        if isinstance(day, dt.datetime):
            day = day.astimezone(dt.UTC).date()
        return _day(day, width, self.tag)

    def days(self, first: dt.date, last: dt.date, width: str = "long") -> str:
        """From day to day: ``16–22 November 2026``, ``28 December 2026 – 3 January 2027``; ``short``: ``16–22 Nov``."""
        return _days(first, last, width, self.tag)

    def number(self, value: float) -> str:
        """With the language's own separators: ``12,345``."""
        if self.tag == ENGLISH:
            return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")
        from babel import numbers

        return numbers.format_decimal(value, locale=self.tag)

    def compact(self, value: int) -> str:
        """A count that need not be exact: ``420``, ``1.2k``, ``35k``."""
        return _compact(value, self.tag)

    def listed(self, items: Sequence[str]) -> str:
        """``a, b and c``."""
        if len(items) < 2:
            return "".join(items)
        *first, last = items
        between = self.gettext(", ")
        return self.gettext("%(first)s and %(last)s", first=between.join(first), last=last)


@lru_cache(maxsize=4096)
def _day(day: dt.date, width: str, tag: str) -> str:
    if width not in _SKELETONS:
        raise ValueError(f"{width!r} is no width of a date")
    if tag == ENGLISH:  # day, month, year
        month = _MONTHS[day.month - 1] if width in {"full", "long"} else _MONTHS[day.month - 1][:3]
        weekday = f"{_DAYS[day.weekday()]} " if width == "full" else ""
        return f"{weekday}{day.day} {month}" + ("" if width == "short" else f" {day.year}")
    from babel import dates

    if width == "short":
        return dates.format_skeleton(_SKELETONS[width], day, locale=tag)
    return dates.format_date(day, width, locale=tag)


@lru_cache(maxsize=256)
def _days(first: dt.date, last: dt.date, width: str, tag: str) -> str:
    if tag != ENGLISH:
        from babel import dates

        return dates.format_interval(first, last, _SKELETONS["short" if width == "short" else "medium"], locale=tag)
    end = _day(last, width, tag)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    start = _day(first, width, tag)
    return f"{start.removesuffix(f' {last.year}')} – {end}"


@lru_cache(maxsize=4096)
def _compact(value: int, tag: str) -> str:
    if tag != ENGLISH:
        from babel import numbers

        return numbers.format_compact_decimal(value, locale=tag, fraction_digits=1)
    if value < 1000:
        return str(value)
    return f"{value / 1000:.1f}k".replace(".0k", "k") if value < 9950 else f"{round(value / 1000)}k"


@cache
def tags() -> tuple[str, ...]:
    """The languages there are, English first."""
    found = (path.parent.parent.name for path in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    return (ENGLISH, *sorted(tag for tag in found if tag != ENGLISH))


@cache
def language(tag: str) -> Language:
    """A language of :func:`tags`; English for any other."""
    path = FOLDER / tag / "LC_MESSAGES" / f"{DOMAIN}.po"
    if tag not in tags() or tag == ENGLISH:
        return Language(tag=ENGLISH, messages=NullTranslations())
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalogue = read_po(file, locale=tag, domain=DOMAIN)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(tag=tag, messages=GNUTranslations(compiled))


def known(wish: str) -> str | None:
    """The tag of :func:`tags` that a wished one is content with: ``pt`` for ``pt-BR``; None if there is none."""
    tag = wish.strip().lower()
    found = tag if tag in tags() else tag.replace("_", "-").partition("-")[0]
    return found if found in tags() else None


@cache
def of_reader(tag: str) -> Language:
    """The language that a reader's settings name; English where there is none like it any more."""
    return best([tag])


def best(wishes: Iterable[str]) -> Language:
    """The first of the wished languages that there is (``pt-BR`` is content with ``pt``), else English."""
    return next((language(tag) for tag in map(known, wishes) if tag is not None), language(ENGLISH))


def wishes_of(accept_language: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4); nonsense is left out."""
    found: list[tuple[float, str]] = []
    for part in accept_language[:1000].split(",")[:_MOST_WISHES]:
        tag, _, parameter = part.partition(";")
        name, _, value = parameter.partition("=")
        try:
            quality = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if 0 < quality <= 1 and tag.strip():
            found.append((-quality, tag.strip()))
    return [tag for _, tag in sorted(found, key=lambda wish: wish[0])]
