"""Three colours of a brand → every colour of a mail, light and dark, each readable on what it stands on.

An operator chooses *accent* (links, headings), *page* (the ground around the sheet) and *ink* (the text). The rest is
derived: steps between ink and sheet for what recedes, the accent lightened for the dark scheme. What is derived is
moved until it can be read; what was chosen is not, so :func:`unreadable` says which choice fails.

Contrast is that of WCAG 2.2 (success criterion 1.4.3: 4.5:1 for text of body size).
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

READABLE = 4.5
ACCENT, PAGE, INK = "#1d6a5a", "#f1efe9", "#1b1a18"
_LONG = re.compile(r"#?([0-9a-f]{6})", re.IGNORECASE)
_SHORT = re.compile(r"#?([0-9a-f])([0-9a-f])([0-9a-f])", re.IGNORECASE)
_DARK = 0.18
"""Luminance up to which a ground is dark: black and white can be read on it about equally well."""
_BLACK, _WHITE = "#000000", "#ffffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """The colours of one scheme by their part in the mail, as ``#rrggbb``."""

    page: str
    sheet: str
    """What the text stands on."""
    ink: str
    """Titles."""
    body: str
    muted: str
    """Bylines, dates, the footer."""
    accent: str
    """Links and headings."""
    on_accent: str
    """Text on a button, whose ground is the accent."""
    rule: str
    chip: str
    """The ground of votes and code."""
    chip_ink: str
    why: str
    """The reason."""
    notice: str
    """The ground of what is said first."""
    notice_ink: str

    def pairs(self) -> Iterator[tuple[str, str]]:
        """(text, ground) by their names: all that must be readable."""
        for text in ("ink", "body", "muted", "accent", "why"):
            yield text, "sheet"
        yield "muted", "page"
        yield "on_accent", "accent"
        yield "chip_ink", "chip"
        yield "notice_ink", "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    light: Scheme
    dark: Scheme

    @classmethod
    def of(cls, accent: str = ACCENT, page: str = PAGE, ink: str = INK) -> Palette:
        """The palette of a brand. A page that is dark already is dark in both schemes."""
        given = _scheme(accent, page, _sheet(page), ink)
        if luminance(page) <= _DARK:
            return cls(light=given, dark=given)
        night, sheet = mix(_BLACK, page, 0.072), mix(_BLACK, page, 0.112)
        return cls(
            light=given,
            dark=_scheme(readable(mix(accent, _WHITE, 0.12), sheet, 7.5), night, sheet, mix(page, _WHITE, 0.2)),
        )


COLOURS = tuple(field.name for field in fields(Scheme))


def parse_colour(text: str) -> str:
    """``#1D6A5A``, ``1d6a5a`` or ``#abc`` → ``#rrggbb``; raises ValueError."""
    if long := _LONG.fullmatch(text.strip()):
        return f"#{long[1].lower()}"
    if short := _SHORT.fullmatch(text.strip()):
        return "#" + "".join(digit * 2 for digit in short.groups()).lower()
    raise ValueError(f'{text!r} is no colour; write it as "#1d6a5a", in quotes, or as 1d6a5a')


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """``one`` with a ``share`` (0…1) of ``other`` in it."""
    return _hex(*((1 - share) * a + share * b for a, b in zip(_channels(one), _channels(other), strict=True)))


def readable(colour: str, ground: str, wanted: float = READABLE) -> str:
    """``colour``, made lighter or darker in its own hue until its contrast on ``ground`` is ``wanted``."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    end = 1.0 if contrast(_WHITE, ground) > contrast(_BLACK, ground) else 0.0
    for step in range(101):
        moved = _hex(*colorsys.hls_to_rgb(hue, lightness + (end - lightness) * step / 100, saturation))
        if contrast(moved, ground) >= wanted:
            return moved
    return _hex(end, end, end)


def unreadable(accent: str, page: str, ink: str) -> Iterator[tuple[str, str]]:
    """(``accent`` or ``ink``, what is wrong with it) where a chosen colour can't be read where it stands."""
    sheet = _sheet(page)
    for key, colour, ground, where in (
        ("ink", ink, page, "the page"),
        ("ink", ink, sheet, "the sheet"),
        ("accent", accent, sheet, "the sheet"),
    ):
        if (ratio := contrast(colour, ground)) < READABLE:
            advice = f'text needs {READABLE}:1; "{readable(colour, ground)}" would do'
            yield key, f"{colour} on {where} ({ground}) has a contrast of {ratio:.1f}:1, {advice}"


def _sheet(page: str) -> str:
    """A step lighter than the page around it."""
    return mix(page, _WHITE, 0.86 if luminance(page) > _DARK else 0.06)


def _scheme(accent: str, page: str, sheet: str, ink: str) -> Scheme:
    chip, rule = mix(sheet, ink, 0.06), mix(sheet, ink, 0.13)
    if luminance(page) > _DARK:  # the page's own tint shows in what is drawn on the sheet, where it is strong enough
        chip = min(chip, mix(page, ink, 0.02), key=luminance)
        rule = min(rule, mix(page, ink, 0.08), key=luminance)
    notice = mix(sheet, accent, 0.11)
    return Scheme(
        page=page,
        sheet=sheet,
        ink=ink,
        body=_fade(ink, sheet, 0.075),
        # It stands on the page as well, which is nearer to the ink than the sheet is.
        muted=_fade(ink, sheet, 0.335, page),
        accent=accent,
        on_accent=max(sheet, ink, _BLACK, _WHITE, key=lambda colour: min(contrast(colour, accent), 7)),
        rule=rule,
        chip=chip,
        chip_ink=readable(mix(ink, sheet, 0.19), chip),
        why=readable(mix(mix(ink, accent, 0.4), sheet, 0.15), sheet),
        notice=notice,
        notice_ink=readable(mix(ink, accent, 0.5), notice),
    )


def _fade(ink: str, sheet: str, share: float, *others: str) -> str:
    """``ink`` with at most ``share`` of the sheet in it: as far as it can still be read on sheet and ``others``."""
    for percent in range(round(share * 1000), 0, -5):
        faded = mix(ink, sheet, percent / 1000)
        if all(contrast(faded, ground) >= READABLE for ground in (sheet, *others)):
            return faded
    return ink


def _channels(colour: str) -> tuple[float, float, float]:
    """Red, green and blue, 0 to 1."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(*channels: float) -> str:
    return "#" + "".join(f"{round(255 * min(max(channel, 0.0), 1.0)):02x}" for channel in channels)
