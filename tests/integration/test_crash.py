"""kill -9 in every phase of a transaction: nothing lost, nothing twice, and no more uncertain than promised.

Checked against the server's own ledger on disk, which has a message before its 250 is written.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import pytest

from digest.model import DeliveryState as S
from digest.store.outbox import Outbox
from tests.support.chaos import Kill
from tests.support.forked import Habits, clock_at, start_sender
from tests.support.outbox_rows import HOUR, NOW, add_readers, make_outbox, make_ready
from tests.support.smtp_server import At, Drop, Hang, Rule, Say, SmtpServer

pytestmark = pytest.mark.slow

READERS = 30
CONNECTIONS, WINDOW = 2, 3
BOUND = CONNECTIONS * WINDOW


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


@pytest.fixture
def server(ledger: Path) -> Iterator[SmtpServer]:
    with SmtpServer(ledger=ledger) as running:
        yield running


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = make_outbox(f"sqlite:///{tmp_path}/digest.db")
    names = [f"r{index}" for index in range(READERS)]
    add_readers(made._db, *names)
    make_ready(made, names)
    yield made
    made._db.close()


@pytest.fixture
def clock() -> Synchronized[float]:
    """The senders' clock, which stands at NOW when the test begins."""
    return clock_at(NOW)


Start = Callable[..., ForkServerProcess]


@pytest.fixture
def start(outbox: Outbox, server: SmtpServer, clock: Synchronized[float]) -> Start:
    """Starts a sender; ``per_second`` slows it down, ``relays`` are tried in their order."""

    def started(
        per_second: float | None = None, relays: tuple[SmtpServer, ...] = (server,), kill: Kill | None = None
    ) -> ForkServerProcess:
        habits = Habits(connections=CONNECTIONS, window=WINDOW, per_second=per_second, kill=kill)
        ports = [relay.port for relay in relays]
        return start_sender(str(outbox._db.url), ports, clock, habits)

    return started


def finish(process: ForkServerProcess) -> int | None:
    process.join(60)
    return process.exitcode


def received(ledger: Path) -> Counter[str]:
    """Message-IDs in the server's ledger, with how often each was taken."""
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    return Counter(json.loads(line)["message_id"] for line in lines)


def check(outbox: Outbox, server: SmtpServer, ledger: Path, start: Start) -> int:
    """Recover as the next start does, send the rest, and compare outbox and ledger; returns how many are uncertain."""
    later = NOW + HOUR
    outbox.reap(later)
    # Those of the killed process that are uncertain now are all there will be.
    uncertain = {row.message_id for row in outbox.listing() if row.state is S.UNCERTAIN}
    assert len(uncertain) <= BOUND
    server.script()
    assert finish(start()) == 0
    states = {row.message_id: row.state for row in outbox.listing()}
    taken = received(ledger)
    assert set(states.values()) <= {S.ACCEPTED, S.UNCERTAIN}
    assert all(number == 1 for number in taken.values()), "nothing twice"
    assert {message for message, state in states.items() if state is S.ACCEPTED} <= set(taken), "nothing invented"
    missing = {message for message in states if message not in taken}
    assert missing <= uncertain, "nothing lost, save what is reported as uncertain"
    return len(uncertain)


@pytest.mark.parametrize("phase", ["greeting", "mail", "rcpt", "data", "body", "dot", "accepted"])
def test_killed_while_the_server_has_the_word(
    outbox: Outbox, server: SmtpServer, ledger: Path, start: Start, phase: At
) -> None:
    """Killed at each phase of a transaction, the first and a later one, with the other connection at work."""
    after = 0 if phase == "greeting" else 4
    server.script(Rule(at=phase, do=Hang(), after=after))
    process = start()
    server.wait_for(phase, after + 1, timeout_s=30)
    process.kill()
    assert finish(process) == -signal.SIGKILL
    uncertain = check(outbox, server, ledger, start)
    assert uncertain == 0 if phase == "greeting" else uncertain <= BOUND


def test_killed_again_and_again(outbox: Outbox, server: SmtpServer, ledger: Path, start: Start) -> None:
    """Five crashes in a row leave at most five windows per connection, and never a duplicate."""
    uncertain = 0
    for crash in range(5):
        process = start(60)
        server.wait_for("accepted", 2 * (crash + 1), timeout_s=30)
        process.kill()
        finish(process)
        uncertain += outbox.reap(NOW + HOUR).uncertain
        assert uncertain <= (crash + 1) * BOUND
    assert max(received(ledger).values()) == 1
    outbox.reap(NOW + HOUR)
    server.script()
    finish(start())
    lost = {row.message_id for row in outbox.listing() if row.message_id not in received(ledger)}
    assert lost <= {row.message_id for row in outbox.listing() if row.state is S.UNCERTAIN}


def test_sigterm_leaves_nothing_uncertain(outbox: Outbox, server: SmtpServer, ledger: Path, start: Start) -> None:
    """A clean stop finishes what is under way and returns the rest."""
    process = start(30)
    server.wait_for("accepted", 3, timeout_s=30)
    process.terminate()
    assert finish(process) == 0
    assert set(outbox.counts()) == {S.ACCEPTED, S.READY}
    assert outbox.counts()[S.ACCEPTED] == len(received(ledger))
    assert check(outbox, server, ledger, start) == 0


def test_two_processes_share_the_work(outbox: Outbox, server: SmtpServer, ledger: Path, start: Start) -> None:
    """Two daemons on one database, one of them killed: the other goes on, none twice."""
    server.script(Rule(at="accepted", do=Drop(), times=1))
    first = start(40)
    second = start(40)
    server.wait_for("accepted", 8, timeout_s=30)
    first.kill()
    finish(first)
    assert finish(second) == 0
    outbox.reap(NOW + HOUR)
    server.script()
    assert finish(start()) == 0
    taken = received(ledger)
    states = {row.message_id: row.state for row in outbox.listing()}
    assert max(taken.values()) == 1
    assert {message for message in states if message not in taken} <= {
        message for message, state in states.items() if state is S.UNCERTAIN
    }
    assert list(states.values()).count(S.UNCERTAIN) <= BOUND + 1


@pytest.mark.parametrize("commit", range(6, 16, 3))
def test_killed_while_one_relay_hands_over_to_the_next(
    outbox: Outbox, server: SmtpServer, ledger: Path, start: Start, commit: int
) -> None:
    """The first relay turns us away after some mails; whenever the sender dies, no mail is in both ledgers."""
    with SmtpServer(ledger=ledger) as spare:
        server.script(Rule(at="mail", do=Say("451 4.3.0 not now"), after=7))
        assert finish(start(relays=(server, spare), kill=("after", commit))) == -signal.SIGKILL
        outbox.reap(NOW + HOUR)
        uncertain = {row.message_id for row in outbox.listing() if row.state is S.UNCERTAIN}
        assert len(uncertain) <= BOUND
        assert finish(start(relays=(server, spare))) == 0
        taken = received(ledger)
        assert max(taken.values()) == 1
        states = {row.message_id: row.state for row in outbox.listing()}
        assert set(states.values()) <= {S.ACCEPTED, S.UNCERTAIN}
        assert {message for message in states if message not in taken} <= uncertain
        assert spare.ledger()
