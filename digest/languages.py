"""Languages: message catalogues, dates and numbers, and which one a reader is answered in.

Messages are English in code and templates and are looked up in gettext catalogues, ``digest/translations/LANGUAGE/
LC_MESSAGES/digest.po``. A catalogue is read from its source when its language is first wanted, so there is nothing to
compile and nothing that could be out of date; ``make translations`` brings new messages into each.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH = "en"
DOMAIN = "digest"
FOLDER = Path(__file__).resolve().parent / "translations"
_MOST_WISHES = 20
"""Of one Accept-Language header: browsers send five or so."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Language:
    """One language that pages and mails can be in."""

    tag: str
    """For ``lang`` attributes (BCP 47): ``de``."""
    locale: Locale
    messages: NullTranslations

    def gettext(self, message: str) -> str:
        return self.messages.gettext(message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """``one`` or ``many``, or what the language has for this count."""
        return self.messages.ngettext(one, many, count)

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
        """``22 November 2026``; with ``medium``, ``22 Nov 2026``. A datetime is told by its UTC date."""
        if isinstance(day, dt.datetime):
            day = day.astimezone(dt.UTC).date()
        return _day(day, width, str(self.locale))

    def number(self, value: float) -> str:
        """With the language's own separators: ``12,345``."""
        return numbers.format_decimal(value, locale=self.locale)


@lru_cache(maxsize=4096)
def _day(day: dt.date, width: str, locale: str) -> str:
    if width not in {"full", "long", "medium", "short"}:
        raise ValueError(f"{width!r} is no width of a date")
    # English dates as the mails have them: day, month, year.
    pattern = (
        {"full": "EEEE d MMMM y", "long": "d MMMM y", "medium": "d MMM y"}.get(width) if locale == ENGLISH else None
    )
    if pattern is not None:
        return dates.format_date(day, pattern, locale=locale)
    return dates.format_date(day, width, locale=locale)


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
        return Language(tag=ENGLISH, locale=Locale(ENGLISH), messages=NullTranslations())
    with path.open("rb") as file:
        catalogue = read_po(file, locale=tag, domain=DOMAIN)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(tag=tag, locale=Locale(tag), messages=GNUTranslations(compiled))


def best(wishes: Iterable[str]) -> Language:
    """The first of the wished languages that there is (``pt-BR`` is content with ``pt``), else English."""
    known = tags()
    for wish in wishes:
        tag = wish.strip().lower()
        if (found := tag if tag in known else tag.replace("_", "-").partition("-")[0]) in known:
            return language(found)
    return language(ENGLISH)


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
