"""Every mail in a real browser: on a phone and on a desk, in light and in dark, with its style sheets and without."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from digest.camera import chromium
from tests.support.mails import ARABIC, NAMES, PICTURED, Mail, mail
from tests.support.window import Window, window

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="Chromium is not installed, so the mails can't be looked at"),
]
WIDTHS = (320, 600, 1200)
every_mail = pytest.mark.parametrize("shown", [pytest.param(mail(name), id=name) for name in (*NAMES, *PICTURED)])


@pytest.fixture(scope="module")
def browser() -> Iterator[Window]:
    with window() as opened:
        yield opened


def without_styles(html: str) -> str:
    """As Gmail shows it where it drops style sheets: inline style is left, but for ``overflow-wrap``."""
    return re.sub(r"<style.*?</style>|overflow-wrap:anywhere", "", html, flags=re.DOTALL)


def as_outlook_sees_it(html: str) -> str:
    """The conditional comments for Word's engine opened, those for everybody else cut out."""
    shown = re.sub(r"<!--\[if !mso[^\]]*\]><!-->.*?<!--<!\[endif\]-->", "", html, flags=re.DOTALL)
    shown = re.sub(r"<!--\[if [^\]]*(?:mso|IE)[^\]]*\]>(.*?)<!\[endif\]-->", r"\1", shown, flags=re.DOTALL)
    shown = re.sub(r"<noscript>\s*<xml>.*?</noscript>", "", shown, flags=re.DOTALL)
    return without_styles(shown)


def found(browser: Window, html: str) -> list[str]:
    """The problems at each width and in each scheme, with where they were found."""
    browser.show(html)
    problems = []
    for width in WIDTHS:
        for dark in (False, True):
            browser.resize(width, dark=dark)
            problems += [f"{width} px, {'dark' if dark else 'light'}: {problem}" for problem in browser.problems()]
    return problems


def words(browser: Window) -> list[str]:
    return str(browser.ask("document.body.innerText")).split()


@every_mail
def test_holds_at_every_width_in_light_and_dark(browser: Window, shown: Mail) -> None:
    """No sideways scrolling, contrast of 4.5:1, targets of 44 px, no words cut off at an edge."""
    assert found(browser, shown.html) == []


@every_mail
def test_holds_without_style_sheets(browser: Window, shown: Mail) -> None:
    """The same with inline style alone, and all the words are there."""
    browser.resize(600)
    browser.show(shown.html)
    wanted = words(browser)
    assert found(browser, without_styles(shown.html)) == []
    browser.resize(600)
    assert words(browser) == wanted


@every_mail
def test_holds_in_old_outlook(browser: Window, shown: Mail) -> None:
    """With the tables that Word's engine is given: balanced, as wide as the sheet, and the same words in them."""
    browser.resize(1200)
    browser.show(shown.html)
    wanted = words(browser)
    browser.show(as_outlook_sees_it(shown.html))
    assert words(browser) == wanted
    assert browser.problems() == []
    widest = browser.ask("Math.max(...[...document.querySelectorAll('table[width]')].map(t => t.offsetWidth))")
    assert isinstance(widest, int)
    assert widest <= 640


def test_right_to_left_words_are_set_from_the_right(browser: Window) -> None:
    """A Persian title runs from right to left, in a mail that does not."""
    browser.resize(600)
    browser.show(mail("awkward").html)
    assert browser.ask("getComputedStyle(document.body).direction") == "ltr"
    script = f"[...document.querySelectorAll('h3')].find(h => h.textContent.includes({ARABIC!r}))"
    assert browser.ask(f"getComputedStyle({script}).direction") == "rtl"


def test_a_byline_keeps_its_order(browser: Window) -> None:
    """After names that run from right to left, the date still stands at the end of the line, its day first."""
    browser.resize(600)
    browser.show(mail("awkward").html)
    script = """
      ((p) => ["علی", "(3)", "21", "Nov"].map((word) => {
        const range = document.createRange(), at = p.firstChild.data.indexOf(word);
        range.setStart(p.firstChild, at); range.setEnd(p.firstChild, at + word.length);
        return range.getBoundingClientRect().left;
      }))([...document.querySelectorAll("p.m")].find((p) => p.textContent.includes("رضایی")))"""
    places = browser.ask(script)
    assert isinstance(places, list)
    assert places == sorted(places)


def test_the_audit_sees_what_is_wrong(browser: Window) -> None:
    """Grey on white, a small link, a wide word, a picture of words: each is told."""
    browser.resize(320)
    browser.show(
        "<!doctype html><body style='background:#fff'><p style='color:#999'>pale</p><a href='https://x.example'>small</a>"
        f"<p>{'w' * 200}</p><p style='background:url(data:,)'>on a picture</p><p style='font-size:9px'>tiny</p></body>"
    )
    said = "\n".join(browser.problems())
    for wrong in ("contrast 2.85", "px high: <a> “small”", "scrolls sideways", "a picture behind", "letters of 9px"):
        assert wrong in said
