"""Letters: asked for in the same way for every address, decided and sent afterwards, tried until they are taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from digest.app import App
from digest.errors import MembershipError
from digest.model import Act, Evidence, Lane, ReaderState, SendTimes, Subscriber
from digest.pipeline.correspondence import SENT_WITHIN
from digest.store.letters import LEASE, LetterStore
from tests.support.apps import Hands
from tests.support.letters import over, place_in, subjects
from tests.support.smtp_server import Drop, Rule, Say, SmtpServer
from tests.support.web import dump

NOW = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)
FORM = Evidence(text="I want one mail a day.", language="en", ip="192.0.2.7")
EVE = Subscriber(
    id="",
    email="Eve.Moore@uni.example",
    times=SendTimes(timezone="Europe/Berlin"),
    lanes=(Lane(name="Glaciers", phrases=("glacier melting",)),),
)
ADA = "email: ada@uni.example\ntimezone: Europe/Berlin\nphrases: [sparse attention]\n"


@pytest.fixture
def clock() -> Hands:
    return Hands(NOW)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def app(tmp_path: Path, clock: Hands, server: SmtpServer) -> Iterator[App]:
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers" / "ada.yaml").write_text(ADA)
    site = "site: {name: Test papers, contact: op@uni.example, public_url: https://papers.uni.example/p}"
    (tmp_path / "config.yaml").write_text(f"{site}\n{over(server)}\n")
    made = App(tmp_path / "config.yaml", env={}, clock=clock)
    made.reread()
    yield made
    made.close()


def test_a_newcomer_is_asked(app: App, server: SmtpServer) -> None:
    """Nothing is known of them before the letter is sent; its link is for them and their address."""
    app.letters.ask_to_join(EVE, FORM)
    assert app.members.with_address(EVE.email) is None
    assert app.send_letters() == 1
    known = app.members.with_address("eve.moore@UNI.example")
    assert known is not None
    assert known.state is ReaderState.PENDING
    assert server.ledger()[0].recipient == EVE.email
    place = place_in(server, "/confirm/")
    assert place.startswith("/p/confirm/")
    reader, digest = app.letters.confirms(place.rpartition("/")[2])
    assert reader == known.subscriber.id
    assert app.letters.is_for(digest, "eve.moore@uni.example")
    assert not app.letters.is_for(digest, "other@uni.example")
    (asked,) = app.members.record(reader)
    assert (asked.act, asked.text, asked.ip, asked.at) == (Act.ASKED, FORM.text, FORM.ip, NOW)
    assert app.send_letters() == 0


def test_each_gets_the_letter_that_is_theirs(app: App, server: SmtpServer) -> None:
    """A reader the way to their page, a suppressed or an erased address none, somebody unknown who lost a link none."""
    app.outbox.suppress("dead@uni.example", "bounced", now=NOW)
    app.letters.ask_to_join(replace(EVE, email="ADA@uni.example"), FORM)
    app.letters.ask_to_join(replace(EVE, email="dead@uni.example"), FORM)
    app.letters.ask_for_link("nobody@uni.example")
    app.letters.ask_for_link("Ada@uni.example")
    assert app.send_letters() == 2
    assert [taken.recipient for taken in server.ledger()] == ["ada@uni.example"] * 2
    assert subjects(server) == ["You are subscribed to Test papers already", "Your page at Test papers"]
    assert place_in(server, "/me/").endswith("/preferences")
    app.erase("ada")
    app.letters.ask_to_join(replace(EVE, email="ada@uni.example"), FORM)
    app.letters.ask_for_link("ada@uni.example")
    assert app.send_letters() == 0
    assert app.letters.waiting() == 0


def test_a_relay_that_is_down_loses_no_letter(app: App, server: SmtpServer, clock: Hands) -> None:
    """It is tried again, later each time, under one Message-ID; a refusal for good ends it; and so does time."""
    server.script(Rule(at="greeting", do=Drop(), times=2), Rule(at="accepted", do=Drop(), times=1))
    app.letters.ask_to_join(EVE, FORM)
    for wait in (0, 30, 60):
        clock.now += dt.timedelta(seconds=wait)
        assert app.send_letters() == 0
        assert app.letters.waiting() == 1
    assert app.send_letters() == 0
    clock.now += dt.timedelta(seconds=120)
    assert app.send_letters() == 1
    assert len(set(server.message_ids())) == 1, "it was taken twice: the server's yes to the first was lost"
    server.script(Rule(at="rcpt", do=Say("550 5.7.1 no")))
    app.letters.ask_for_link("ada@uni.example")
    assert (app.send_letters(), app.letters.waiting()) == (0, 0)
    server.script(Rule(at="rcpt", do=Say("450 4.2.0 later")))
    app.letters.ask_for_link("ada@uni.example")
    assert (app.send_letters(), app.letters.waiting()) == (0, 1)
    clock.now += SENT_WITHIN
    assert (app.send_letters(), app.letters.waiting()) == (0, 0)


def test_nobody_s_mailbox_is_flooded(app: App, server: SmtpServer, clock: Hands) -> None:
    """Three questions a day to an address, whoever asks; the day after, it may be asked again."""
    for _ in range(5):
        app.letters.ask_to_join(EVE, FORM)
        app.send_letters()
    assert len(server.messages) == 3
    clock.now += dt.timedelta(days=1, minutes=1)
    app.letters.ask_to_join(replace(EVE, email="eve.moore@UNI.EXAMPLE"), FORM)
    assert app.send_letters() == 1


def test_a_claim_that_was_left_lapses(app: App, clock: Hands) -> None:
    """While it is held nobody else sends the letter."""
    app.letters.ask_to_join(EVE, FORM)
    assert len(LetterStore(app.db).claim(5, now=clock())) == 1
    assert app.send_letters() == 0
    clock.now += LEASE + dt.timedelta(seconds=1)
    assert app.send_letters() == 1


def test_an_erased_reader_leaves_no_letter(app: App) -> None:
    """Nor does a question that nobody has looked at yet."""
    app.letters.ask_to_join(replace(EVE, email="ada@uni.example"), FORM)
    app.erase("ada")
    assert app.letters.waiting() == 0
    assert not [line for line in dump(app) if "ada@uni.example" in line]


def test_a_link_confirms_the_address_that_it_went_to(app: App) -> None:
    """And not one that was asked for since."""
    reader = app.members.join(EVE, FORM).reader_id
    assert reader is not None
    app.members.confirm(reader, FORM, email=EVE.email)
    app.members.ask_for_address(reader, "new@uni.example", FORM)
    with pytest.raises(MembershipError, match="another address"):
        app.members.confirm(reader, FORM, email=EVE.email)
    app.letters.ask_to_confirm(reader)
    assert app.send_letters() == 1
    assert app.members.confirm(reader, FORM, email="NEW@uni.example").subscriber.email == "new@uni.example"


def test_the_first_edition_is_planned_at_once(app: App, clock: Hands) -> None:
    """In place of the day's scheduled one; confirming twice plans one."""
    reader = app.members.join(EVE, FORM).reader_id
    assert reader is not None
    for _ in range(2):
        known = app.members.confirm(reader, FORM, at_once=True)
    (row,) = app.outbox.listing()
    assert (row.subscriber_id, row.edition) == (reader, dt.date(2026, 5, 20))
    assert known.next_edition == dt.date(2026, 5, 21)
