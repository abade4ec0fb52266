"""The operator's pages: a door that only the operator opens, and behind it what the commands do, on record."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from digest.app import App
from digest.model import DeliveryState, Evidence, ReaderState
from digest.pipeline.plan import plan
from digest.store.acts import ActStore
from digest.web.application import PAGES, application
from digest.web.door import FOR
from digest.web.greeting import greeting
from digest.web.pages import admin
from digest.web.pages.admin.readers import harmless
from tests.support.apps import Hands
from tests.support.desk import HERE, PASSWORD, READER, desk, enter, let_in
from tests.support.entries import NOW
from tests.support.web import dump, web


def acts(app: App) -> list[tuple[str, str, dict[str, object]]]:
    return [(one.act, one.who, dict(one.detail)) for one in ActStore(app.db).latest(50)]


ADDRESSES = [
    re.sub(r"\{id:path\}", "ada", route.path).replace("{number}", "1")
    for route in admin.ROUTES
    if route.path not in {"/admin/login", "/admin/logout"}
]


def test_every_page_stands_behind_the_door(tmp_path: Path) -> None:
    """Whatever is asked for without a session, by GET, HEAD or POST: the login or a refusal, and nothing is changed."""
    assert {route.path for route in PAGES if route.path.startswith("/admin")} == {r.path for r in admin.ROUTES}
    assert len(ADDRESSES) >= 10
    with desk(tmp_path, "ada") as (client, app):
        app.tick()
        before = dump(app)
        for address in ADDRESSES:
            shown, sent = client.get(address), client.post(address, data={"act": "erase", "sure": "ada"}, headers=HERE)
            assert shown.status_code in {303, 405}, address
            assert shown.status_code == 405 or shown.headers["location"].startswith("/admin/login?next=%2Fadmin")
            assert sent.status_code in {403, 405}, address
            assert "uni.example" not in shown.text + sent.text
        assert dump(app) == before


def test_without_a_door_there_is_nothing_behind_it(tmp_path: Path) -> None:
    """Off is the default, and looks like any address that does not exist."""
    with web(tmp_path) as (client, _):
        for address in (*ADDRESSES, "/admin/login"):
            assert client.get(address).status_code in {404, 405}, address
            assert client.post(address, headers=HERE).status_code in {404, 405}, address


def test_a_get_changes_nothing_for_the_operator_either(tmp_path: Path) -> None:
    """Every page that can be looked at, looked at; the searches too."""
    with desk(tmp_path, "ada") as (client, app):
        app.tick()
        app.outbox.suppress("dead@uni.example", "550 no such user", now=NOW)
        inside, before = let_in(client), dump(app)
        for address in ADDRESSES:
            assert client.get(address, headers=inside).status_code in {200, 405}, address
        assert client.post("/admin/readers", data={"q": "ADA@uni"}, headers=inside).status_code == 200
        assert dump(app) == before


def test_the_password_opens_for_eight_hours(tmp_path: Path) -> None:
    """By a cookie for these pages alone, which no script and no other site gets; leaving takes it away."""
    clock = Hands(NOW)
    with desk(tmp_path, clock=clock, site="public_url: https://uni.example/papers") as (client, _):
        here = {"Origin": "https://uni.example", "Host": "uni.example"}
        wrong = client.post("/admin/login", data={"password": "no"}, headers=here)
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
        assert "aria-describedby" in wrong.text
        right = client.post("/admin/login", data={"password": PASSWORD, "next": "/admin/queue"}, headers=here)
        assert (right.status_code, right.headers["location"]) == (303, "/papers/admin/queue")
        cookie, *attributes = right.headers["set-cookie"].split("; ")
        assert cookie.startswith("__Secure-admin=")
        assert set(attributes) == {"Max-Age=28800", "Path=/papers/admin", "HttpOnly", "SameSite=Strict", "Secure"}
        assert client.get("/admin", headers={"Cookie": cookie}).headers["cache-control"] == "no-store"
        gone = client.post("/admin/logout", headers={**here, "Cookie": cookie}).headers["set-cookie"]
        assert gone.startswith("__Secure-admin=; Max-Age=0")
        clock.now += FOR + dt.timedelta(seconds=1)
        assert client.get("/admin", headers={"Cookie": cookie}).status_code == 303


@pytest.mark.parametrize("bend", [lambda t: t[:-2], lambda t: "x" + t, lambda t: "", lambda t: t.split(".")[0] + ".AA"])
def test_a_forged_cookie_opens_nothing(tmp_path: Path, bend: Callable[[str], str]) -> None:
    """Torn, bent, empty, with a proof of somebody's own; and a seal of ours that was made for something else."""
    with desk(tmp_path) as (client, _):
        name, _, token = let_in(client)["Cookie"].partition("=")
        assert client.get("/admin", headers={"Cookie": f"{name}={bend(token)}"}).status_code == 303
        said = client.post("/admin/suppressions", data={"address": "x@y.example"}, headers=let_in(client))
        stray = said.headers["location"].partition("said=")[2]
        assert client.get("/admin", headers={"Cookie": f"{name}={stray}"}).status_code == 303


def test_a_new_password_ends_all_sessions(tmp_path: Path) -> None:
    """A cookie is worth no more than the password it was given for."""
    with desk(tmp_path) as (client, _):
        inside = let_in(client)
        assert client.get("/admin", headers=inside).status_code == 200
    (tmp_path / "password").write_text("another horse battery")
    again = App(tmp_path / "config.yaml", env={}, clock=Hands(NOW))
    with TestClient(application(again), follow_redirects=False) as client:
        assert client.get("/admin", headers=inside).status_code == 303
    again.close()


def test_guessing_is_slow(tmp_path: Path) -> None:
    """After five tries from one network the answer is 429, for the right password too; nothing is told in the log."""
    with desk(tmp_path) as (client, _):
        assert [enter(client, f"guess {n}").status_code for n in range(5)] == [401] * 5
        late = enter(client)
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) > 60
        assert client.get("/admin/login").status_code == 200


def test_forms_from_elsewhere_are_refused(tmp_path: Path) -> None:
    """From other sites, and from whatever does not say where it comes from: the cookie alone is not enough."""
    with desk(tmp_path, "ada") as (client, app):
        inside, before = let_in(client), dump(app)
        data = {"act": "pause", "until": "2026-12-24"}
        bare = {"Cookie": inside["Cookie"], "Host": inside["Host"]}
        for more in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert client.post("/admin/readers/ada", data=data, headers={**bare, **more}).status_code == 403
        assert client.post("/admin/login", data={"password": PASSWORD}).status_code == 403
        assert dump(app) == before
        assert client.post("/admin/readers/ada", data=data, headers=inside).status_code == 303


@pytest.mark.parametrize(
    "asked",
    ["https://evil.example/admin", "//evil.example/admin", "/\\evil.example", "/admin/../f", "/", "javascript:1"],
)
def test_the_login_leads_to_our_own_pages_alone(tmp_path: Path, asked: str) -> None:
    """Whatever the address of the login says."""
    with desk(tmp_path) as (client, _):
        answer = client.post("/admin/login", data={"password": PASSWORD, "next": asked}, headers=HERE)
        assert answer.headers["location"] == "/admin"


def test_a_proxy_names_the_user(tmp_path: Path) -> None:
    """Only the trusted one, only users who are on the list, only once in a request; whoever else says it is nobody."""
    options = "proxy_header: X-Remote-User, users: [ada]"
    with desk(tmp_path, options=options, more=", trusted_proxies: 10.0.0.0/8") as (_, app):

        def status(peer: str, *named: str, through: str = "") -> int:
            forwarded = [("X-Forwarded-For", through)] if through else []
            with TestClient(application(app), follow_redirects=False, client=(peer, 1)) as client:
                headers = [*((("X-Remote-User"), name) for name in named), *forwarded]
                return client.get("/admin", headers=headers).status_code

        assert status("10.1.2.3", "ada", through="192.0.2.7") == 200
        assert status("10.1.2.3", "eve") == 403
        assert status("10.1.2.3") == 403
        assert status("10.1.2.3", "eve", "ada") == 403
        assert status("10.1.2.3", "ada", "eve") == 403
        assert status("192.0.2.7", "ada") == 403
        assert status("192.0.2.7", "ada", through="10.1.2.3") == 403
        with TestClient(application(app), follow_redirects=False, client=("10.1.2.3", 1)) as client:
            headers = {"X-Remote-User": "ada", **HERE}
            client.post("/admin/suppressions", data={"address": "x@y.example"}, headers=headers)
            assert "no password" not in client.get("/admin/login").text
        assert acts(app)[0][:2] == ("unsuppress", "ada")


def test_acts_on_a_reader_are_on_record(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Pause, resume, come back by proof alone, erase by typing the id: each with who did it, none with an address."""
    caplog.set_level(logging.DEBUG)
    with desk(tmp_path, "ada") as (client, app):
        inside = let_in(client)

        def do(**data: str) -> httpx2.Response:
            return client.post("/admin/readers/ada", data=data, headers=inside)

        assert do(act="pause", until="2026-05-01").status_code == 422
        assert do(act="pause", until="soon").status_code == 422
        assert do(act="pause").status_code == 409  # a file declares them
        assert do(act="pause", until="2026-12-24").status_code == 303
        assert app.members.find("ada").state is ReaderState.PAUSED
        assert do(act="resume").status_code == 303
        app.members.leave("ada", Evidence())
        assert do(act="resume").status_code == 422
        assert do(act="resume", proof="by phone").status_code == 303
        assert app.members.record("ada")[-1].text == "by the operator (operator): by phone"
        assert do(act="erase", sure="yes").status_code == 422
        assert app.members.find("ada").state is ReaderState.ACTIVE
        assert do(act="fly").status_code == 400
        assert do(act="erase", sure="ada").status_code == 303
        assert do(act="pause").status_code == 404
        told = acts(app)
        assert [act for act, _, _ in told] == ["erased", "erase", "resume reader", "resume reader", *["pause"] * 2]
        assert told[0][1] == "operator"
        assert "ada" not in json.dumps(told)
    assert "@uni.example" not in caplog.text


def test_a_fresh_link_goes_to_the_reader_alone(tmp_path: Path) -> None:
    """It waits as a letter like one that they asked for themselves; that the operator did is on record."""
    with desk(tmp_path, "ada", site="public_url: https://uni.example") as (client, app):
        here = {"Origin": "https://uni.example", "Host": "uni.example"}
        entered = client.post("/admin/login", data={"password": PASSWORD}, headers=here)
        inside = {"Cookie": entered.headers["set-cookie"].split(";")[0], **here}
        assert client.post("/admin/readers/ada", data={"act": "link"}, headers=inside).status_code == 303
        assert app.letters.waiting() == 1
        assert [(act, detail) for act, _, detail in acts(app)] == [("link", {"reader": "ada"})]


def test_what_serve_says_when_it_starts(tmp_path: Path) -> None:
    """Where, for whom, who may administer; and what is missing for it to be of use."""
    more = ", trusted_proxies: 127.0.0.1"
    both = "password: {file: password}, proxy_header: X-Remote-User, users: [ada]"
    with desk(tmp_path, options=both, more=more, site="public_url: https://uni.example/papers") as (_, app):
        told = list(greeting(app.config, host="127.0.0.1", port=8080))
    assert told == [
        "pages: http://127.0.0.1:8080/papers/",
        "readers find them at https://uni.example/papers/",
        "subscribing: open",
        "missing: mail.transport is files, so nobody gets the mail that confirms; write transport: smtp",
        "admin: https://uni.example/papers/admin, by password or for ada by x-remote-user",
    ]
    assert PASSWORD not in str(told)
    with web(tmp_path / "small") as (_, app):
        assert "admin: off (web.admin)" in list(greeting(app.config, host="127.0.0.1", port=0))


def test_hostile_words_are_text(tmp_path: Path) -> None:
    """Of a reader's name, of a server's reply, of a source, of whoever typed a search."""
    evil = "<script>alert(1)</script>"
    mallory = f'email: mallory@uni.example\nname: "{evil}"\ntimezone: UTC\nphrases: ["{evil}"]\n'
    with desk(tmp_path, readers={"mallory": mallory}) as (client, app):
        app.tick()
        app.outbox.suppress("dead@uni.example", f"550 {evil}", now=NOW)
        app.outbox.hold([1], now=NOW)
        inside = let_in(client)
        pages = [client.get(address, headers=inside).text for address in ADDRESSES]
        pages.append(client.post("/admin/readers", data={"q": f'"{evil}'}, headers=inside).text)
        pages.append(client.get(f'/admin/queue?words={evil}&older="{evil}', headers=inside).text)
    assert not any("<script" in text for text in pages)
    assert sum("&lt;script&gt;" in text for text in pages) >= 3


def test_the_queue_by_hand(tmp_path: Path) -> None:
    """Ticked ones at once; all that filters find after a second look at how many; what cannot be is said."""
    with desk(tmp_path, "ada", "eve") as (client, app):
        plan(app.rooms, trial=app.trial)
        inside = let_in(client)

        def do(**data: object) -> httpx2.Response:
            return client.post("/admin/queue", data=data, headers=inside)

        def said(answer: httpx2.Response) -> str:
            return client.get(answer.headers["location"], headers=inside).text

        assert "2 of 2 held" in said(do(act="hold", id=["1", "2"]))
        assert app.outbox.counts() == {DeliveryState.HELD: 2}
        assert "could not be" in said(do(act="hold", id=["1", "x", "99"]))
        ask = do(act="cancel", everything="1", reader="eve")
        assert "Cancel 1 delivery?" in ask.text
        assert app.outbox.counts() == {DeliveryState.HELD: 2}
        assert "1 of 1 cancelled" in said(do(act="cancel", everything="1", reader="eve", sure="1"))
        assert "1 of 1 released" in said(do(act="release", id="1"))
        assert "Nothing was chosen" in said(do(act="retry"))
        assert do(act="explode", id="1").status_code == 400
        assert do(act="hold", everything="1", older="soon").status_code == 400
        assert acts(app)[1] == ("queue release", "operator", {"ids": [1]})
        assert client.get("/admin/queue/1", headers=inside).status_code == 200
        for nonsense in ("0", "-1", "x", "9" * 30):
            assert client.get(f"/admin/queue/{nonsense}", headers=inside).status_code == 404


def test_an_export_holds_no_formula(tmp_path: Path) -> None:
    """Every cell that a spreadsheet would run is text; that all addresses were taken away is on record."""
    evil = READER.format("mallory").replace("name: mallory", "name: '=HYPERLINK(\"https://evil.example\")'")
    with desk(tmp_path, "ada", readers={"mallory": evil}) as (client, app):
        answer = client.post("/admin/readers.csv", headers=let_in(client))
        assert answer.headers["content-disposition"] == 'attachment; filename="readers.csv"'
        assert "ada@uni.example" in answer.text
        assert "\"'=HYPERLINK" in answer.text
        assert acts(app)[0][0] == "export readers"
    assert [harmless(cell) for cell in ("+1", "@x", "-", "\tx", "a=b", "")] == ["'+1", "'@x", "'-", "'\tx", "a=b", ""]
