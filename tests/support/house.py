"""A public site with everything in it that pages can show, every word of it hostile, and what stands for each
parameter of an address: so that whatever routes there are can be walked without knowing them.

    with house(tmp_path) as here:
        for route in PAGES:
            here.client.get(here.place(route.path))
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from httpx2 import Response
from lxml import html
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from digest.app import App
from digest.feedback import Feedback, Origin, Verb
from digest.model import EditionKey, Evidence, Frequency, Lane, SendTimes, Subscriber
from digest.seals import FRESH_FOR, Seals
from digest.web.application import application
from digest.web.routes import Route
from tests.support.apps import FakeSource, Hands, page_of
from tests.support.entries import arxiv_entry, hf_entry
from tests.support.letters import over, place_in
from tests.support.smtp_server import SmtpServer

NOW = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)
PUBLIC_URL = "https://uni.example/reader"
FROM_OURS: Mapping[str, str] = {"Origin": "https://uni.example", "Sec-Fetch-Site": "same-origin"}
"""What a browser says with a form of our own."""
PASSWORD = "correct horse battery"
PROBE = "x-probe"
"""An element that no page of ours has: where it shows up, words became markup."""
HOSTILE = (
    f"<{PROBE}></{PROBE}><script>alert(1)</script>",
    f"\"'><{PROBE} onclick=alert(2)><img src=x onerror=alert(3)>",
    f"</title></textarea></style><{PROBE}><svg onload=alert(4)>",
    f"<!--<{PROBE}>--!><{PROBE}>{{{{7*7}}}}${{7*7}}%(x)s{{% raw %}}",
    "javascript:alert(5)",
    "]]><x-probe>&lt;x-probe&gt;\u202egnp\u2028\u2029",
)
"""Titles, names and words as somebody would write them who wants more than to be read."""


class Visitor:
    """The application, asked from an address that changes when it should."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._network = app, 0

    def move(self) -> None:
        self._network += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = str(ipaddress.IPv4Address("10.0.0.0") + self._network)
        await self._app({**scope, "client": (client, 1)}, receive, send)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    app: App
    client: TestClient
    server: SmtpServer
    clock: Hands
    visitor: Visitor
    asked: str
    """The token of a confirmation that somebody was asked for and has not given."""
    feed: str
    """The secret in the address of Ada's feed."""

    def token(self, reader: str = "ada") -> str:
        """Of the mail that the reader was sent."""
        return self.app.ring.sign(EditionKey(reader, NOW.date()))

    def seal(self, reader: str = "ada", *, purpose: str = "", life: dt.timedelta = FRESH_FOR) -> str:
        """Of a link that was just mailed to them; or made for something else."""
        seals = Seals(self.app.ring)
        text, until = reader, self.clock.now + life
        return seals.seal(purpose, text, until=until) if purpose else seals.fresh(reader, now=until - FRESH_FOR)

    def given(self) -> dict[str, str]:
        """By parameter of a route's path, something that is there."""
        return {
            "token": self.token(),
            "seal": self.seal(),
            "pick": "1",
            "name": "2605.00001",
            "id": "ada",
            "field": "cs.LG",
            "date": NOW.date().isoformat(),
            "number": "1",
            "form": "atom",
        }

    def pages(self, routes: Sequence[Route]) -> dict[str, str]:
        """By a name for a picture, the places of all that can be looked at: of a reader's, for both readers."""
        found: dict[str, str] = {}
        for route in routes:
            if route.show is not None and not route.open:
                name = re.sub(r"\W+", "-", re.sub(r"\{token\}", "mail", route.path)).strip("-") or "front"
                found[name] = self.place(route.path)
                if "{token}" in route.path or "{seal}" in route.path:
                    found[f"{name}-grace"] = self.place(
                        route.path, token=self.token("r-grace"), seal=self.seal("r-grace")
                    )
        return {
            **found,
            "not-there": "/nothing",
            "torn-link": "/f/torn/0/unsubscribe",
            "found": "/search?q=sparse+attention",
        }

    def shows(self, place: str) -> bool:
        """Whether it is a page, and no feed or file."""
        self.forget_limits()
        return self.client.get(place).headers.get("content-type", "text/html").startswith("text/html")

    def forget_limits(self) -> None:
        """Ask from another network from now on."""
        self.visitor.move()

    def links_in_mail(self, index: int) -> set[str]:
        """The places of ours that a mail names, in its parts and its headers."""
        mail = self.server.parsed(index)
        texts = [str(value) for value in mail.values()]
        texts += [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
        found = re.findall(rf"{re.escape(PUBLIC_URL)}(/[^\s\"'<>)\]]*)", unescape("\n".join(texts)))
        return set(found)

    def links_on(self, answer: Response) -> list[str]:
        """The places of ours that a page links to: those alone that a scanner would follow."""
        if not answer.headers.get("content-type", "").startswith("text/html"):
            return []
        base = urlsplit(PUBLIC_URL).path
        found = [urlsplit(place) for place in re.findall(r'(?:href|src)="([^"]*)"', unescape(answer.text))]
        ours = [place for place in found if place.netloc in {"", "uni.example"} and place.path.startswith(f"{base}/")]
        return [f"{place.path.removeprefix(base)}{'?' + place.query if place.query else ''}" for place in ours]

    def fields_of(self, path: str) -> dict[str, str]:
        """Every field of every form on a page, with the value that it begins with."""
        fields: dict[str, str] = {}
        shown = self.client.get(path)
        if not shown.content:
            return fields
        tree = html.document_fromstring(shown.content)
        for form in tree.forms:
            if form.method == "POST":
                fields |= {name: str(value or "") for name, value in form.fields.items()}
                fields |= {button.get("name", ""): button.get("value", "") for button in form.iter("button")}
        fields.pop("", None)
        return fields

    def place(self, path: str, **instead: str) -> str:
        """A route's path with its parameters filled in; fails for a parameter that this file does not know."""
        own = {"/confirm/{token}": {"token": self.asked}, "/feed/{token}.{form}": {"token": self.feed}}
        given = {**self.given(), **own.get(path, {}), **instead}
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: given[found[1]], path)


@contextmanager
def house(folder: Path, *, public_url: str = PUBLIC_URL) -> Iterator[House]:
    """Papers with votes, a reader with a file and one without, each with a mail of today; and the mail server."""
    (folder / "subscribers").mkdir(parents=True)
    (folder / "subscribers" / "ada.yaml").write_text(
        "email: ada@uni.example\ntimezone: UTC\nsend: 07:30\nfrequency: daily\nphrases: [sparse attention]\n"
    )
    clock = Hands(NOW - dt.timedelta(hours=2))
    with SmtpServer() as server:
        site = f"site: {{name: Test papers, contact: op@uni.example, public_url: '{public_url}'}}\n"
        admin = "web: {admin: {password: {env: OPERATOR}}}"
        (folder / "config.yaml").write_text(f"{site}{over(server)}\n{admin}\n")
        app = App(folder / "config.yaml", env={"OPERATOR": PASSWORD}, clock=clock)
        numbers = range(1, len(HOSTILE) * 2 + 1)
        papers = [
            arxiv_entry(
                f"2605.0000{number}" if number < 10 else f"2605.000{number}",
                f"Sparse attention {number} {HOSTILE[number % len(HOSTILE)]}",
                authors=(f"Ada {HOSTILE[number % len(HOSTILE)]}", "Charles Babbage"),
                abstract=f"Sparse attention keeps few keys {number}. {' '.join(HOSTILE)} It works well.",
                announced_at=NOW - dt.timedelta(hours=3),
            )
            for number in numbers
        ]
        papers.append(arxiv_entry("2305.10430", "The paper that examples name"))
        voted = hf_entry("2605.00001", "Sparse attention 1", upvotes=40, at=NOW - dt.timedelta(hours=3))
        app.__dict__["sources"] = (FakeSource("arxiv", page_of(*papers, voted)),)
        app.reread()
        app.members.add(
            Subscriber(
                id="r-grace",
                email="grace@uni.example",
                name=HOSTILE[0],
                times=SendTimes(timezone="UTC", send=dt.time(7, 30), frequency=Frequency.DAILY),
                lanes=tuple(
                    Lane(name=f"{n} {words}", phrases=("sparse attention", words)) for n, words in enumerate(HOSTILE)
                ),
            ),
            Evidence(text=HOSTILE[1]),
        )
        app.ingest()
        clock.now = NOW
        app.tick()
        assert len(server.messages) == 2, "both readers have a mail of today"
        stranger = Subscriber(id="", email="eve@uni.example", times=SendTimes(timezone="UTC", send=dt.time(7, 30)))
        app.letters.ask_to_join(stranger, Evidence(text=HOSTILE[2]))
        app.send_letters()
        asked = place_in(server, "/confirm/").rpartition("/")[2]
        for reader in ("ada", "r-grace"):
            for verb, about in ((Verb.MORE, ""), (Verb.MUTE_WORD, HOSTILE[0]), (Verb.MUTE_AUTHOR, HOSTILE[1])):
                piece = Feedback(
                    verb=verb,
                    given_at=NOW,
                    origin=Origin.WEB,
                    paper_id=None if about else 1,
                    subject=about,
                    lane=about or None,
                )
                app.rooms.feedback.give(reader, piece)
        feed = app.feeds.renew("ada")
        visitor = Visitor(application(app))
        with TestClient(visitor, base_url="https://uni.example", follow_redirects=False) as client:
            entered = client.post("/admin/login", data={"password": PASSWORD}, headers=FROM_OURS)
            if "set-cookie" in entered.headers:  # the operator's browser: a site that abuses it gets furthest
                client.headers["Cookie"] = entered.headers["set-cookie"].partition(";")[0]
            yield House(app=app, client=client, server=server, clock=clock, visitor=visitor, asked=asked, feed=feed)
        app.close()
