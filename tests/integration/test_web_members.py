"""Subscribe, confirm, leave, come back: with the mails that a real server received, and nothing told about anybody."""

from __future__ import annotations

import datetime as dt
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from digest.app import App
from digest.model import Act, EditionKey, Evidence, ReaderState, SendTimes, Subscriber
from digest.pipeline.membership import CONFIRM_WITHIN, UNDO_FOR
from digest.web.application import application
from digest.web.consent import VERSION
from tests.support.apps import FakeSource, Hands, page_of
from tests.support.entries import arxiv_entry
from tests.support.letters import over, place_in, subjects
from tests.support.smtp_server import Drop, Rule, SmtpServer
from tests.support.web import dump

NOW = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)
ADA = "email: ada@uni.example\ntimezone: Europe/Berlin\nsend: 07:30\nphrases: [sparse attention]\n"
BROWSER = {"Origin": "https://uni.example", "Sec-Fetch-Site": "same-origin"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
BY_US = Evidence(text="by the operator")
Answer = httpx2.Response


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    client: TestClient
    app: App
    server: SmtpServer
    clock: Hands

    def stamp(self, path: str = "/subscribe") -> str:
        """Of a form that was shown a while ago."""
        found = re.search(r'name="stamp" value="([^"]+)"', self.client.get(path).text)
        assert found is not None
        self.clock.now += dt.timedelta(seconds=5)
        return found[1]

    def subscribe(self, email: str, *, path: str = "/subscribe", stamp: str | None = None, **fields: str) -> Answer:
        data = {"email": email, "stamp": self.stamp() if stamp is None else stamp, **fields}
        return self.client.post(path, data=data, headers=BROWSER)

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Answer:
        return self.client.post(path, data=fields, headers=BROWSER if headers is None else headers)

    def settled(self) -> None:
        """Until no letter waits: a thread sends them."""
        for _ in range(400):
            if not self.app.letters.waiting():
                return
            time.sleep(0.01)
        raise TimeoutError("letters are still waiting")

    def state(self, email: str) -> ReaderState | None:
        known = self.app.members.with_address(email)
        return known.state if known is not None else None


@contextmanager
def world(folder: Path, *, web: str = "", server: SmtpServer | None = None) -> Iterator[World]:
    (folder / "subscribers").mkdir()
    (folder / "subscribers" / "ada.yaml").write_text(ADA)
    site = "site: {name: Test papers, contact: op@uni.example, public_url: https://uni.example}"
    clock = Hands(NOW)
    with server or SmtpServer() as smtp:
        (folder / "config.yaml").write_text(f"{site}\n{over(smtp)}\nweb: {{{web}}}\n")
        app = App(folder / "config.yaml", env={}, clock=clock)
        papers = [arxiv_entry(f"2605.0000{n}", f"Sparse attention in glacier melting, part {n}") for n in range(1, 4)]
        app.__dict__["sources"] = (FakeSource("arxiv", page_of(*papers)),)
        app.reread()
        app.ingest()
        with TestClient(application(app), base_url="https://uni.example", follow_redirects=False) as client:
            yield World(client=client, app=app, server=smtp, clock=clock)
        app.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def test_from_a_search_to_the_first_mail_and_out_again(here: World) -> None:
    """One press makes a lane of a search; the link in the mail asks, its button confirms, the first edition comes with
    a welcome; one click in it unsubscribes, and the goodbye's link takes that back."""
    japan = {**BROWSER, "Accept-Language": "en, ja;q=0.5"}
    box = here.client.get("/search?q=glacier+melting", headers=japan).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', box))
    assert hidden["interests"] == "glacier melting"
    here.clock.now += dt.timedelta(seconds=5)
    sent = here.client.post("/subscribe", data={"email": "Eve@uni.example", **hidden}, headers=japan)
    assert sent.status_code == 200
    assert "Look in your mailbox" in sent.text
    here.settled()
    assert here.state("eve@uni.example") is ReaderState.PENDING
    place = place_in(here.server, "/confirm/")
    asking = here.client.get(place)
    assert "glacier melting" in asking.text.lower()
    assert 'value="Asia/Tokyo"' in asking.text
    assert here.state("eve@uni.example") is ReaderState.PENDING
    subscribed = here.post(place, timezone="berlin", send="08:15")
    assert "08:15 (Europe/Berlin)" in subscribed.text
    assert 'href="/paper/' in subscribed.text, "what their lanes would bring"
    page = re.search(r'href="(/me/[^"]+/preferences)"', subscribed.text)
    assert page is not None
    assert here.client.get(page[1]).status_code == 200
    known = here.app.members.with_address("eve@uni.example")
    assert known is not None
    assert known.state is ReaderState.ACTIVE
    reader = known.subscriber
    assert (reader.times.timezone, reader.times.send) == ("Europe/Berlin", dt.time(8, 15))
    assert [lane.phrases for lane in reader.lanes] == [("glacier melting",)]
    asked, confirmed = here.app.members.record(reader.id)
    assert (asked.act, asked.ip, asked.language) == (Act.ASKED, "testclient", "en")
    assert VERSION in asked.text
    assert (confirmed.act, confirmed.text) == (Act.CONFIRMED, "Yes, send them")

    here.app.tick()
    assert subjects(here.server)[-1].startswith("Welcome to Test papers: Sparse attention in glacier melting")
    first = message_from_bytes(here.server.messages[-1], policy=policy.default)
    assert first["To"] == "Eve@uni.example"
    leave = urlsplit(str(first["List-Unsubscribe"]).partition(">")[0].lstrip("<")).path
    online = here.client.get(leave.replace("unsubscribe", "read"))
    assert online.status_code == 200
    assert "Sparse attention in glacier melting" in online.text
    assert "/f/" not in online.text
    assert "default-src 'none'; style-src 'unsafe-inline'" in online.headers["content-security-policy"]
    assert "eve@" not in online.text.lower()

    one_click = here.post(leave, {"Origin": "https://mail.example"}, **ONE_CLICK)
    assert one_click.status_code == 200
    assert "set-cookie" not in one_click.headers
    here.settled()
    assert here.state("eve@uni.example") is ReaderState.LEFT
    assert subjects(here.server)[-1] == "You are unsubscribed from Test papers"
    back = place_in(here.server, "/f/")
    assert "Come back?" in here.client.get(back).text
    assert here.state("eve@uni.example") is ReaderState.LEFT
    assert "You are back" in here.post(back).text
    assert here.state("eve@uni.example") is ReaderState.ACTIVE


def reader_of(email: str) -> Subscriber:
    return Subscriber(id="", email=email, times=SendTimes(timezone="UTC"))


def plain(text: str) -> str:
    """A page without what differs from request to request by itself."""
    return re.sub(r'name="stamp" value="[^"]+"', "", text)


def test_nobody_learns_whose_an_address_is(here: World) -> None:
    """One answer for a stranger, a reader, one who waits, a suppressed, an erased and an impossible address, and for
    one that was written to often enough; only the address itself is repeated."""
    here.app.outbox.suppress("dead@uni.example", "bounced", now=NOW)
    here.app.members.erase(here.app.members.add(reader_of("gone@uni.example"), BY_US).subscriber.id)
    addresses = [
        "new@uni.example",
        "ada@uni.example",
        "dead@uni.example",
        "gone@uni.example",
        "x@no-such.example",
    ]
    addresses += ["new@uni.example", "often@uni.example"]
    for path, more in (("/subscribe", ["often@uni.example"] * 3), ("/link", [])):
        stamp = here.stamp(path)
        tried = [*addresses, *more]
        answers = [here.subscribe(email, path=path, stamp=stamp) for email in tried]
        shown = {plain(answer.text.replace(email, "*")) for answer, email in zip(answers, tried, strict=True)}
        assert len(shown) == 1
        assert {answer.status_code for answer in answers} == {200}
        assert len({frozenset(set(answer.headers) - {"content-length"}) for answer in answers}) == 1
    here.settled()
    got = [taken.recipient for taken in here.server.ledger()]
    assert set(got) == {"new@uni.example", "ada@uni.example", "x@no-such.example", "often@uni.example"}
    assert got.count("often@uni.example") == 3


def test_the_time_of_an_answer_tells_nothing(here: World) -> None:
    """Known and unknown addresses by turns: the medians differ by less than they scatter."""
    here.server.script(Rule(at="greeting", do=Drop()))
    stamp = here.stamp()
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    here.app.members.add(reader_of("known0@uni.example"), BY_US)
    for number in range(24):
        for kind in ("known", "unknown") if number % 2 else ("unknown", "known"):
            email = f"ada+{number}@uni.example" if kind == "unknown" else "ada@uni.example"
            here.app.letters  # noqa: B018 (made before the clock runs)
            began = time.perf_counter()
            assert here.subscribe(email, stamp=stamp).status_code in {200, 429}
            took[kind].append(time.perf_counter() - began)
    medians = [statistics.median(times) for times in took.values()]
    spread = statistics.quantiles(took["unknown"], n=4)
    assert abs(medians[0] - medians[1]) < max(0.02, 2 * (spread[2] - spread[0]))


def test_scanners_change_nothing(here: World) -> None:
    """GET, HEAD, and POSTs that do not say what a person or a mail program says, on every link of every mail."""
    here.subscribe("eve@uni.example")
    here.settled()
    token = here.app.ring.sign(EditionKey("ada", NOW.date()))
    places = [place_in(here.server, "/confirm/")]
    places += [f"/f/{token}/0/{verb}" for verb in ("unsubscribe", "undo", "pause", "read")] + ["/subscribe", "/link"]
    before = dump(here.app)
    for place in places:
        for answer in (here.client.get(place), here.client.head(place)):
            assert answer.status_code in {200, 404}
    assert here.post(f"/f/{token}/0/unsubscribe", headers={}).status_code == 200
    assert here.post(f"/f/{token}/0/unsubscribe", headers={}, url="x").status_code == 200
    assert here.post(places[0], headers={"Origin": "https://evil.example"}).status_code == 403
    for verb in ("undo", "pause"):
        assert here.post(f"/f/{token}/0/{verb}", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert (
        here.client.post("/subscribe", data={"email": "x@uni.example"}, headers={"Origin": "null"}).status_code == 403
    )
    assert dump(here.app) == before


def test_links_that_are_forged_swapped_old_or_used(here: World) -> None:
    """Each says what it is and where to go, and does nothing."""
    here.subscribe("eve@uni.example")
    here.subscribe("bob@uni.example")
    here.settled()
    eve, bob = (place_in(here.server, "/confirm/", index) for index in (0, 1))
    before = dump(here.app)
    torn = eve[:-1] + ("A" if eve[-1] != "A" else "B")
    swapped = f"{eve.partition('.')[0]}.{bob.partition('.')[2]}"
    mails_token = "/confirm/" + here.app.ring.sign(EditionKey("ada", NOW.date()))
    for place in (torn, swapped, mails_token, "/confirm/x", f"/confirm/{'a' * 3000}"):
        for answer in (here.client.get(place), here.post(place)):
            assert answer.status_code == 403
            assert "/subscribe" in answer.text
    confirm_as_a_mail = eve.replace("/confirm/", "/f/") + "/0/unsubscribe"
    assert here.post(confirm_as_a_mail, None, **ONE_CLICK).status_code == 403
    assert dump(here.app) == before
    assert here.post(eve).status_code == 200
    again = here.post(eve)
    assert "You are subscribed" in again.text
    reader = here.app.members.with_address("eve@uni.example")
    assert reader is not None
    assert len(here.app.members.record(reader.subscriber.id)) == 2
    here.app.members.leave(reader.subscriber.id, BY_US)
    assert (here.post(eve).status_code, here.state("eve@uni.example")) == (410, ReaderState.LEFT)
    here.clock.now += CONFIRM_WITHIN + dt.timedelta(minutes=1)
    assert "too old" in here.post(bob).text
    assert here.state("bob@uni.example") is ReaderState.PENDING


def test_unsubscribing_twice_undoing_late_and_resting(here: World) -> None:
    """Once is as good as twice and says goodbye once; after a week only a new subscription helps; tokens never end."""
    token = here.app.ring.sign(EditionKey("ada", dt.date(2020, 1, 1)))
    at = f"/f/{token}/0"
    assert "next" not in here.client.get(f"{at}/pause").text
    assert "Mails come again from 27 May 2026 on" in here.post(f"{at}/pause").text
    assert here.state("ada@uni.example") is ReaderState.PAUSED
    for _ in range(2):
        answer = here.post(f"{at}/unsubscribe", {}, **{"list-unsubscribe": "one-click"})
        assert "You are unsubscribed" in answer.text
    here.settled()
    assert subjects(here.server) == ["You are unsubscribed from Test papers"]
    assert here.app.members.record("ada")[-1].text == "unsubscribed by one click in their mail program (RFC 8058)"
    here.clock.now += UNDO_FOR + dt.timedelta(minutes=1)
    late = here.post(f"{at}/undo")
    assert (late.status_code, here.state("ada@uni.example")) == (409, ReaderState.LEFT)
    assert "too long ago" in late.text
    here.app.erase("ada")
    assert here.post(f"{at}/unsubscribe", {}, **ONE_CLICK).status_code == 200
    assert here.client.get(f"{at}/unsubscribe").status_code == 200
    assert here.client.get(f"{at}/read").status_code == 404


def test_a_form_says_what_to_mend_and_keeps_what_was_typed(here: World) -> None:
    """Each hint is tied to its field, and nothing follows."""
    wrong = {"interests": "<b>kernels</b>", "fields": "cs.XX", "timezone": "Qqqq", "send": "25:00"}
    answer = here.subscribe("ada at home", **wrong)
    assert answer.status_code == 422
    for name in ("email", "fields", "timezone", "send"):
        assert f'id="{name}-wrong"' in answer.text
        assert re.search(rf'id="{name}"[^>]*aria-describedby="{name}-wrong', answer.text)
    assert "&lt;b&gt;kernels&lt;/b&gt;" in answer.text
    for typed in wrong.values():
        assert typed in unescape(answer.text)
    assert "ada at home" in answer.text
    assert here.app.letters.waiting() == 0


def test_robots_get_nothing_for_their_trouble(here: World) -> None:
    """A filled trap is answered as if all were well; a form nobody can have read yet is shown once more."""
    assert "Look in your mailbox" in here.subscribe("eve@uni.example", website="https://spam.example").text
    for stamp in ("", "x", here.stamp()[:-1] + "_"):
        answer = here.subscribe("eve@uni.example", stamp=stamp, interests="whales")
        assert answer.status_code == 422
        assert "press the button again" in answer.text
        assert "whales" in answer.text
    fresh = here.stamp()
    here.clock.now -= dt.timedelta(seconds=4)
    assert here.subscribe("eve@uni.example", stamp=fresh).status_code == 422
    here.clock.now += dt.timedelta(days=2)
    assert here.subscribe("eve@uni.example", stamp=fresh).status_code == 422
    assert here.app.letters.waiting() == 0
    assert not here.server.messages


@pytest.mark.parametrize(
    "email",
    [
        "eve@uni.example\r\nBcc: all@uni.example",
        "eve@uni.example%0d%0aBcc:all@uni.example, b@uni.example",
        "Eve <eve@uni.example>",
        "eve@uni.example,bob@uni.example",
        "\u202eeve@uni.example",
        "eve\x00@uni.example",
        '"eve\r\n"@uni.example',
        "@",
        "a" * 300 + "@uni.example",
    ],
)
def test_no_address_smuggles_a_header(here: World, email: str) -> None:
    """One address or none."""
    assert here.subscribe(email).status_code == 422
    assert here.app.letters.waiting() == 0


def test_no_interest_smuggles_a_header(here: World) -> None:
    """Words with line ends are lines of interests; a mail has the headers that it has."""
    interests = "kernels\r\nBcc: all@uni.example\r\n\r\n<script>alert(1)</script>"
    here.subscribe("eve@uni.example", interests=interests, authors="Ada\r\nBcc: x@uni.example")
    here.settled()
    mail = here.server.parsed()
    assert mail["Bcc"] is None
    assert len(here.server.ledger()) == 1
    confirm = here.client.get(place_in(here.server, "/confirm/")).text
    assert "<script>" not in confirm


def test_too_often_is_told_with_when(here: World) -> None:
    """An address that is typed in again and again, whoever's it is; and a network, whatever it types."""
    stamp = here.stamp()
    for email in ("ada@uni.example", "nobody@uni.example"):
        answers = [here.subscribe(email, stamp=stamp) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 6 + [429]
        assert int(answers[-1].headers["retry-after"]) > 1
    answers = [here.subscribe(f"a{number}@uni.example", stamp=stamp) for number in range(60)]
    assert answers[-1].status_code == 429
    assert "retry-after" in answers[-1].headers


def test_only_allowed_domains(tmp_path: Path) -> None:
    """Theirs and, with a star, those below; the page says so before and after."""
    with world(tmp_path, web="allowed_domains: [uni.example, '*.lab.example']") as here:
        assert "uni.example, *.lab.example" in here.client.get("/subscribe").text
        for email, status in (
            ("a@uni.example", 200), ("a@x.lab.example", 200), ("a@lab.example", 422), ("a@sub.uni.example", 422),
            ("a@uni.example.evil.example", 422), ("a@evil-uni.example", 422), ("A@UNI.EXAMPLE", 200),
        ):  # fmt: skip
            assert here.subscribe(email).status_code == status, email


def test_a_closed_service_has_no_box(tmp_path: Path) -> None:
    """Nor the page behind it; a way to one's page it has."""
    with world(tmp_path, web="open: false") as here:
        assert 'action="/subscribe"' not in here.client.get("/").text
        assert here.client.get("/subscribe").status_code == 404
        assert here.client.post("/subscribe", data={"email": "a@uni.example"}, headers=BROWSER).status_code == 404
        assert here.client.get("/link").status_code == 200


def test_a_relay_that_is_down_delays_the_letter(here: World) -> None:
    """The visitor is answered at once, and the letter comes when the relay does."""
    here.server.script(Rule(at="greeting", do=Drop(), times=1))
    assert here.subscribe("eve@uni.example").status_code == 200
    here.server.wait_for("greeting")
    for _ in range(200):
        here.clock.now += dt.timedelta(minutes=1)
        here.app.letters.arrived.set()
        if not here.app.letters.waiting():
            break
        time.sleep(0.01)
    assert [taken.recipient for taken in here.server.ledger()] == ["eve@uni.example"]


def test_a_search_by_who_is_a_reader_is_offered_on_their_page(here: World) -> None:
    """Asked in the box for what they do not follow yet: the link of the letter leads to it, typed in and not saved."""
    here.app.members.add(reader_of("eve@uni.example"), BY_US)
    here.subscribe("eve@uni.example", interests="protein folding <b>")
    here.settled()
    body = here.server.parsed().get_body(preferencelist=("plain",))
    assert body is not None
    found = re.search(r"https://uni\.example(/me/\S+)", body.get_content())
    assert found is not None
    before = dump(here.app)
    page = here.client.get(found[1]).text
    assert "protein folding &lt;b&gt;</textarea>" in page
    assert dump(here.app) == before
