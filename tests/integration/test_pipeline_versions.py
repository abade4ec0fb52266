"""What is sent once stays sent, whatever version or journal comes after; what is withdrawn never goes out."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.app import App
from digest.model import AnnounceType, Batch, DeliveryState, Entry, Identifier, Scheme, Withdrawal
from digest.pipeline.ingest import index, store_page
from digest.sources.base import Page
from digest.store.outbox import Filters
from tests.support.apps import Hands, make_app
from tests.support.entries import arxiv_entry, doi_entry, hf_entry
from tests.support.smtp_server import Rule, Say, SmtpServer

NINE = dt.datetime(2026, 5, 20, 7, 0, tzinfo=dt.UTC)  # a Wednesday, 09:00 in Berlin
DAY = dt.timedelta(days=1)
TITLE = "Blocked sparse attention for long contexts"
ADA = """\
email: ada@uni.example
timezone: Europe/Berlin
send: 09:00
frequency: daily
papers: 3
explore: false
quiet_day: skip
lanes: [{name: Attention, phrases: [sparse attention]}]
"""
BLOCKED = arxiv_entry("2605.00001", TITLE, authors=["Ann Author"])
HASHED = arxiv_entry("2605.00002", "Hashed sparse attention for short contexts", authors=["Bob Byline"])
DOI = Identifier(Scheme.DOI, "10.1000/x")
GONE = Withdrawal("arxiv-oai", Identifier(Scheme.ARXIV, "2605.00001"))


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


@pytest.fixture
def clock() -> Hands:
    return Hands(NINE - dt.timedelta(hours=1))


@pytest.fixture
def app(tmp_path: Path, clock: Hands, server: SmtpServer) -> Iterator[App]:
    app = make_app(tmp_path, clock, readers={"ada": ADA})
    mail = f"mail: {{from: papers@uni.example, transport: smtp, server: 'smtp://127.0.0.1:{server.port}', timeout: 5s}}"
    (tmp_path / "config.yaml").write_text(f"site: {{name: Test papers, contact: op@uni.example}}\n{mail}\n")
    app.close()
    app = App(tmp_path / "config.yaml", env={}, clock=clock)
    app.reread()
    yield app
    app.close()


def tell(app: App, *entries: Entry, withdrawn: tuple[Withdrawal, ...] = ()) -> None:
    store_page(app.rooms, "test", Page(batch=Batch(entries=entries, withdrawn=withdrawn)))
    index(app.rooms)


def subjects(server: SmtpServer) -> list[str]:
    """The bodies of all mails so far, to look for titles in."""
    return [
        server.parsed(number).get_body(("plain",)).get_content()  # type: ignore[union-attr]  # every mail has a text
        for number in range(len(server.messages))
    ]


def state(app: App) -> DeliveryState:
    return app.outbox.listing(Filters(subscriber_id="ada", limit=1))[0].state


LATER_TELLINGS = {
    "v2, announced as a replacement": (
        1,
        arxiv_entry(
            "2605.00001",
            "Blocked and bounded sparse attention",
            version=2,
            announce_type=AnnounceType.REPLACE,
            authors=["Ann Author"],
        ),
    ),
    "v2, in a feed that calls everything new": (
        1,
        arxiv_entry("2605.00001", "Blocked and bounded sparse attention", version=2, authors=["Ann Author"]),
    ),
    "a list of another provider": (1, hf_entry("2605.00001", "Blocked sparse attention!", upvotes=99, at=NINE + DAY)),
    "the journal, months later, by its title": (200, doi_entry("10.1000/x", TITLE, authors=["A. Author"])),
    "the journal, months later, by the DOI that arXiv gives": (
        200,
        dataclasses.replace(
            doi_entry("10.1000/y", "Sparse attention in blocks: a journal version", authors=["Ann Author"]),
            identifiers=(Identifier(Scheme.DOI, "10.1000/y"), Identifier(Scheme.ARXIV, "2605.00001")),
        ),
    ),
}


@pytest.mark.parametrize("telling", LATER_TELLINGS)
def test_a_sent_paper_is_never_news_again(app: App, clock: Hands, server: SmtpServer, telling: str) -> None:
    """Neither a version, nor another source, nor a journal months later brings a paper a second time."""
    tell(app, BLOCKED)
    clock.now = NINE
    assert app.tick().accepted == 1
    days, entry = LATER_TELLINGS[telling]
    clock.now = NINE + days * DAY + dt.timedelta(hours=2)  # 09:00 is another instant in winter
    published = clock.now if entry.published_at else None
    tell(app, dataclasses.replace(entry, published_at=published, announced_at=entry.announced_at and clock.now))
    assert app.rooms.papers.count() == 1
    done = app.tick()
    assert (done.accepted, done.skipped) == (0, 1)
    assert len(server.messages) == 1


def test_a_withdrawn_paper_is_never_picked_in_whatever_order_it_comes(app: App, clock: Hands) -> None:
    """Before, with, or after the paper: the withdrawal holds; telling it again changes nothing."""
    tell(app, withdrawn=(GONE,))
    tell(app, BLOCKED)
    assert app.rooms.papers.get([1])[1].withdrawn
    tell(app, hf_entry("2605.00001", TITLE, upvotes=50), withdrawn=(GONE, GONE))
    clock.now = NINE
    assert app.tick().skipped == 1


def test_a_withdrawal_ends_when_its_provider_tells_of_the_paper_again(app: App) -> None:
    """A record that comes back is a paper again, though it says what it said before; another source cannot do that."""
    live = dataclasses.replace(BLOCKED, source="arxiv-oai", key="oai:arXiv.org:2605.00001", version=None)
    tell(app, live)
    tell(app, withdrawn=(GONE,))
    tell(app, BLOCKED)
    assert app.rooms.papers.get([1])[1].withdrawn
    tell(app, live)
    assert not app.rooms.papers.get([1])[1].withdrawn


@pytest.mark.parametrize("told", ["a deleted record", "a second version that says so"])
def test_a_mail_that_waits_is_built_anew_without_a_withdrawn_paper(
    app: App, clock: Hands, server: SmtpServer, told: str
) -> None:
    """Deferred with two papers, one withdrawn meanwhile: the retry carries the other one only."""
    server.script(Rule(at="rcpt", do=Say("450 4.2.0 try again later"), times=1))
    tell(app, BLOCKED, HASHED)
    clock.now = NINE
    assert app.tick().deferred == 1
    if told == "a deleted record":
        tell(app, withdrawn=(GONE,))
    else:
        v2 = dataclasses.replace(BLOCKED, key="2605.00001v2", version=2, announce_type=AnnounceType.REPLACE)
        tell(app, dataclasses.replace(v2, abstract="This paper has been withdrawn.", withdrawn=True))
    clock.now = NINE + dt.timedelta(hours=1)
    assert app.tick().accepted == 1
    (mail,) = subjects(server)
    assert "Hashed sparse attention" in mail
    assert "Blocked sparse attention" not in mail
    assert app.outbox.sent_paper_ids(["ada"]) == {"ada": {2}}


def test_a_mail_with_nothing_left_is_skipped(app: App, clock: Hands, server: SmtpServer) -> None:
    """Its only paper was withdrawn while the mail waited: nothing goes out, and the reason is on record."""
    server.script(Rule(at="rcpt", do=Say("450 4.2.0 try again later"), times=1))
    tell(app, BLOCKED)
    clock.now = NINE
    app.tick()
    tell(app, withdrawn=(GONE,))
    clock.now = NINE + dt.timedelta(hours=1)
    assert app.tick().skipped == 1
    assert server.messages == []


def test_a_held_mail_is_built_anew_when_it_is_released(app: App, clock: Hands, server: SmtpServer) -> None:
    """The operator's hold stays; after the release the mail goes out without the withdrawn paper."""
    server.script(Rule(at="rcpt", do=Say("450 4.2.0 try again later"), times=1))
    tell(app, BLOCKED, HASHED)
    clock.now = NINE
    app.tick()
    (row,) = app.outbox.listing(Filters(subscriber_id="ada"))
    app.outbox.hold([row.id], now=clock.now)
    tell(app, withdrawn=(GONE,))
    app.tick()
    assert state(app) is DeliveryState.HELD
    app.outbox.release_held([row.id], now=clock.now)
    assert app.tick().accepted == 1
    assert "Blocked sparse attention" not in subjects(server)[0]


def test_a_pick_is_explained_by_its_mail_after_a_merge(app: App, clock: Hands, server: SmtpServer) -> None:
    """What went out and was merged into an older paper since counts as sent under that, and `why` finds the mail."""
    journal = dataclasses.replace(doi_entry("10.1000/x", "Quite another headline of it"), identifiers=(DOI,))
    tell(app, journal)
    tell(app, BLOCKED)
    clock.now = NINE
    assert app.tick().accepted == 1
    bridge = dataclasses.replace(BLOCKED, key="2605.00001v2", version=2, identifiers=(*BLOCKED.identifiers, DOI))
    tell(app, bridge)
    assert set(app.outbox.sent_paper_ids(["ada"])["ada"]) == {1}
    paper, _, verdict = app.why("ada", "2605.00001")
    assert (paper.id, verdict.position, verdict.edition) == (1, 1, NINE.date())
