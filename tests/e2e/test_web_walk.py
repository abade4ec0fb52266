"""A stranger becomes a reader and a stranger again, in a real browser: what they see is all that they are told.

search → subscribe → confirm (from the mail that really came) → the first mail → tune → preferences → pause → export →
unsubscribe → undo → erase

`digest serve` and `digest run` are processes on one database, mails go over SMTP on loopback, and the site is below a
prefix. One walks with the mouse, at 1,200 px in light, with scripts; the other with keys alone, at 320 px in dark,
without scripts. Pictures of every step: DIGEST_TEST_PICTURES=FOLDER.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from digest.camera import chromium
from tests.support.browser import Named, Tab, browser
from tests.support.letters import subjects
from tests.support.world import World, paper, text_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="Chromium is not installed, so nobody can walk"),
]
PREFIX = "/papers"


class Hand(Protocol):
    """How somebody uses a page."""

    def write(self, label: Named, text: str) -> None: ...

    def press(self, name: Named, role: str) -> None:
        """Use a button or a link, and be where it leads."""

    def use(self, name: Named, role: str) -> None:
        """The same where it leads nowhere: a file is saved, a part of the page opens."""


@dataclass(frozen=True)
class ByMouse:
    tab: Tab

    def write(self, label: Named, text: str) -> None:
        self.tab.mouse.write(label, text)

    def press(self, name: Named, role: str) -> None:
        self.tab.mouse.follow(name, role)

    def use(self, name: Named, role: str) -> None:
        self.tab.mouse.click(name, role)


@dataclass(frozen=True)
class ByKeys:
    tab: Tab

    def write(self, label: Named, text: str) -> None:
        self.tab.keys.reach(label).write(text)

    def press(self, name: Named, role: str) -> None:
        self.tab.keys.reach(name, role).follow("Enter" if role == "link" else "Space")

    def use(self, name: Named, role: str) -> None:
        self.tab.keys.reach(name, role).press("Enter")


@dataclass(kw_only=True)
class Walker:
    """Somebody at a browser with a mailbox."""

    address: str
    tab: Tab
    hand: Hand
    world: World
    name: str
    steps: int = 0
    seen: list[str] = field(default_factory=list)

    def sees(self, *words: str) -> None:
        """All of it is on the page, which has no fault to be found."""
        shown = self.tab.text()
        for wanted in words:  # some words are shown in capitals
            assert wanted.casefold() in shown.casefold(), f"{wanted!r} is not on {self.tab.path}:\n{shown}"
        self.steps += 1
        self.tab.picture(f"walk-{self.name}-{self.steps:02}")
        assert self.tab.flaws() == [], self.tab.path
        assert self.tab.troubles() == [], self.tab.path

    def mail(self, subject: str, *, timeout_s: float = 30.0) -> str:
        """The text of the newest mail to this address with such a subject, once it is there."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for index in reversed(range(len(self.world.smtp.messages))):
                mail = self.world.smtp.parsed(index)
                if mail["To"].addresses[0].addr_spec == self.address and re.search(subject, str(mail["Subject"])):
                    return text_of(mail)
            time.sleep(0.1)
        raise AssertionError(f"no mail {subject!r} to {self.address}: {subjects(self.world.smtp)}")

    def opens(self, mail: str, ending: str) -> None:
        """Follow the first link of a mail that ends so."""
        found = re.search(rf"https?://\S+{ending}", mail)
        assert found is not None, mail
        self.tab.go(found[0])


@contextmanager
def site(folder: Path) -> Iterator[World]:
    """A public site that has read papers, and serves; it has to stop well."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with World(folder) as world:
        base = f"http://127.0.0.1:{port}"
        world.top = {
            "site": {"name": "Our papers", "contact": "op@uni.example", "public_url": base + PREFIX},
            "web": {"listen": f"127.0.0.1:{port}"},
        }
        world.configure()
        world.announce("cs.LG", *(paper(number) for number in range(30)))
        ran = world.digest("ingest")
        assert ran.code == 0, ran
        server = world.start("serve")
        try:
            _until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close(), server)
            yield world
            server.send_signal(signal.SIGTERM)
            said = server.communicate(timeout=20)[1].decode()
            assert "Traceback" not in said, said
            assert "ERROR" not in said, said
        finally:
            server.kill()
            server.communicate()


def _until(works: Callable[[], None], server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, server.communicate()
        try:
            works()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the server does not answer")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with site(tmp_path_factory.mktemp("walk")) as made:
        yield made


@pytest.fixture(params=["mouse", "keys"])
def walker(request: pytest.FixtureRequest, world: World) -> Iterator[Walker]:
    with browser() as opened:
        by_mouse = request.param == "mouse"
        site_settings = world.top["site"]
        assert isinstance(site_settings, dict)
        tab = Tab(opened, str(site_settings["public_url"]), scripts=by_mouse)
        tab.resize(1200 if by_mouse else 320, dark=not by_mouse)
        hand = ByMouse(tab) if by_mouse else ByKeys(tab)
        address = f"{request.param}@uni.example"
        yield Walker(address=address, tab=tab, hand=hand, world=world, name=str(request.param))


def test_from_a_search_to_nothing_left(walker: Walker, tmp_path: Path) -> None:
    """Each step shows what it did, each mail has the way to the next; at the end nobody knows the address."""
    tab, hand, world = walker.tab, walker.hand, walker.world
    tab.go(f"{PREFIX}/")
    walker.sees("Trending papers", "Get trending papers in your inbox")
    hand.write("Search papers", "sparse attention")
    hand.press("Search", "button")
    walker.sees("Sparse attention at four bits", "Mail me what is new for this")

    time.sleep(2.1)  # nobody types faster
    hand.write("E-mail address", walker.address)
    hand.press("Subscribe", "button")
    walker.sees("Look in your mailbox", walker.address)
    walker.opens(walker.mail("[Cc]onfirm"), r"/confirm/\S+")
    walker.sees("Do you want these mails?", "Sparse attention")
    hand.press("Yes, send them", "button")
    walker.sees("You are subscribed", "Your first mail is on its way")
    hand.press("Open your page", "link")
    walker.sees("My page", walker.address, "Sparse attention")

    ran = world.digest("run")
    assert ran.code == 0, ran
    first = walker.mail("Welcome")
    assert "Sparse attention at four bits" in first

    walker.opens(first, "/1/tune")
    walker.sees("Tune your mails by this paper", "Sparse attention at four bits")
    hand.press("More like this", "button")
    walker.sees("Noted:")

    hand.press("My page", "link")
    walker.sees("Sparse attention")
    hand.press("Mail", "link")
    walker.sees("Papers in a mail, at most")
    hand.write("Papers in a mail, at most", "7")
    hand.press("Save", "button")
    walker.sees("Saved. Your next mail goes by it.")
    hand.press("No mail for a week", "button")
    walker.sees("No mail comes until")
    hand.press("Send me mail again", "button")
    walker.sees("Mail comes again")

    walker.opens(first, "/0/preferences")
    hand.press("My data", "link")
    hand.press(re.compile("^Mail a link to"), "button")
    walker.sees("A link is on its way to")
    walker.opens(walker.mail("^Your page"), r"/me/\S+")
    hand.press("My data", "link")
    walker.sees("Everything we know")
    fresh = tab.path
    tab.saving_to(tmp_path / "saved")
    hand.use("Download as JSON", "link")
    tab.saved()
    exported = json.loads(next((tmp_path / "saved").glob("*.json")).read_text("utf-8"))
    assert walker.address in json.dumps(exported)

    walker.opens(first, "/0/unsubscribe")
    walker.sees("No mail would come to")
    hand.press("Unsubscribe", "button")
    walker.sees("No more mails come")
    goodbye = walker.mail("unsubscribed")
    walker.opens(goodbye, r"/f/\S+/undo")
    walker.sees("Mails would come to")
    hand.press("Send me mail again", "button")
    walker.sees("Mails come again, with everything as it was.")

    tab.go(fresh)
    hand.press("Erase…", "link")
    walker.sees("Erase everything")
    hand.write(re.compile("^To go on, type"), "erase")
    hand.press("Erase everything", "button")
    walker.sees("Everything is erased")
    assert walker.address not in "".join(world.dump())
    walker.opens(first, "/0/preferences")
    walker.sees()
    assert walker.address not in tab.text()
    assert urlsplit(tab.address).path.startswith(f"{PREFIX}/f/")
