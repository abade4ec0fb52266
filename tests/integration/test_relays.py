"""Two relays: when the first is in trouble the second goes on, and nothing goes out twice or gets lost between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.model import DeliveryState as S
from digest.store.outbox import Outbox
from tests.support.outbox_rows import NOW, add_readers, make_outbox, make_ready, relays_of_attempts
from tests.support.relaying import relay, send
from tests.support.smtp_server import Act, At, Drop, Rule, Say, SmtpServer, closed_port

TEN_MINUTES = dt.timedelta(minutes=10)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = make_outbox(f"sqlite:///{tmp_path}/digest.db")
    yield made
    made._db.close()


@pytest.fixture
def first() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


@pytest.fixture
def second() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


def readers(outbox: Outbox, number: int) -> list[int]:
    names = [f"r{index:03}" for index in range(number)]
    add_readers(outbox._db, *names)
    return make_ready(outbox, names)


def ids_in(*servers: SmtpServer) -> list[str]:
    return sorted(each for server in servers for each in server.message_ids())


def test_a_relay_that_cannot_be_reached_hands_over(outbox: Outbox, second: SmtpServer) -> None:
    """Everything goes over the second one in the same pass, the attempts say so, and the first one rests."""
    readers(outbox, 30)
    with closed_port() as port:
        broken, good = relay(port), relay(second.port)
        report = send(outbox, [broken, good])
    assert (report.sent, report.paused, report.accepted_by) == (30, None, {good.name: 30})
    assert [each.relay for each in report.resting] == [broken.name]
    assert not report.ok, "somebody should look at the first relay"
    assert set(relays_of_attempts(outbox)) == {good.name}
    assert len(set(ids_in(second))) == 30


@pytest.mark.parametrize(
    ("at", "do"),
    [
        ("greeting", Say("421 4.3.2 busy")),
        ("mail", Say("550 5.7.1 sender rejected")),
        ("dot", Say("550 5.4.5 Daily user sending limit exceeded")),
        ("rcpt", Say("452 4.2.2 mailbox full")),
    ],
)
def test_trouble_half_way_moves_the_rest(
    outbox: Outbox, first: SmtpServer, second: SmtpServer, at: At, do: Act
) -> None:
    """Refusing us, our account, or most of what it is given: the next relay takes what is left, each mail once."""
    readers(outbox, 60)
    skip = 12 if at in {"mail", "dot"} else 0
    first.script(Rule(at=at, do=do, after=skip))
    report = send(outbox, [relay(first.port, connections=1), relay(second.port)])
    taken = ids_in(first, second)
    assert len(taken) == len(set(taken)) == report.sent
    assert report.counts.get(S.ACCEPTED, 0) + report.counts.get(S.DEFERRED, 0) == 60
    assert S.READY not in report.counts, "what the first relay could not take was taken by the second"
    assert outbox.counts().get(S.READY, 0) == 0
    assert len(second.ledger()) >= 60 - 20


def test_what_is_uncertain_never_moves(outbox: Outbox, first: SmtpServer, second: SmtpServer) -> None:
    """The first relay takes messages and dies before it says so: they are reported, and never move."""
    readers(outbox, 40)
    first.script(Rule(at="accepted", do=Drop(), times=3), Rule(at="greeting", do=Drop(), after=3))
    report = send(outbox, [relay(first.port, connections=1), relay(second.port)])
    assert report.counts[S.UNCERTAIN] == 3
    assert report.sent == 37
    taken = ids_in(first, second)
    assert len(taken) == len(set(taken)) == 40
    assert len(second.ledger()) == 37


def test_all_relays_in_trouble(outbox: Outbox) -> None:
    """Then it stops, says why, and charges no delivery."""
    readers(outbox, 5)
    with closed_port() as one, closed_port() as two:
        report = send(outbox, [relay(one), relay(two)])
    assert report.paused is not None
    assert len(report.resting) == 2
    assert outbox.counts() == {S.READY: 5}
    assert {row.attempt_count for row in outbox.listing()} == {0}


def test_after_its_pause_the_first_relay_gets_the_work_back(
    outbox: Outbox, first: SmtpServer, second: SmtpServer
) -> None:
    """One message proves it; the second relay is not even greeted."""
    readers(outbox, 20)
    one, two = relay(first.port), relay(second.port)
    outbox.pause_relay(one.name, until=NOW, failures=2, reason="test", now=NOW)
    report = send(outbox, [one, two])
    assert (report.accepted_by, report.resting, report.ok) == ({one.name: 20}, (), True)
    assert second.seen["greeting"] == 0
    assert not outbox.troubled_relays()


def test_in_the_midst_of_a_long_pass_the_first_relay_is_tried_again(
    outbox: Outbox, first: SmtpServer, second: SmtpServer
) -> None:
    """When its pause ends while the second one works, one message goes over the first, and then the rest."""
    readers(outbox, 60)
    one, two = relay(first.port), relay(second.port, per_second=60.0, connections=1)
    outbox.pause_relay(one.name, until=NOW + TEN_MINUTES, failures=1, reason="test", now=NOW)
    report = send(outbox, [one, two], clock=lambda: NOW + TEN_MINUTES if len(second.ledger()) >= 10 else NOW, window=2)
    assert report.sent == 60
    assert set(report.accepted_by) == {one.name, two.name}
    assert report.accepted_by[one.name] >= 30
    assert len(set(ids_in(first, second))) == 60


def test_a_probe_that_fails_gives_the_work_back(outbox: Outbox, first: SmtpServer, second: SmtpServer) -> None:
    """One message is tried over the first relay; it is still ill, so the second one goes on with all of them."""
    readers(outbox, 20)
    one, two = relay(first.port), relay(second.port)
    outbox.pause_relay(one.name, until=NOW, failures=1, reason="test", now=NOW)
    first.script(Rule(at="mail", do=Say("451 4.3.0 still ill")))
    report = send(outbox, [one, two])
    assert report.accepted_by == {two.name: 20}
    assert first.seen["mail"] == 1
    assert outbox.relay(one.name).failures == 2
