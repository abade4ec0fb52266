"""Pace and Retry-After, as arithmetic."""

from __future__ import annotations

import httpx2
import pytest

from digest.errors import SourceError
from digest.sources.contract.memory import START
from digest.sources.headers import redirected
from digest.sources.pace import Provider, in_words, is_private, pace_of, retry_after_s


def provider(host: str, *, pace_s: float = 0.0) -> Provider:
    return Provider(source="arxiv", label="arXiv", host=host, pace_key="arxiv", pace_s=pace_s)


@pytest.mark.parametrize(
    "host", ["rss.arxiv.org", "export.arxiv.org", "oaipmh.arxiv.org", "arxiv.org", "RSS.arXiv.org."]
)
def test_all_hosts_of_arxiv_share_one_pace(host: str) -> None:
    """Whoever asks and whatever is configured, arXiv sees one request per 3 s over all its hosts."""
    assert pace_of(host, provider("rss.arxiv.org", pace_s=0.1)) == ("arxiv.org", 3.0)
    assert pace_of(host, provider("lab.example", pace_s=0.1)) == ("arxiv.org", 3.0)


def test_a_slower_pace_may_be_configured() -> None:
    """Configuration may ask for more patience than arXiv does, not for less."""
    assert pace_of("rss.arxiv.org", provider("rss.arxiv.org", pace_s=10)) == ("arxiv.org", 10)


def test_another_base_url_has_the_pace_of_its_source() -> None:
    """A mirror or a loopback address is paced as configured; a stranger that a redirect leads to, by itself."""
    assert pace_of("127.0.0.1", provider("127.0.0.1", pace_s=0.1)) == ("arxiv", 0.1)
    assert pace_of("notarxiv.org", provider("127.0.0.1")) == ("notarxiv.org", 1.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("999999999", 86_400.0),
        ("Thu, 20 Aug 2026 08:01:00 GMT", 60.0),
        ("Thu, 20 Aug 2026 07:00:00 GMT", 0.0),
        ("Fri, 20 Aug 9999 07:00:00 GMT", 86_400.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    """Seconds and HTTP dates are read, nonsense is not, and nothing is believed for longer than a day."""
    assert retry_after_s(header, START) == seconds


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (40, "40 s"), (600, "10 min"), (7_200, "2 h")])
def test_waits_read_as_a_person_would_say_them(seconds: float, words: str) -> None:
    """Seconds, minutes or hours, whichever is short."""
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("host", "private"),
    [("127.0.0.1", True), ("169.254.169.254", True), ("10.0.0.1", True), ("[::1]", True), ("localhost", True),
     ("db.internal", True), ("arxiv.org", False), ("8.8.8.8", False)],
)  # fmt: skip
def test_private_hosts(host: str, private: bool) -> None:
    """This machine and its own network are told apart from the rest of the world."""
    assert is_private(host) is private


@pytest.mark.parametrize(
    ("source", "target", "complaint"),
    [
        ("https://lab.example/", "http://lab.example/", "from https to http"),
        ("https://lab.example/", "https://169.254.169.254/", "private network"),
        ("http://lab.example/", "http://localhost:8080/", "private network"),
    ],
)
def test_redirects_that_are_refused(source: str, target: str, complaint: str) -> None:
    """No redirect gives up encryption or reaches into the private network."""
    with pytest.raises(SourceError, match=complaint):
        redirected(httpx2.URL(source), target, provider("lab.example"))


def test_redirects_that_are_followed() -> None:
    """Up to https, to another host, and between private hosts when the base URL is one."""
    assert (
        str(redirected(httpx2.URL("http://lab.example/a"), "https://lab.example/a", provider("x")))
        == "https://lab.example/a"
    )
    assert (
        str(redirected(httpx2.URL("http://127.0.0.1:1/a"), "http://127.0.0.1:2/b", provider("x")))
        == "http://127.0.0.1:2/b"
    )
