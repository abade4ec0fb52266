"""The approved pictures of mails: ``python -m tests.approve`` takes them anew; look at them before you commit them.

A picture is kept small: 320 or 700 px wide, a quarter in size, in 16 colours. It is compared by what a reader would
see: the page's height, and the colour of each block of it. Other fonts break lines elsewhere; how wide some words are
is written down beside the pictures, and where that differs there is nothing to compare.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

from PIL import Image, ImageChops

from tests.support.mails import mail
from tests.support.window import Window, window

APPROVED = Path(__file__).with_name("approved")
SHOTS = (
    ("daily", 320, False),
    ("daily", 700, True),
    ("daily-compact", 700, False),
    ("welcome", 320, True),
    ("quiet", 700, False),
    ("confirm-calm", 320, False),
    ("report-calm", 700, False),
)
"""(mail, width in px, dark)."""
_FONTS = APPROVED / "fonts.json"
_WORDS = "Sparse attention that remembers, 4.2 % · 注意力 · توجه ▲★↗"
_SHRUNK = 4
_BLOCK = 16
"""Pixels of the shrunk picture that are compared as one: 64 of the page, two or three lines of text."""
HEIGHT_TOLERANCE = 0.02
MOST_BLOCKS_OFF = 0.02
_OFF = 24
"""Of 255: a block that differs by more is off."""


def name(shot: tuple[str, int, bool]) -> str:
    kind, width, dark = shot
    return f"{kind}-{width}-{'dark' if dark else 'light'}.png"


def fonts(browser: Window) -> object:
    """The width of some words in the two families that mails are set in."""
    families = "-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif", "Charter,Palatino,Georgia,serif"
    spans = "<br>".join(f'<span style="font:16px {family}">{_WORDS}</span>' for family in families)
    browser.show(f"<!doctype html>{spans}")
    return browser.ask("[...document.querySelectorAll('span')].map(s => Math.round(s.getBoundingClientRect().width))")


def approved_fonts() -> object:
    return json.loads(_FONTS.read_text("utf-8"))


def take(browser: Window, shot: tuple[str, int, bool]) -> Image.Image:
    """The whole mail, a quarter in size."""
    kind, width, dark = shot
    browser.resize(width, dark=dark)
    browser.show(mail(kind).html)
    with Image.open(io.BytesIO(browser.picture())) as whole:
        size = whole.width // _SHRUNK, max(1, whole.height // _SHRUNK)
        return whole.convert("RGB").resize(size, Image.Resampling.BOX)


def difference(one: Image.Image, other: Image.Image) -> str:
    """In what ``other`` differs from ``one`` beyond the tolerance; empty if it does not."""
    if abs(one.height - other.height) > HEIGHT_TOLERANCE * one.height:
        return f"{other.height * _SHRUNK} px high instead of {one.height * _SHRUNK}"
    # Lines may stand a little lower at the end of a long page: the pictures are laid over each other at one height.
    blocks = max(1, one.width // _BLOCK), max(1, one.height // _BLOCK)
    delta = ImageChops.difference(*(p.convert("RGB").resize(blocks, Image.Resampling.BOX) for p in (one, other)))
    off = sum(max(channels) > _OFF for channels in zip(*(band.tobytes() for band in delta.split()), strict=True))
    share = off / (blocks[0] * blocks[1])
    return f"{share:.0%} of its blocks look different" if share > MOST_BLOCKS_OFF else ""


def side_by_side(one: Image.Image, other: Image.Image) -> Image.Image:
    """Approved, taken, and what differs between them."""
    height = max(one.height, other.height)
    sheets = []
    for picture in (one, other):
        sheet = Image.new("RGB", (one.width, height), "white")
        sheet.paste(picture.convert("RGB"), (0, 0))
        sheets.append(sheet)
    shown = [*sheets, ImageChops.invert(ImageChops.difference(*sheets))]
    whole = Image.new("RGB", (3 * one.width + 20, height), "grey")
    for place, sheet in enumerate(shown):
        whole.paste(sheet, (place * (one.width + 10), 0))
    return whole


def main() -> None:
    APPROVED.mkdir(exist_ok=True)
    for old in APPROVED.glob("*.png"):
        old.unlink()
    with window() as browser:
        _FONTS.write_text(json.dumps(fonts(browser)) + "\n", "utf-8")
        for shot in SHOTS:
            picture = take(browser, shot).quantize(16, dither=Image.Dither.NONE)
            picture.save(APPROVED / name(shot), optimize=True)
            print(f"{(APPROVED / name(shot)).stat().st_size:>7,} bytes  {name(shot)}")


if __name__ == "__main__":
    main()
