"""Words that are more than words, in every parameter and field that every route takes: answered, escaped, and never a
fault of ours. Run by `make proofs`: it takes minutes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from digest.web.application import PAGES
from digest.web.routes import Route
from tests.support.house import FROM_OURS, HOSTILE, House, house
from tests.support.sound import assert_sound, named
from tests.support.web import dump

GETS = [route for route in PAGES if route.show is not None]
POSTS = [route for route in PAGES if route.take is not None]
SEARCHES = (
    *HOSTILE,
    *("'; DROP TABLE papers; --", '" OR 1=1 --', "a' UNION SELECT email FROM subscribers --", "%' OR '%", "\\", "_%_%"),
    *(
        '"',
        '""',
        '"unclosed',
        "-",
        "--",
        "-a",
        "NEAR(a b)",
        "title:x",
        "a AND OR NOT b",
        "*",
        "a*",
        "(((",
        "^a",
        "a:b:c",
    ),
    *("{a b}: c", "\x00", "a\x00b", "\ud7ff\ufffe", "𝕊𝕡𝕒𝕣𝕤𝕖", "a" * 5000, "a " * 2000, "\u202e" * 50, "İ", "ﬁ"),
    *("(((", "a:b:c", "🤖" * 300, "\r\nSet-Cookie: a=b"),
)
QUERIES = (
    *("q=%ff%fe", "q=%", "q=%zz", "=", "&&&", "q", "q[]=a", "q=a&q=b", ";", f"q={'%F0%9F' * 50}"),
    *("page=-1", "page=1e9", f"page={'9' * 400}"),
)
"""As no form sends them."""
PLACES = (
    *("../../../etc/passwd", "..", ".", "", "/", "//evil.example", "9" * 400, "-1", "0", "0001-01-01", "9999-12-31"),
    *SEARCHES,
)
FIELDS = (
    *HOSTILE,
    *("", "\x00", "a" * 6000, "'; DROP TABLE readers; --", "-1", "9" * 100, "a\r\nBcc: evil@evil.example"),
    "../../etc/passwd",
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(scope="module")
def spent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Another, for what may be done to it."""
    with house(tmp_path_factory.mktemp("spent")) as made:
        yield made


@pytest.mark.parametrize("route", named([route for route in GETS if route.query]))
def test_hostile_questions(here: House, route: Route) -> None:
    """In every parameter that a page takes, all at once and alone: an answer, escaped, and never a fault of ours."""
    before, path = dump(here.app), here.place(route.path)
    names = (*route.query, "lang", "next", "unknown")
    for words in SEARCHES:
        here.forget_limits()
        assert_sound(here.client.get(path, params=dict.fromkeys(names, words)), path)
    for name, words in itertools.product(names, ("\x00", "9" * 400, HOSTILE[1])):
        assert_sound(here.client.get(path, params={name: words}), path)
    for query in QUERIES:
        assert_sound(here.client.get(f"{path}?{query}"), path)
    assert dump(here.app) == before


@pytest.mark.parametrize("route", named([route for route in GETS if "{" in route.path]))
def test_hostile_places(here: House, route: Route) -> None:
    """In every parameter of a path: no fault of ours, and no word of it becomes markup or a way elsewhere."""
    names = set(re.findall(r"\{(\w+)(?::\w+)?\}", route.path)) - {"token", "seal"}  # see test_wrong_tokens
    for name in sorted(names):
        for words in PLACES:
            path = here.place(route.path, **{name: quote(words.encode("utf-8", "surrogatepass"), safe="")})
            here.forget_limits()
            assert_sound(here.client.get(path), path)


@pytest.mark.parametrize("route", named(POSTS))
def test_hostile_forms(spent: House, route: Route) -> None:
    """Every field that the page's forms have, filled with what breaks things: answered, told, escaped."""
    path = spent.place(route.path)
    if route.path.endswith("/erase"):
        pytest.skip("it needs its word, and hostile words are none")
    fields = spent.fields_of(path)
    for words in FIELDS:
        spent.forget_limits()
        answer = spent.client.post(path, data=dict.fromkeys(fields, words), headers=FROM_OURS)
        assert_sound(answer, path)
    for name, words in itertools.product(fields, (HOSTILE[0], "\x00", "9" * 100)):
        spent.forget_limits()
        assert_sound(spent.client.post(path, data={**fields, name: words}, headers=FROM_OURS), path)


def test_bodies_of_other_kinds(spent: House) -> None:
    """JSON, XML, a torn multipart, a lie about the length: refused or ignored, never a fault of ours."""
    torn = b'--a\r\nContent-Disposition: form-data; name="email"\r\n\r\n<'
    whole = torn.replace(b'"email"', b'"list"; filename="../../x"') + b"\r\n--a--\r\n"
    for route in POSTS:
        path = spent.place(route.path)
        for kind, body in (
            ("application/json", b'{"email": "a@b.example"}'),
            ("text/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
            ("multipart/form-data; boundary=a", torn),
            ("multipart/form-data; boundary=a", whole),
            ("multipart/form-data", torn),
            ("application/x-www-form-urlencoded", b"\xff\xfe=%ff&&&=="),
            ("application/x-www-form-urlencoded; charset=utf-7", b"email=+ADw-script+AD4-"),
            ("", b"\x00" * 1000),
        ):
            spent.forget_limits()
            headers = {**FROM_OURS, **({"Content-Type": kind} if kind else {})}
            assert_sound(spent.client.post(path, content=body, headers=headers), path)
