"""A brand's three colours become a palette that can be read, or an error that says which pair fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digest.config import load_config
from digest.errors import ConfigError
from digest.palette import Palette, contrast, mix, parse_colour, unreadable

colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(colours, colours, colours)
def test_every_pair_is_readable(accent: str, page: str, ink: str) -> None:
    """Whatever colours pass, every text has 4.5:1 on its ground, in light and in dark; what is advised passes."""
    for key, clause in unreadable(accent, page, ink):
        advised = clause.rsplit('"', 2)[1]
        accent, ink = (advised, ink) if key == "accent" else (accent, advised)
    assume(not list(unreadable(accent, page, ink)))
    palette = Palette.of(accent, page, ink)
    for scheme in (palette.light, palette.dark):
        for text, ground in scheme.pairs():
            assert contrast(getattr(scheme, text), getattr(scheme, ground)) >= 4.5, (text, ground)


def test_contrast_is_the_standards() -> None:
    """Black on white is 21:1, and the grey that W3C's examples give for 4.5:1 has it."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert mix("#000000", "#ffffff", 0.5) == "#808080"


def test_chosen_colours_stay() -> None:
    """The light scheme shows what was chosen, the dark one its hue; a dark page is dark in both."""
    palette = Palette.of("#a31f34", "#ffffff", "#222222")
    assert (palette.light.accent, palette.light.page, palette.light.ink) == ("#a31f34", "#ffffff", "#222222")
    red, green, blue = (int(palette.dark.accent[at : at + 2], 16) for at in (1, 3, 5))
    assert red > green + 40
    assert red > blue + 30
    night = Palette.of("#ffd166", "#101418", "#eeeeee")
    assert night.light == night.dark


@pytest.mark.parametrize(("text", "colour"), [("#1D6A5A", "#1d6a5a"), ("1d6a5a", "#1d6a5a"), ("abc", "#aabbcc")])
def test_spellings(text: str, colour: str) -> None:
    """Colours may be long or short, with or without the sign."""
    assert parse_colour(text) == colour


@pytest.mark.parametrize("text", ["", "red", "#12345", "#12345g", "url(x)", "#fff;x"])
def test_no_colour(text: str) -> None:
    """Anything else is refused, names and CSS among it."""
    with pytest.raises(ValueError, match="is no colour"):
        parse_colour(text)


@pytest.mark.parametrize(
    ("brand", "line", "words"),
    [
        (
            'accent: "#ffdd00"',
            3,
            "site.brand.accent: #ffdd00 on the sheet .* contrast of 1.3:1, text needs 4.5:1",
        ),
        ("accent: #ffdd00", 3, "site.brand.accent: has no value: # begins a comment"),
        ('ink: "#999999"', 3, "site.brand.ink: #999999 on the page"),
        ("page: beige", 3, "site.brand.page: 'beige' is no colour"),
    ],
)
def test_config_says_which_pair_fails(tmp_path: Path, brand: str, line: int, words: str) -> None:
    """A colour that can't be read is a problem of its line, with one that would do."""
    path = tmp_path / "config.yaml"
    path.write_text(f"site:\n  brand:\n    {brand}\n")
    with pytest.raises(ConfigError, match=words) as caught:
        load_config(path, env={})
    assert caught.value.problems[0].line == line


def test_brand_reaches_the_palette(tmp_path: Path) -> None:
    """What is configured is what the mail is drawn with."""
    path = tmp_path / "config.yaml"
    path.write_text('site:\n  brand: {accent: "#a31f34", logo: ADA, footer: [Institute of X, Town]}\n')
    brand = load_config(path, env={}).site.brand
    assert brand.palette.light.accent == "#a31f34"
    assert (brand.logo, brand.footer) == ("ADA", ("Institute of X", "Town"))
