"""What may pass from a feed into a mail, how its lines break, and what its sentences say."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.editions import wording
from digest.editions.clean import clean, cut, safe_url
from digest.editions.message import Composer
from digest.editions.templates import Templates
from digest.editions.wrap import columns, wrap
from digest.languages import language
from digest.model import Frequency, Section, SendTimes
from digest.resources import data_path
from tests.support.edition import EDITION, QUIET, READER, SITE, WEEKLY, many, paper, view

ENGLISH = language("en")


@given(st.text(), st.integers(10, 200))
def test_clean_is_one_visible_line(text: str, limit: int) -> None:
    """Cleaned text is on one line, visible, within its limit, and clean already."""
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert "\r" not in shown
    assert "\n" not in shown
    assert "\x1f" not in shown
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f\u2028")
    assert clean(shown, limit) == shown


def test_clean_keeps_what_scripts_need() -> None:
    """Line ends become spaces, overrides go, joiners and accents stay; ten million letters are cut at once."""
    assert clean("a\r\nBcc: x\u202egnp.exe") == "a Bcc: xgnp.exe"
    assert clean("می\u200cخواهم é 👩\u200d🔬") == "می\u200cخواهم é 👩\u200d🔬"
    assert len(clean("word " * 2_000_000)) <= 400
    assert cut("one two three", 9) == "one two…"
    assert cut("x" * 20, 9) == "xxxxxxxx…"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://arxiv.org/abs/2305.10430", "https://arxiv.org/abs/2305.10430"),
        ("http://arxiv.org/abs/1", "https://arxiv.org/abs/1"),
        ("https://example.org/a%20b?q=1&r=é#x", "https://example.org/a%20b?q=1&r=%C3%A9#x"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//arxiv.org/x", None),
        ("https://arxiv.org@evil.example/", None),
        ("https://", None),
        ("https:///x", None),
        ('https://a.example/"onclick="x', None),
        ("https://a.example/\r\nBcc:x", None),
        ("https://a.example\\@evil.example/", None),
        ("https://a.example:port/", None),
        ("https://[::1", None),
        ("https://a.example/" + "x" * 2000, None),
        ("", None),
        (None, None),
    ],
)
def test_only_https_links_pass(url: str | None, safe: str | None) -> None:
    """Plain http is raised to https, odd hosts and every other scheme are refused."""
    assert safe_url(url) == safe


@given(st.text(alphabet="ab é漢字かな한국\u0301👩", max_size=300), st.integers(0, 20))
def test_wrapped_lines_fit(text: str, indent: int) -> None:
    """No line is wider than 72 terminal columns unless one word is, and no word is lost."""
    text = " ".join(text.split())
    lines = wrap(text, indent=indent).split("\n")
    for line in lines:
        assert columns(line) <= 72 or ("://" in line and " " not in line.strip())
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_urls_are_never_broken() -> None:
    """A word that is too long stands on a line of its own."""
    url = "https://example.org/" + "x" * 80
    assert wrap(f"see {url} there", indent=2) == f"see\n  {url}\n  there"
    assert columns("漢字") == 4


LONG = "a very long account of everything that was ever for or against it"


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("4-bit sparse attention", "4-bit sparse attention"),
        (f"Sparse attention revisited: {LONG}", "Sparse attention revisited"),
        (f"Tern: {LONG}", "Tern: a very long account of everything that was ever…"),
        (f"Is attention all you need? {LONG}", "Is attention all you need?"),
        ("x" * 70, "x" * 59 + "…"),
        ("a\r\nb", "a b"),
    ],
)  # fmt: skip
def test_short_title(title: str, short: str) -> None:
    """A title is cut where it makes sense, at its colon or at a word that can end a phrase."""
    assert wording.short_title(title) == short
    assert len(short) <= 61


def test_subject_says_what_is_inside() -> None:
    """The first pick's name, how many more, the reader's date."""
    composer = Composer(Templates.load(data_path("templates")), SITE)

    def subject(**changes: Any) -> str:
        return composer.layout(replace(EDITION, **changes)).shell.holes["subject"]

    assert subject() == "4-bit sparse attention, part 1, and 9 more · 22 Nov"
    assert subject(picks=EDITION.picks[:1]) == "4-bit sparse attention, part 1 · 22 Nov"
    assert subject(picks=()) == "Nothing new for you today · 22 Nov"
    assert subject(subscriber=WEEKLY) == "4-bit sparse attention, part 1, and 9 more this week · 16–22 Nov"
    assert subject(subscriber=WEEKLY, picks=()) == "Nothing new for you this week · 16–22 Nov"
    assert subject(welcome=True) == "Welcome to Ada's papers: 4-bit sparse attention, part 1, and 9 more"
    assert subject(picks=many(1, "{{ x }}\r\nBcc: y")) == "{{ x }} Bcc: y · 22 Nov"


def test_weeks_are_named_by_their_days() -> None:
    """A span within a month names it once, one over two months or years names both."""

    def span(last: dt.date, width: str = "long") -> str:
        return ENGLISH.days(last - wording.WEEK, last, width)

    assert span(dt.date(2026, 11, 22)) == "16–22 November 2026"
    assert span(dt.date(2026, 12, 3)) == "27 November – 3 December 2026"
    assert span(dt.date(2027, 1, 3)) == "28 December 2026 – 3 January 2027"
    assert span(dt.date(2026, 12, 3), "short") == "27 Nov – 3 Dec"
    assert span(dt.date(2027, 1, 3), "short") == "28 Dec – 3 Jan"


def test_preheader() -> None:
    """Who of the followed has written, what is rising, how long it takes to read."""
    assert wording.preheader(EDITION, ENGLISH).startswith("1 by David Baker · 2 rising fast · ")
    assert wording.preheader(EDITION, ENGLISH).endswith("-minute read")
    stranger = replace(READER, lanes=())
    assert wording.preheader(replace(EDITION, subscriber=stranger), ENGLISH).startswith("1 by people you follow · ")
    assert wording.preheader(replace(EDITION, picks=(view(9),)), ENGLISH) == "1 of 298 new · 1-minute read"
    assert wording.preheader(QUIET, ENGLISH) == "None of them was close enough to your lanes."
    assert wording.preheader(replace(QUIET, subscriber=stranger), ENGLISH) == "Nobody has voted for any of them yet."
    assert view(1, Section.FOLLOWED).pick.section is Section.FOLLOWED


def test_durations() -> None:
    """A length of time is said in the largest unit that leaves no rest; a single day in hours."""
    told = {
        dt.timedelta(days=2): "2 days",
        dt.timedelta(days=1): "24 hours",
        dt.timedelta(hours=1): "1 hour",
        dt.timedelta(minutes=90): "90 minutes",
        dt.timedelta(0): "1 minute",
    }
    assert {length: wording.duration(length, ENGLISH) for length in told} == told


def test_small_words() -> None:
    """Bylines, counts, lists and rhythms read as a person would write them."""
    assert wording.authors(paper(1).authors) == "Grace Hopper … David Baker (3)"
    assert [wording.authors(names) for names in ((), ("A",), ("A", "B"))] == ["", "A", "A, B"]
    assert [wording.count(replace(QUIET, considered=n), ENGLISH) for n in (1298, 0)] == [
        "None of 1,298 new",
        "Nothing new",
    ]
    shown = {0: "0", 999: "999", 1000: "1k", 1234: "1.2k", 9949: "9.9k", 9999: "10k", 34999: "35k"}
    assert {value: ENGLISH.compact(value) for value in shown} == shown
    assert wording.listed([], ENGLISH) == ""
    assert wording.listed("a", ENGLISH) == "a"
    assert wording.listed("abc", ENGLISH) == "a, b and c"
    assert wording.listed("abcdefgh", ENGLISH) == "a, b, c, d, e, f and 2 more"
    weekly = SendTimes(timezone="UTC", send=dt.time(6, 5), frequency=Frequency.WEEKLY, weekday=4)
    assert wording.rhythm(weekly, ENGLISH) == "every Friday at 06:05 (UTC)"
    assert ENGLISH.date(dt.date(2026, 11, 22), "full") == "Sunday 22 November 2026"
