"""What somebody types who wants mail: plain words become interests, and what is wrong is said field by field."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import languages, timezones
from digest.keyring import KeyRing
from digest.model import Frequency, Identifier, Lane, Scheme
from digest.seals import Seals
from digest.settings.web import WebConfig
from digest.web.signup import FIELDS, Signup, read_signup
from digest.web.stamps import LIFE, QUICKEST, Stamps
from tests.support.apps import Hands

USUAL = {
    "email": "ada@uni.example",
    "timezone": "Europe/Berlin",
    "send": "07:30",
    "frequency": "daily",
    "language": "en",
}
NOW = dt.datetime(2026, 5, 20, 8, 7, 31, tzinfo=dt.UTC)


def read(**typed: str) -> Signup:
    filled = {**dict.fromkeys(FIELDS, ""), **USUAL, **typed}
    return read_signup(filled, web=WebConfig(), languages=("en",), gettext=str)


def lanes(**typed: str) -> tuple[Lane, ...]:
    reader = read(**typed).reader
    assert reader is not None, read(**typed).problems
    return reader.lanes


def test_a_line_is_an_interest() -> None:
    """Its phrases stand between commas; a field's code narrows, an id is an example; two of one name are told apart."""
    first, second, third = lanes(
        interests="sparse attention, KV cache, cs.LG\n\n 2305.10430 ,\n  Sparse   attention \n"
    )
    assert (first.name, first.phrases, first.categories) == (
        "Sparse attention",
        ("sparse attention", "KV cache"),
        ("cs.LG",),
    )
    assert second.examples == (Identifier(Scheme.ARXIV, "2305.10430"),)
    assert (third.name, third.phrases) == ("Sparse attention (2)", ("Sparse attention",))


def test_a_search_loses_its_signs() -> None:
    """Quotes and unwanted words are of the search."""
    (lane,) = lanes(interests="“protein design” diffusion -survey")
    assert lane.phrases == ("protein design diffusion",)
    assert lanes(interests="-survey") == ()
    (lane,) = lanes(interests="input/output models")
    assert lane.phrases == ("input/output models",)


def test_fields_and_people() -> None:
    """Fields narrow each interest, or are the only one; people are an interest of their own."""
    narrowed, people = lanes(
        interests="whales", fields="q-bio.PE, cs.LG Machine Learning", authors="Ada Lovelace, Alan Turing"
    )
    assert narrowed.categories == ("q-bio.PE", "cs.LG")
    assert (people.authors, people.name) == (("Ada Lovelace", "Alan Turing"), "Papers by Ada Lovelace and Alan Turing")
    (alone,) = lanes(fields="cs.lg")
    assert (alone.name, alone.categories) == ("Machine Learning", ("cs.LG",))
    assert lanes() == ()


def test_times_are_read_as_people_write_them() -> None:
    """A city is a zone."""
    reader = read(timezone="heidelberg", send="7:05", frequency="weekly", language="tlh").reader
    assert reader is not None
    assert reader.times.timezone == "Europe/Berlin"
    assert (reader.times.send, reader.times.frequency) == (dt.time(7, 5), Frequency.WEEKLY)
    assert reader.language == "en"


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("email", ""), ("email", "ada"), ("email", "ada@uni.example, eve@uni.example"), ("email", "ada@-x-.example"),
        ("interests", "x" * 5000), ("interests", "\n".join(map(str, range(100, 120)))), ("interests", "a" * 300),
        ("interests", "a\x07b"), ("interests", "," .join("abcdefghijklmnopqrstuvwxyz")), ("fields", "cs.XX"),
        ("timezone", "Qqqq"), ("send", "25:00"), ("send", "soon"), ("frequency", "hourly"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_of_its_field(name: str, typed: str) -> None:
    """And what was typed is kept."""
    wrong = read(**{name: typed})
    assert wrong.reader is None
    assert set(wrong.problems) == {name}
    assert wrong.typed[name] == typed


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=80)))
def test_nothing_that_is_typed_breaks_it(typed: dict[str, str]) -> None:
    """A reader with names and words of one line each, or problems."""
    read_ = read(**typed)
    assert (read_.reader is None) == bool(read_.problems)
    for lane in read_.reader.lanes if read_.reader else ():
        assert lane.name
        assert all("\n" not in words and "\r" not in words for words in (lane.name, *lane.phrases, *lane.authors))


def test_a_stamp_says_when_a_form_was_read() -> None:
    """On pages for everybody in steps of ten minutes; not too soon, not too late, and nothing else is one."""
    clock = Hands(NOW)
    seals = Seals(KeyRing(keys={"1": bytes(32)}, current="1"))
    stamps, english = Stamps(seals, clock), languages.language("en")
    rounded, exact = stamps.rounded(english), stamps.exact(english)
    assert stamps.read(exact) is None
    assert stamps.read(rounded) is not None
    clock.now += dt.timedelta(seconds=20)
    assert stamps.rounded(english) == rounded
    assert stamps.exact(english) != exact
    clock.now = NOW + QUICKEST
    found = stamps.read(exact)
    assert found is not None
    assert found.language == "en"
    clock.now = NOW + LIFE + dt.timedelta(seconds=1)
    assert stamps.read(exact) is None
    other = seals.seal("confirm", "1 x en", until=clock.now + LIFE)
    assert [stamps.read(text) for text in ("", "x", other)] == [None] * 3


@pytest.mark.parametrize(
    ("tag", "zone"),
    [
        ("de", "Europe/Berlin"), ("de-CH", "Europe/Zurich"), ("en-US", "America/New_York"), ("en", None),
        ("ja", "Asia/Tokyo"),
        ("pt-BR", "America/Sao_Paulo"), ("zh-Hant-TW", "Asia/Taipei"), ("xx", None), ("-", None), ("", None),
    ],
)  # fmt: skip
def test_a_language_tells_a_zone(tag: str, zone: str | None) -> None:
    """Where most people live who ask for it; English alone tells none."""
    assert timezones.of_language(tag) == zone
