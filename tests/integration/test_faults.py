"""Faults that need a real process, a real disk or a real database: the outbox against the ledger after each of them."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from digest.model import DeliveryState as S
from digest.store.outbox import Outbox
from tests.support.chaos import When
from tests.support.forked import Habits, clock_at, signal_to, start_sender
from tests.support.outbox_rows import HOUR, NOW, add_readers, make_outbox, make_ready
from tests.support.small_disk import Ballast, small_disk
from tests.support.smtp_server import Act, At, SmtpServer

pytestmark = pytest.mark.slow

PATIENCE_S = 60.0
LEASE_S = 60.0
ONE_BY_ONE = Habits(connections=1, window=3, lease_s=LEASE_S)


class Watched(SmtpServer):
    """Does something when a phase is reached for the n-th time, and only then goes on."""

    def __init__(self, ledger: Path) -> None:
        super().__init__(ledger=ledger, keep=False)
        self.when: tuple[At, int] | None = None
        self.then: Callable[[], None] = lambda: None

    def act_at(self, phase: At, command: str) -> Act | None:
        act = super().act_at(phase, command)
        if self.when == (phase, self.seen[phase]):
            self.then()
        return act


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Watched]:
    with Watched(tmp_path / "ledger.jsonl") as running:
        yield running


@pytest.fixture
def clock() -> Synchronized[float]:
    """The senders' clock, which stands at NOW when the test begins."""
    return clock_at(NOW)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = make_outbox(f"sqlite:///{tmp_path}/digest.db")
    yield made
    made._db.close()


def furnish(outbox: Outbox, number: int) -> None:
    names = [f"r{index}" for index in range(number)]
    add_readers(outbox._db, *names)
    make_ready(outbox, names)


def url_of(outbox: Outbox) -> str:
    return outbox._db.url.render_as_string(hide_password=False)


def ended(process: ForkServerProcess) -> int | None:
    process.join(PATIENCE_S)
    return process.exitcode


def compare(outbox: Outbox, server: SmtpServer) -> Counter[S]:
    """Nothing twice, nothing lost, nothing made up; how many deliveries are in which state."""
    taken = Counter(server.message_ids())
    assert max(taken.values(), default=0) <= 1, "nothing twice"
    rows = outbox.listing()
    for row in rows:
        if row.state is S.ACCEPTED:
            assert taken[str(row.message_id)], f"{row.subscriber_id} is accepted, and nobody has it"
        elif row.state is not S.UNCERTAIN:
            assert not taken[str(row.message_id)], f"{row.subscriber_id} was taken, and is {row.state}"
    return Counter(row.state for row in rows)


def test_killed_before_and_after_every_commit_of_a_pass(
    outbox: Outbox, server: Watched, clock: Synchronized[float]
) -> None:
    """Planning, building, claiming, marking, recording: at whichever commit it dies, the next pass makes good."""
    uncertain = killed = 0
    moments: tuple[When, ...] = ("before", "after")
    for when in moments:
        for number in range(1, 13):
            names = tuple(f"{when}{number}x{index}" for index in range(5))
            add_readers(outbox._db, *names)
            doomed = Habits(
                connections=2, window=2, plans=names, kill=("before" if when == "before" else "after", number)
            )
            killed += ended(start_sender(url_of(outbox), [server.port], clock, doomed)) == -signal.SIGKILL
            # The one after it knows by the lease that the other is dead.
            again = Habits(connections=2, window=2, plans=names)
            assert ended(start_sender(url_of(outbox), [server.port], clock, again)) == 0
            states = compare(outbox, server)
            assert set(states) <= {S.ACCEPTED, S.UNCERTAIN}, (when, number)
            assert states[S.UNCERTAIN] - uncertain <= again.connections * again.window
            uncertain = states[S.UNCERTAIN]
    assert killed >= 16, "a pass has at least eight commits"
    assert len(outbox.listing()) == 24 * 5


def test_a_zombie_wakes_up(outbox: Outbox, server: Watched, clock: Synchronized[float]) -> None:
    """Frozen in the middle of a window until its leases are over and another sender has done the rest."""
    furnish(outbox, 9)
    first: list[ForkServerProcess] = []
    frozen = threading.Event()

    def freeze() -> None:
        signal_to(first[0], signal.SIGSTOP)
        clock.value += LEASE_S + 1
        frozen.set()

    server.when, server.then = ("mail", 2), freeze
    first.append(start_sender(url_of(outbox), [server.port], clock, ONE_BY_ONE))
    assert frozen.wait(PATIENCE_S)
    assert ended(start_sender(url_of(outbox), [server.port], clock, ONE_BY_ONE)) == 0
    between = compare(outbox, server)
    assert between[S.UNCERTAIN] <= ONE_BY_ONE.window
    assert between[S.ACCEPTED] >= 9 - ONE_BY_ONE.window
    signal_to(first[0], signal.SIGCONT)
    assert ended(first[0]) == 0
    after = compare(outbox, server)
    assert after[S.UNCERTAIN] < between[S.UNCERTAIN], "a late 250 settles what it was in the middle of"
    assert set(after) <= {S.ACCEPTED, S.UNCERTAIN}


@pytest.mark.parametrize("jump_s", [LEASE_S + 1, 20 * 3600.0, -2 * 3600.0], ids=["past-lease", "past-expiry", "back"])
def test_the_clock_jumps_while_mails_are_sent(
    outbox: Outbox, server: Watched, clock: Synchronized[float], jump_s: float
) -> None:
    """Forward: nothing is begun under a lease that is over, nor when it is news no more. Back: its time will come."""
    furnish(outbox, 12)

    def jump() -> None:
        clock.value += jump_s

    server.when, server.then = ("rcpt", 4), jump
    assert ended(start_sender(url_of(outbox), [server.port], clock, ONE_BY_ONE)) == 0
    assert set(compare(outbox, server)) <= {S.ACCEPTED, S.READY, S.EXPIRED}
    clock.value = max(clock.value, NOW.timestamp() - time.time())
    assert ended(start_sender(url_of(outbox), [server.port], clock, ONE_BY_ONE)) == 0
    states = compare(outbox, server)
    if jump_s == 20 * 3600.0:
        assert states[S.ACCEPTED] >= 4
        assert set(states) <= {S.ACCEPTED, S.EXPIRED}
    else:
        assert states == {S.ACCEPTED: 12}


class Choked(NamedTuple):
    """A sender of nine mails whose disk is full since the third was taken."""

    outbox: Outbox
    sender: ForkServerProcess
    ballast: Ballast


@pytest.fixture
def choked(tmp_path: Path, server: Watched, clock: Synchronized[float]) -> Iterator[Choked]:
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("may not mount a small disk")
        outbox = make_outbox(f"sqlite:///{disk}/digest.db")
        furnish(outbox, 9)
        ballast, full = Ballast(disk), threading.Event()

        def fill() -> None:
            ballast.fill()
            full.set()

        server.when, server.then = ("accepted", 3), fill
        sender = start_sender(url_of(outbox), [server.port], clock, ONE_BY_ONE)
        assert full.wait(PATIENCE_S)
        yield Choked(outbox, sender, ballast)
        outbox._db.close()


def test_the_disk_is_full_after_the_250(choked: Choked, server: Watched) -> None:
    """The replies are kept until there is room again; nothing is sent meanwhile, and nothing twice."""
    choked.sender.join(1.0)
    assert choked.sender.exitcode is None, "it waits"
    assert server.seen["mail"] <= 2 * ONE_BY_ONE.window
    choked.ballast.drop()
    assert ended(choked.sender) == 0
    assert compare(choked.outbox, server) == {S.ACCEPTED: 9}


def test_killed_with_a_full_disk(choked: Choked, server: Watched, clock: Synchronized[float]) -> None:
    """Whoever is killed while it cannot write leaves no more than a window uncertain, and the next one goes on."""
    choked.sender.join(0.5)
    choked.sender.kill()
    assert ended(choked.sender) == -signal.SIGKILL
    choked.ballast.drop()
    assert ended(start_sender(url_of(choked.outbox), [server.port], clock, ONE_BY_ONE)) == 0
    states = compare(choked.outbox, server)
    assert set(states) == {S.ACCEPTED, S.UNCERTAIN}
    assert states[S.UNCERTAIN] <= 2 * ONE_BY_ONE.window, "its window, and the one that it was about to be given"


def test_sqlite_is_locked_after_the_250(outbox: Outbox, server: Watched, clock: Synchronized[float]) -> None:
    """Another program holds the database for a while: the sender waits, and nothing is sent twice."""
    furnish(outbox, 9)
    released, threads = threading.Event(), list[threading.Thread]()

    def hold() -> None:
        with outbox._db.write():
            locked.set()
            released.wait(1.0)

    locked = threading.Event()

    def lock() -> None:
        threads.append(threading.Thread(target=hold))
        threads[0].start()
        locked.wait(PATIENCE_S)

    server.when, server.then = ("accepted", 3), lock
    assert ended(start_sender(url_of(outbox), [server.port], clock, ONE_BY_ONE)) == 0
    threads[0].join()
    assert compare(outbox, server) == {S.ACCEPTED: 9}


@pytest.mark.postgres
def test_postgresql_is_gone_after_the_250(postgres_url: str, server: Watched, clock: Synchronized[float]) -> None:
    """Its connections are cut and new ones are refused for a while: the replies are kept, and nothing is sent twice."""
    outbox = make_outbox(postgres_url)
    furnish(outbox, 9)
    base, _, name = postgres_url.rpartition("/")

    def admit(yes: bool) -> None:
        with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {str(yes).lower()}')
            if not yes:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))

    gone = threading.Event()

    def cut() -> None:
        admit(False)
        gone.set()

    server.when, server.then = ("accepted", 3), cut
    sender = start_sender(url_of(outbox), [server.port], clock, ONE_BY_ONE)
    assert gone.wait(PATIENCE_S)
    sender.join(1.0)
    assert sender.exitcode is None, "it waits"
    admit(True)
    assert ended(sender) == 0
    with suppress(Exception):
        outbox.reap(NOW + HOUR)  # the test's own connection was cut, too
    assert compare(outbox, server) == {S.ACCEPTED: 9}
    outbox._db.close()
