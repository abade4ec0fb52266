"""Every route there is, before scanners, other sites and forgers. Hostile words: tests/proofs/test_web_words.py.

The routes are walked as they are declared, so a new page is tried as soon as it is in PAGES; what its parameters stand
for is told in tests/support/house.py.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Iterator

import pytest

from digest.seals import FRESH_FOR
from digest.web.application import PAGES
from digest.web.routes import Route
from tests.support.house import FROM_OURS, House, house
from tests.support.sound import assert_sound, named
from tests.support.web import dump

pytestmark = pytest.mark.slow

GETS = [route for route in PAGES if route.show is not None]
POSTS = [route for route in PAGES if route.take is not None]
OURS_ALONE = [route for route in POSTS if not route.from_anywhere]
TOKENED = [route for route in PAGES if "{token}" in route.path or "{seal}" in route.path]
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


# ── scanners ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("route", named(GETS))
def test_looking_changes_nothing(here: House, route: Route) -> None:
    """GET, HEAD and OPTIONS of every page, twice, leave the whole store as it was; and the pages are sound."""
    before, path = dump(here.app), here.place(route.path)
    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        answer = here.client.request(method, path)
        assert_sound(answer, path)
        assert answer.status_code in {200, 204, 301, 303, 400, 404, 405, 410}, f"{method} {path}: {answer.status_code}"
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


@pytest.mark.parametrize("method", ["DELETE", "TRACE", "BREW"])
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
