"""Every route there is, before scanners, other sites, forgers and those who type more than words.

The routes are walked as they are declared, so a new page is tried as soon as it is in PAGES; what its parameters stand
for is told in tests/support/house.py.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import pytest
from httpx2 import Response
from lxml import html

from digest.seals import FRESH_FOR
from digest.web.application import PAGES
from digest.web.routes import Route
from tests.support.house import FROM_OURS, HOSTILE, PROBE, House, house
from tests.support.web import dump

pytestmark = pytest.mark.slow

GETS = [route for route in PAGES if route.show is not None]
POSTS = [route for route in PAGES if route.take is not None]
OURS_ALONE = [route for route in POSTS if not route.from_anywhere]
TOKENED = [route for route in PAGES if "{token}" in route.path or "{seal}" in route.path]
MAIL_AS_SENT = "/read"
"""Ends the paths that show a mail as it was sent: mails have inline styles, and a policy of their own."""
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
CLIMBING = (
    *("/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/style.css/../../config.yaml", "/static/../config.yaml"),
    *("/style-%2e%2e%2fconfig.yaml", "/config.yaml", "/digest.db", "/subscribers/ada.yaml", "/.git/config", "/.env"),
    *("/%00", "/paper/%00", "/field/a%00b", "/date/2026-05-20%00", "//evil.example/", "/\\evil.example", "/;/"),
    *("/%0d%0aX-Bad:%20a", "/%c0%ae%c0%ae/etc/passwd", "/%ff", "/" + "a" * 8000, "/paper/" + "../" * 50),
    *("/" + "a/" * 2000, "/%u002e", "/reader/reader/"),
)
LIES = {
    **dict.fromkeys(("Host", "X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server"), "evil.example"),
    "Forwarded": "host=evil.example;proto=http",
    "X-Original-URL": "/admin",
    "X-Rewrite-URL": "/admin",
    "Referer": "https://evil.example/",
    "X-Forwarded-Prefix": "//evil.example",
    "X-HTTP-Method-Override": "DELETE",
}
AWAY = (
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/admin/../..//evil.example",
    "javascript:alert(1)",
)
LEADS_AWAY = re.compile(r"""(?:href|action|src)=["'](?:https?:)?[/\\]{2}evil|content=["']\d+;""")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(scope="module")
def spent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Another, for what may be done to it."""
    with house(tmp_path_factory.mktemp("spent")) as made:
        yield made


def named(routes: Sequence[Route]) -> list[object]:
    return [pytest.param(route, id=route.path) for route in routes]


def inline(answer: Response) -> list[str]:
    """What a page runs or styles by itself: scripts, handlers, inline styles, ``javascript:``; and strange elements."""
    tree = html.document_fromstring(answer.content, parser=html.HTMLParser(encoding="utf-8"))
    found = [f"<{node.tag!s}>" for node in tree.iter("script", "style", "base", "object", "iframe", PROBE)]
    for node in tree.iter():
        for name, value in node.attrib.items():
            leads = name in {"href", "src", "action", "formaction", "content", "srcset", "data", "xlink:href"}
            runs = leads and value.strip().lower().startswith(("javascript:", "vbscript:", "data:text"))
            if name.startswith("on") or name == "style" or runs:
                found.append(f"<{node.tag!s} {name}={value[:60]}>")
    return found


def is_html(answer: Response) -> bool:
    return answer.headers.get("content-type", "").startswith("text/html")


def assert_sound(answer: Response, path: str) -> None:
    """What every answer owes to whoever asked: its headers, nothing inline, no way elsewhere, no bug."""
    assert answer.status_code < 500, f"{path}: {answer.status_code}"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy, path
    assert "script-src" not in policy, path
    assert "unsafe" not in policy or path.endswith(MAIL_AS_SENT), path
    assert "frame-ancestors 'none'" in policy, path
    assert answer.headers["x-content-type-options"] == "nosniff", path
    assert answer.headers["x-frame-options"] == "DENY", path
    assert answer.headers["referrer-policy"] == "same-origin", path
    assert answer.headers["strict-transport-security"].startswith("max-age="), path
    assert re.fullmatch("[0-9a-f]{12}", answer.headers["x-request-id"]), path
    if "location" in answer.headers:
        assert re.match(r"/reader(?:/|\?|$)", answer.headers["location"]), f"{path}: to {answer.headers['location']}"
    if answer.content and is_html(answer) and not path.endswith(MAIL_AS_SENT):
        assert inline(answer) == [], path


# ── scanners ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("route", named(GETS))
def test_looking_changes_nothing(here: House, route: Route) -> None:
    """GET, HEAD and OPTIONS of every page, twice, leave the whole store as it was; and the pages are sound."""
    before, path = dump(here.app), here.place(route.path)
    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        answer = here.client.request(method, path)
        assert_sound(answer, path)
        assert answer.status_code in {200, 204, 303, 400, 404, 405, 410}, f"{method} {path}: {answer.status_code}"
    assert dump(here.app) == before


def test_every_link_of_every_mail_and_page(here: House) -> None:
    """A scanner that follows all links of the mails, and all links of what they lead to, changes nothing; and every
    link leads somewhere."""
    before = dump(here.app)
    waiting = sorted({place for mail in range(len(here.server.messages)) for place in here.links_in_mail(mail)})
    assert any(place.endswith("/unsubscribe") for place in waiting)
    assert any(place.endswith("/tune") for place in waiting)
    seen: set[str] = set()
    while waiting and len(seen) < 400:
        place = waiting.pop(0)
        if place in seen:
            continue
        seen.add(place)
        here.forget_limits()
        head, answer = here.client.head(place), here.client.get(place)
        assert head.status_code == answer.status_code, place
        assert answer.status_code in {200, 303}, f"{place}: {answer.status_code}"
        assert_sound(answer, place.partition("?")[0])
        waiting += here.links_on(answer)
    assert dump(here.app) == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "CONNECT", "BREW"])
def test_other_methods_are_refused(here: House, method: str) -> None:
    """Of every route, with 405, and nothing is changed."""
    before = dump(here.app)
    for route in PAGES:
        path = here.place(route.path)
        answer = here.client.request(method, path)
        assert answer.status_code == 405, f"{method} {path}: {answer.status_code}"
        assert_sound(answer, path)
    assert dump(here.app) == before


# ── other sites ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("route", named(OURS_ALONE))
def test_forms_of_other_sites_are_refused(here: House, route: Route) -> None:
    """By Origin and by Sec-Fetch-Site, however they are combined, with 403 before anything is read or counted."""
    before, path = dump(here.app), here.place(route.path)
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://uni.example.evil.example"},
        {"Origin": "https://uni.example:8443"},
        {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "Same-Origin", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://uni.example"},
        {"Sec-Fetch-Site": ""},
    ):
        answer = here.client.post(path, data={"do": "erase", "word": "erase", "email": "a@b.example"}, headers=headers)
        assert answer.status_code in {403, 404}, f"{path} with {headers}: {answer.status_code}"
        assert_sound(answer, path)
    assert dump(here.app) == before


def test_what_may_come_from_anywhere(here: House) -> None:
    """One route alone: RFC 8058's one click, where the link is the right to act."""
    assert {route.path for route in POSTS if route.from_anywhere} <= {"/f/{token}/0/unsubscribe"}


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────────


def wrong_tokens(here: House) -> dict[str, str]:
    token, seal = here.token(), here.seal()
    name, body, proof = token.split(".")
    _, other_body, other_proof = here.token("r-grace").split(".")
    text, mark = seal.split(".")
    return {
        "empty proof": f"{name}.{body}.",
        "cut off": token[:-1],
        "one sign changed": token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1],
        "another's proof": f"{name}.{body}.{other_proof}",
        "another's name": f"{name}.{other_body}.{proof}",
        "another key": f"k9.{body}.{proof}",
        "of a reader who is gone": here.token("nobody"),
        "for another purpose": here.seal(purpose="confirm"),
        "for a form": here.seal(purpose="form"),
        "too old": here.seal(life=-dt.timedelta(seconds=1)),
        "an hour too old": here.seal(life=-FRESH_FOR),
        "seal cut off": f"{text}.{mark[:-1]}",
        "seal of nobody": here.seal("nobody"),
        "seal without proof": f"{text}.",
        "with a NUL": token + "%00",
        "with a line": token + "%0d%0aSet-Cookie:%20a=b",
        "not ASCII": "%C3%A9." + body + "." + proof,
        "not UTF-8": "%ff%fe",
        "long": "a" * 20_000,
        "dots": "." * 300,
        "up": "..%2f..%2fetc%2fpasswd",
        "spelt otherwise": f"{name}.{body}=.{proof}",
    }


@pytest.mark.parametrize("route", named(TOKENED))
def test_wrong_tokens(here: House, route: Route) -> None:
    """Torn, forged, swapped, of another purpose, too old: refused for looking and for doing, and nothing is changed."""
    before = dump(here.app)
    wrong = wrong_tokens(here)
    # Each kind is none of the other.
    wrong["of the other kind"] = here.seal() if "{token}" in route.path else here.token()
    for what, token in wrong.items():
        path = here.place(route.path, token=token, seal=token)
        answers = [here.client.get(path)] if route.show is not None else []
        if route.take is not None:
            form = {
                "do": "erase",
                "word": "erase",
                "List-Unsubscribe": "One-Click",
                "verb": "more",
                "email": "a@b.example",
            }
            answers.append(here.client.post(path, data=form, headers=FROM_OURS))
        gone = {200} if what == "of a reader who is gone" and "unsubscribe" in path else set()  # no mail, as asked
        for answer in answers:
            assert answer.status_code in {400, 403, 404, 410, 429} | gone, f"{what}: {route.path}: {answer.status_code}"
            assert_sound(answer, path)
            assert "uni.example" not in re.sub(r"op@uni\.example|https://uni\.example", "", answer.text), what
        here.forget_limits()
    assert dump(here.app) == before


# ── words that are more than words ──────────────────────────────────────────────────────────────────────────


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


# ── headers, paths, logs ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("route", named(PAGES))
def test_no_header_leads_elsewhere(here: House, route: Route) -> None:
    """Neither Host nor what proxies say of it, nor a `next`, shows in an answer: addresses come from the settings."""
    path = here.place(route.path)
    for away in AWAY:
        asked = here.client.get(
            path, params=dict.fromkeys(("next", "url", "return", "redirect", "to"), away), headers=LIES
        )
        assert_sound(asked, path)
        assert not LEADS_AWAY.search(asked.text), path
        assert "evil.example" not in asked.headers.get("location", ""), path
        sent = here.client.post(
            path,
            params={"next": away},
            data={"next": away},
            headers={**LIES, **FROM_OURS, "Sec-Fetch-Site": "cross-site"},
        )
        assert "evil.example" not in sent.headers.get("location", ""), path
        here.forget_limits()


@pytest.mark.parametrize("path", CLIMBING)
def test_paths_that_climb(here: House, path: str) -> None:
    """404 or a page of ours, never a file, a header or a fault."""
    answer = here.client.get(path)
    assert answer.status_code in {200, 303, 404}
    assert_sound(answer, path)
    assert "root:" not in answer.text
    assert "mail:" not in answer.text
    assert "x-bad" not in answer.headers


def test_logs_tell_no_secrets_and_take_no_lines(spent: House, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is asked for: one line each, without addresses, tokens, and what was typed."""
    caplog.set_level(logging.DEBUG, logger="digest")
    evil = "a%0d%0aERROR%20forged%20line"
    for place in (
        f"/paper/{evil}",
        f"/search?q={evil}",
        f"/f/{evil}/0/unsubscribe",
        f"/f/{spent.token()}/0/preferences",
        f"/me/{spent.seal()}/preferences",
        f"/{evil}",
    ):
        spent.client.get(place, headers={"User-Agent": "x", "X-Request-ID": "forged"})
    for path in ("/subscribe", "/link"):
        spent.client.post(path, data={"email": "secret@uni.example"}, headers=FROM_OURS)
    told = [record.getMessage() for record in caplog.records if record.name.startswith("digest")]
    assert told
    for line in told:
        assert "\n" not in line
        assert "\r" not in line
        assert "forged" not in line
        assert "secret@" not in line
        assert spent.token() not in line
        assert spent.seal()[:20] not in line
