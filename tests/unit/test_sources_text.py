"""Strangers' bytes and markup become readable text on one line."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.text import decode, from_html, instant, plain

INVISIBLE = [0x00, 0x07, 0x1F, 0x7F, 0x81, 0x061C, 0x200B, 0x200E, 0x200F, 0x202A, 0x202E, 0x2060, 0x2066, 0x2069,
             0xFEFF, 0xFFF9, 0xD800, 0xFFFE, 0xE0041]  # fmt: skip


@pytest.mark.parametrize("code", INVISIBLE, ids=hex)
def test_what_nobody_can_see_goes(code: int) -> None:
    """Controls, direction overrides, lone surrogates and tag characters never reach a title."""
    text = plain(f"a{chr(code)}b")
    assert chr(code) not in text
    assert (text[0], text[-1]) == ("a", "b")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a \t\r\n b\u00a0\u2028c", "a b c"),
        ("e\u0301", "é"),
        ("it\x92s", "it’s"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (r"$\alpha < b$ and c > d", r"$\alpha < b$ and c > d"),
        ("<s> <think> <|eos|> x<y", "<s> <think> <|eos|> x<y"),
        ("$a <b and c> d$", "$a <b and c> d$"),
        ("H<sub>2</sub>O", "H 2 O"),
        ('<a href="x" onclick=y>link</a>', "link"),
        ("<script src=//evil async>x</SCRIPT >y", "y"),
        ("<script>never closed", "never closed"),
        ("<svg/onload=alert(1)>x", "x"),
    ],
)
def test_plain(raw: str, text: str) -> None:
    """White space is folded, HTML goes, everything that is not certainly HTML stays."""
    assert plain(raw) == text


@given(st.text())
def test_plain_is_settled(raw: str) -> None:
    """The result is one line that can be encoded, without white space at its ends."""
    text = plain(raw)
    text.encode("utf-8")
    assert text == " ".join(text.split())


@pytest.mark.parametrize("flood", ["<script>", "</script>", "<a x=y ", "<", "<script></script", "&lt;"])
def test_floods_cost_linear_time(flood: str) -> None:
    """100,000 tags that do not close are through in a moment."""
    began = time.process_time()
    plain(flood * 100_000)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>a</p><p>b<br>c</p>", "a b c"),
        ("H<sub>2</sub>O &amp; x &lt; y", "H2O & x < y"),
        ("a<style>b</style><script>c</script><!-- d -->", "a"),
        ("no markup at all", "no markup at all"),
        ("<<<>>>&&&", "<<<>>>&&&"),
        ("", ""),
        ("<div>" * 100 + "deep", "deep"),
        ("<div>" * 5_000 + "deeper than libxml2 goes", ""),
    ],
)
def test_from_html(markup: str, text: str) -> None:
    """Blocks are set apart, inline elements are not, and nothing that a browser would run is text."""
    assert from_html(markup) == text


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("é".encode(), None, "é"),
        (b"\xe9", None, "é"),
        (b"\xef\xbb\xbf" + "é ".encode() + b"\xe9", None, "é é"),
        ("<é>".encode("utf-16"), None, "<é>"),
        ("<é>".encode("utf-16-be"), None, "<é>"),
        ("λ".encode("iso8859-7"), "iso-8859-7", "λ"),
        (b"<?xml encoding='koi8-r'?>\xf6", None, "<?xml encoding='koi8-r'?>Ж"),
        ("é".encode(), "latin-1", "é"),
        (b"+AGE-", "utf-7", "+AGE-"),
        (b"abc", "zip", "abc"),
        (b"\x81\xff", "gb2312", "�ÿ"),
    ],
)  # fmt: skip
def test_decode(data: bytes, charset: str | None, text: str) -> None:
    """Mark, header, declaration, UTF-8, and Windows-1252 byte by byte; codecs that are no charsets are not used."""
    assert decode(data, charset) == text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-08-19", dt.datetime(2026, 8, 19, tzinfo=dt.UTC)),
        ("2026-08-19T00:00:00-04:00", dt.datetime(2026, 8, 19, 4, tzinfo=dt.UTC)),
        ("Wed, 19 Aug 2026 00:00:00 -0400", dt.datetime(2026, 8, 19, 4, tzinfo=dt.UTC)),
        ("2026-08-20T03:33:17.568Z", dt.datetime(2026, 8, 20, 3, 33, 17, 568000, tzinfo=dt.UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("1066-10-14", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        ("2026-08-19" + " " * 99 + "x", None),
    ],
)
def test_instants(written: str | None, read: dt.datetime | None) -> None:
    """ISO and mail dates are instants in UTC; what cannot be one is None."""
    assert instant(written) == read
