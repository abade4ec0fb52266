"""The keys of ``site.brand``: how the mails look, and what stands under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from digest.palette import ACCENT, INK, PAGE, Palette, parse_colour, unreadable
from digest.settings.document import Location, Plain
from digest.settings.reading import reading
from digest.settings.validation import Section
from digest.settings.words import OneOrMore, PlainText

Colour = Annotated[str, AfterValidator(parse_colour)]
_WHERE = ("site", "brand")


class BrandConfig(Section):
    accent: Colour = ACCENT
    """Links, headings, buttons."""
    page: Colour = PAGE
    """The ground around the mail; the mail's own is a step lighter."""
    ink: Colour = INK
    """The text."""
    logo: Annotated[PlainText, Field(max_length=60)] | None = None
    """The text at the top, by default the site's name. A text, since mails fetch nothing."""
    footer: Annotated[tuple[PlainText, ...], OneOrMore] = ()
    """An imprint: an address, who is responsible."""

    @model_validator(mode="after")
    def _readable(self, info: ValidationInfo) -> BrandConfig:
        if around := reading(info):
            found = unreadable(self.accent, self.page, self.ink)
            around.complaints.extend(((*_WHERE, key), clause) for key, clause in found)
        return self

    @property
    def palette(self) -> Palette:
        return Palette.of(self.accent, self.page, self.ink)


def lost_colours(data: Mapping[str, Plain]) -> Iterator[tuple[Location, str]]:
    """Colours without a value: YAML takes ``accent: #1d6a5a`` for a key with a comment behind it."""
    site = data.get("site")
    brand = site.get("brand") if isinstance(site, dict) else None
    for key in ("accent", "page", "ink"):
        if isinstance(brand, dict) and key in brand and brand[key] is None:
            yield (*_WHERE, key), 'has no value: # begins a comment, so write the colour in quotes: "#1d6a5a"'
