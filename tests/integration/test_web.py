"""The ground that every page stands on: headers, limits, errors, pages that are kept, and GETs that can't write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from digest.web.cache import CHECK_S, PageCache
from digest.web.limits import Limit
from digest.web.routes import Answer, Asked, Document, SeeOther, Sent, form, page
from tests.support.entries import NOW, arxiv_entry, hf_entry
from tests.support.web import dump, web

VOTED = (arxiv_entry("2605.00001", "Sparse <b>attention</b>"), hf_entry("2605.00001", "Sparse attention", upvotes=40))


def test_the_front_page_shows_what_is_trending(tmp_path: Path) -> None:
    """With its votes, and markup in a title is text."""
    with web(tmp_path, *VOTED) as (client, _):
        answer = client.get("/")
    assert answer.status_code == 200
    assert "Sparse &lt;b&gt;attention&lt;/b&gt;" in answer.text
    assert "40" in answer.text
    assert 'lang="en"' in answer.text


def test_every_answer_has_the_security_headers(tmp_path: Path) -> None:
    """Pages, style sheets and errors alike; and no address of ours loads anything foreign or inline."""
    with web(tmp_path, *VOTED) as (client, _):
        page = client.get("/")
        style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
        answers = [page, client.get(style), client.get("/nothing"), client.delete("/"), client.get("/")]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 405, 200]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in answer.headers
        assert len(answer.headers["x-request-id"]) == 12
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert "immutable" in answers[1].headers["cache-control"]


def test_a_page_below_a_prefix(tmp_path: Path) -> None:
    """Every link has the prefix of site.public_url, whether the proxy cuts it off or not; https is insisted on."""
    with web(tmp_path, *VOTED, site="public_url: https://uni.example/papers") as (client, _):
        cut, whole = client.get("/?period=week"), client.get("/papers/?period=week")
        assert client.get("/papersy").status_code == 404
    assert cut.status_code == whole.status_code == 200
    for answer in (cut, whole):
        assert 'href="/papers/?period=month"' in answer.text
        assert 'action="/papers/search"' in answer.text
        assert 'href="/?' not in answer.text
        assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_a_get_cannot_write(tmp_path: Path) -> None:
    """A page's function that tries is stopped by the database; asking for pages leaves no trace in the store."""

    def naughty(asked: Asked) -> Answer:
        asked.rooms.subscribers.refresh_stale(now=asked.now)
        return Document(body=b"written", media_type="text/plain")

    with web(tmp_path, *VOTED, pages=(page("/naughty", naughty),)) as (client, app):
        before = dump(app)
        assert client.get("/naughty").status_code == 503
        assert client.head("/").status_code == 200
        assert client.get("/?period=week&lang=en").status_code == 200
        assert dump(app) == before


def test_a_kept_page_is_made_anew_when_something_was_read(tmp_path: Path) -> None:
    """Until then it is answered from memory, and with 304 to who has it; a question with unknown parameters is not."""
    made: list[str] = []

    def count(asked: Asked) -> Answer:
        made.append(asked.query.get("q", ""))
        return Document(body=str(len(made)).encode(), media_type="text/plain")

    time_s = [0.0]
    counted = page("/count", count, query=("q",), public=True)
    with web(tmp_path, *VOTED, pages=(counted,), cache=PageCache(clock=lambda: time_s[0])) as (client, app):
        first = client.get("/count")
        assert first.headers["cache-control"] == "public, max-age=60"
        again = client.get("/count", headers={"If-None-Match": f"W/{first.headers['etag']}"})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/count").text == "1"
        assert client.get("/count?q=a").text == "2"
        assert [client.get("/count?utm_source=x").text for _ in range(2)] == ["3", "4"]
        app.ingest()
        assert client.get("/count").text == "1"
        time_s[0] += CHECK_S
        assert client.get("/count").text == "5"


def test_a_form_from_another_site_is_refused(tmp_path: Path) -> None:
    """By what browsers say of where it comes from; programs say nothing. What may come from anywhere does."""

    def take(sent: Sent) -> Answer:
        return SeeOther(sent.site.urls.path("/", period=sent.field("period")))

    pages = (form("/take", take), form("/out", take, from_anywhere=True))
    with web(tmp_path, site="public_url: https://uni.example", pages=pages) as (client, _):

        def post(path: str, **headers: str) -> int:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return client.post(path, data={"period": "week"}, headers=named).status_code

        assert post("/take") == 303
        assert post("/take", Sec_Fetch_Site="same-origin", Origin="https://uni.example") == 303
        assert post("/take", Origin="https://uni.example") == 303
        assert post("/take", Sec_Fetch_Site="cross-site") == 403
        assert post("/take", Sec_Fetch_Site="same-site") == 403
        assert post("/take", Origin="https://evil.example") == 403
        assert post("/take", Origin="null") == 403
        assert post("/out", Origin="https://mail.example", Sec_Fetch_Site="cross-site") == 303
        assert client.get("/take").status_code == 405
        assert client.post("/take", data={"period": "week"}).headers["location"] == "/?period=week"


def test_forms_of_a_personal_site_answer_to_this_machine_s_names_alone(tmp_path: Path) -> None:
    """A foreign name that is made to lead here gets nothing done."""

    def take(sent: Sent) -> Answer:
        return SeeOther(sent.site.urls.path("/"))

    with web(tmp_path, pages=(form("/take", take),)) as (client, _):
        assert client.post("/take", headers={"Host": "127.0.0.1:8080"}).status_code == 303
        assert client.post("/take", headers={"Host": "evil.example"}).status_code == 403


def test_too_large_and_too_often(tmp_path: Path) -> None:
    """413 for a long body, declared or not; 429 with Retry-After after the burst, for the same network alone."""

    def take(sent: Sent) -> Answer:
        return Document(body=sent.field("a").encode(), media_type="text/plain")

    def endless() -> Iterator[bytes]:
        yield b"a="
        for _ in range(100):
            yield b"x" * 1000

    often = form("/often", take, limit=Limit(name="often", per_hour=60, burst=2))
    large = form("/large", take, max_bytes=200_000)
    with web(tmp_path, pages=(form("/take", take), often, large)) as (client, _):
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Host": "localhost"}
        assert client.post("/take", data={"a": "x" * 70_000}, headers=kind).status_code == 413
        assert client.post("/take", content=endless(), headers=kind).status_code == 413
        assert client.post("/large", content=endless(), headers=kind).status_code == 200
        answers = [client.post("/often", data={"a": "1"}, headers=kind) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 60


def test_a_problem_has_a_number_and_no_internals(tmp_path: Path) -> None:
    """A bug of ours is told by a sentence and the request's id, which the log has too."""

    def broken(asked: Asked) -> Answer:
        raise RuntimeError("the secret inside")

    def late(asked: Asked) -> Answer:
        asked.site.seals.open("pause", asked.site.seals.seal("pause", "ada", until=NOW), now=NOW + dt.timedelta(1))
        raise AssertionError

    with web(tmp_path, pages=(page("/broken", broken), page("/late", late)), strict=False) as (client, _):
        bug, old = client.get("/broken"), client.get("/late")
    assert bug.status_code == 500
    assert bug.headers["x-request-id"] in bug.text
    assert "secret" not in bug.text
    assert bug.headers["cache-control"] == "no-store"
    assert old.status_code == 403
    assert "too old" in old.text


def test_a_chosen_language_is_remembered(tmp_path: Path) -> None:
    """By a cookie for this site's part of the host alone; one that there is not changes nothing."""
    with web(tmp_path, *VOTED, site="public_url: https://uni.example/papers") as (client, _):
        chosen, other = client.get("/?lang=en"), client.get("/?lang=tlh")
        again = client.get("/", headers={"Cookie": "lang=en", "Accept-Language": "tlh"})
    assert chosen.headers["set-cookie"].startswith(
        "lang=en; Max-Age=31536000; Path=/papers; HttpOnly; SameSite=Lax; Sec"
    )
    assert "set-cookie" not in other.headers
    assert "set-cookie" not in again.headers
    assert {answer.headers["content-language"] for answer in (chosen, other, again)} == {"en"}


def test_the_box_that_says_subscribe_is_there_where_its_form_is_taken(tmp_path: Path) -> None:
    """On lists, papers and searches, where a search becomes an interest; not where there is no public address."""
    paths = ("/", "/paper/1", "/search?q=sparse+kernels")
    with web(tmp_path / "a", *VOTED, site="public_url: https://uni.example") as (client, _):
        boxes = [client.get(path).text for path in paths]
    with web(tmp_path / "b", *VOTED) as (client, _):
        assert "subscribe" not in client.get("/").text.lower()
    assert all('action="/subscribe"' in html for html in boxes)
    assert 'name="interests" value="sparse kernels"' in boxes[2]


def test_headers_of_any_length_are_answered(tmp_path: Path) -> None:
    """In English, where they say nothing that is understood."""
    with web(tmp_path, *VOTED) as (client, _):
        for wish in (
            "x" * 30_000,
            "de;q=" + "9" * 5000,
            '"; lang=\\',
            "\udcff\udcfe".encode("latin-1", "replace").decode(),
        ):
            answer = client.get("/", headers={"Accept-Language": wish, "Cookie": f"lang={wish}"})
            assert (answer.status_code, answer.headers["content-language"]) == (200, "en")
