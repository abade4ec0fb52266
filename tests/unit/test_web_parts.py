"""Addresses, tokens, limits and the place to listen: the small parts under every page."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import TokenError
from digest.keyring import KeyRing
from digest.ranking.tokens import tokenise
from digest.seals import Seals
from digest.settings.web import parse_listen
from digest.web.limits import Limit, Limiter, network_of
from digest.web.snippets import marked, snippet
from digest.web.urls import Urls, segment

NOW = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)
SOON = NOW + dt.timedelta(hours=1)
RING = KeyRing(keys={"1": b"k" * 32, "2": b"l" * 32}, current="2")


def test_addresses_below_a_prefix() -> None:
    """Made and understood with it; what only looks like it is something else."""
    urls = Urls("https://uni.example/papers/")
    assert urls.path("/search", q="a&b c", page=None, field="") == "/papers/search?q=a%26b+c"
    assert urls.absolute("/") == "https://uni.example/papers/"
    assert [urls.inner(path) for path in ("/papers", "/papers/x", "/x", "/papersy")] == ["/", "/x", "/x", "/papersy"]
    assert (urls.origin, urls.secure) == ("https://uni.example", True)
    assert Urls(None, listen=("::1", 80)).absolute("/a") == "http://[::1]:80/a"
    assert segment("a/b ?#é") == "a%2Fb%20%3F%23%C3%A9"


@given(st.text(max_size=300))
def test_a_token_says_what_was_sealed(text: str) -> None:
    """Any text, until its time is over, and for its purpose alone."""
    seals = Seals(RING)
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    token = seals.seal("confirm", text, until=SOON)
    assert seals.open("confirm", token, now=NOW) == text
    with pytest.raises(TokenError) as late:
        seals.open("confirm", token, now=SOON + dt.timedelta(seconds=1))
    assert late.value.expired
    with pytest.raises(TokenError) as other:
        seals.open("pause", token, now=NOW)
    assert not other.value.expired


def test_a_token_of_an_older_key_still_opens() -> None:
    """And none of a key that is gone."""
    token = Seals(KeyRing(keys={"1": b"k" * 32}, current="1")).seal("confirm", "ada", until=SOON)
    assert Seals(RING).open("confirm", token, now=NOW) == "ada"
    with pytest.raises(TokenError):
        Seals(KeyRing(keys={"2": b"l" * 32}, current="2")).open("confirm", token, now=NOW)


@given(st.text(max_size=100) | st.sampled_from(["a.b.c", "2..", "..", "2.AA.AA", "2.A=.AA", "x" * 3000, "2.é.é"]))
def test_nonsense_is_no_token(text: str) -> None:
    """Whatever it is, it is refused the same way."""
    with pytest.raises(TokenError):
        Seals(RING).open("confirm", text, now=NOW)


def test_every_bit_of_a_token_counts() -> None:
    """One changed character, anywhere, and it is none of ours."""
    token = Seals(RING).seal("confirm", "ada", until=SOON)
    for place, character in enumerate(token):
        changed = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
        with pytest.raises(TokenError):
            Seals(RING).open("confirm", changed, now=NOW)


def test_a_limit_lets_a_burst_through_and_then_its_rate() -> None:
    """Per network; what was refused does not count, and the oldest are forgotten when there are too many."""
    now = [0.0]
    limiter = Limiter(most=2, clock=lambda: now[0])
    limit = Limit(name="a", per_hour=60, burst=2)
    assert [limiter.wait_s(limit, "192.0.2.1") for _ in range(4)] == [0, 0, 60, 60]
    now[0] = 60
    assert [limiter.wait_s(limit, "192.0.2.1") for _ in range(2)] == [0, 60]
    assert limiter.wait_s(Limit(name="b", per_hour=60, burst=1), "192.0.2.1") == 0
    assert [limiter.wait_s(limit, client) for client in ("192.0.2.2", "192.0.2.3", "192.0.2.1")] == [0, 0, 0]


def test_a_network_is_what_one_customer_has() -> None:
    """An IPv4 address, however it is written, and an IPv6 /64."""
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("2001:db8::1") == network_of("2001:db8::2") == "2001:db8::/64"
    assert network_of("unknown") == "unknown"


def test_a_place_to_listen() -> None:
    """Host and port, or a port of this machine; anything else is refused."""
    assert parse_listen("0.0.0.0:80") == ("0.0.0.0", 80)
    assert parse_listen("[::1]:8080") == ("::1", 8080)
    assert parse_listen(":9000") == ("127.0.0.1", 9000)
    for wrong in ("8080", "host", "host:", "host:x", "host:70000", "host:²"):
        with pytest.raises(ValueError, match="HOST:PORT"):
            parse_listen(wrong)


def test_a_snippet_marks_what_was_asked_for() -> None:
    """Plurals, accents and parts of hyphened words too; markup in the text stays text; short words are no parts."""
    assert marked("KV-caches & <b>Schrödinger</b>", ["cache", "schrodinger"]) == (
        "<mark>KV-caches</mark> &amp; &lt;<mark>b&gt;Schrödinger&lt;/b</mark>&gt;"
    )
    assert (
        marked("flies fly, butterfly; a cat", ["fly", "a"])
        == "<mark>flies</mark> <mark>fly</mark>, butterfly; <mark>a</mark> cat"
    )
    assert marked("İİ sparse", ["sparse"]) == "İİ <mark>sparse</mark>"
    long = " ".join(["x"] * 100 + ["matrices"] + ["y"] * 600 + ["matrix"])
    assert "<mark>matrices</mark>" in snippet(long, ["matrix"])
    assert str(snippet(long, [])).startswith("x x")


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_word_that_is_read_in_a_text_is_marked(text: str, word: str) -> None:
    """However it is written there."""
    text = " ".join(f"{text} {word}".split())
    for wanted in tokenise(text)[:5]:
        assert "<mark>" in marked(text, [wanted])
