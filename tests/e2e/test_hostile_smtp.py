"""`digest run` against mail servers that refuse, hang and drop, and killed in the middle: the server's ledger against
the outbox. Nothing is lost, nothing is sent twice, and what nobody can know is reported as uncertain."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.small_disk import Ballast, small_disk
from tests.support.smtp_server import At, Drop, Hang, Rule, Say, SmtpServer
from tests.support.world import World, paper

pytestmark = pytest.mark.slow

CONNECTIONS, WINDOW = 2, 3


def furnish(world: World, *readers: str, **mail: object) -> None:
    """Papers, and readers that are all due; patience of a second."""
    world.mail |= {"timeout": "1s", "connections": CONNECTIONS, "window": WINDOW, **mail}
    world.configure()
    world.announce("cs.LG", *(paper(number) for number in range(8, 13)))
    for reader in readers:
        world.reader(reader)


def hours_pass(world: World) -> None:
    """Deferred deliveries come due, pauses are over."""
    long_ago = "'2001-01-01 00:00:00.000000'"
    world.change(f"UPDATE deliveries SET next_attempt_at = {long_ago} WHERE next_attempt_at IS NOT NULL")
    world.change(f"UPDATE relays SET paused_until = {long_ago} WHERE paused_until IS NOT NULL")


def taken(world: World) -> Counter[str]:
    """How often the server took a mail, by reader."""
    return Counter(message.recipient.partition("@")[0] for message in world.smtp.ledger())


FAULTS: dict[str, tuple[Rule, str, str]] = {
    "grey": (Rule("rcpt", Say("450 4.2.0 greylisted"), "grey@"), "deferred", "rcpt: 450 4.2.0 greylisted"),
    "dead": (Rule("rcpt", Say("550 5.1.1 no such user"), "dead@"), "suppressed", "rcpt: 550 5.1.1 no such user"),
    "policy": (Rule("rcpt", Say("550 5.7.1 blocked by policy"), "policy@"), "failed", "rcpt: 550 5.7.1 blocked"),
    "large": (Rule("dot", Say("552 5.3.4 too much"), "large@"), "failed", "dot: 552 5.3.4 too much"),
    "early": (Rule("rcpt", Drop(), "early@"), "deferred", "rcpt: connection lost"),
    "late": (Rule("accepted", Drop(), "late@"), "uncertain", "dot: connection lost"),
    "stuck": (Rule("rcpt", Hang(), "stuck@"), "deferred", "rcpt: no answer in time"),
}
"""What befalls the reader of that name, the state it leads to, and the words for it."""


def test_each_mail_meets_its_own_fault(tmp_path: Path) -> None:
    """A refusal, a hang or a lost connection is its own delivery's, told with the reason; the others arrive."""
    with World(tmp_path) as world:
        furnish(world, *FAULTS, "ada", connections=1)
        world.smtp.script(*(rule for rule, _, _ in FAULTS.values()))
        ran = world.digest("run")
        assert ran.code == 1, "failed and uncertain mails want somebody's eyes"
        assert world.states() == {name: state for name, (_, state, _) in FAULTS.items()} | {"ada": "accepted"}
        for name, (_, state, words) in FAULTS.items():
            assert f"  {name}: {state}: {words}" in ran.out, ran
        assert taken(world) == {"ada": 1, "late": 1}, "the server has one that we cannot know of"
        assert "Still open: 3 deferred, 1 uncertain (may have arrived), next try" in ran.out

        world.smtp.script()
        idle = world.digest("run", "--no-ingest")
        assert idle.code == 0, idle
        assert "Nothing due." in idle.out
        assert "Still open: 3 deferred, 1 uncertain" in idle.out, "said until somebody looks"
        assert taken(world) == {"ada": 1, "late": 1}

        hours_pass(world)
        later = world.digest("run", "--no-ingest")
        assert later.code == 0, later
        assert "3 accepted." in later.out
        assert taken(world) == dict.fromkeys(("ada", "late", "grey", "early", "stuck"), 1)
        assert world.states()["late"] == "uncertain", "held until somebody has looked into the inbox"


def test_a_server_that_takes_nobody_is_left_in_peace(tmp_path: Path) -> None:
    """The relay's fault is no delivery's: all wait, it is paused and not asked again at once, and then all go out."""
    with World(tmp_path, smtp=SmtpServer(users={"papers": "hunter2"})) as world:
        world.variables["TEST_PASSWORD"] = "hunter2"
        account = {"server": f"smtp://papers@127.0.0.1:{world.smtp.port}", "password": {"env": "TEST_PASSWORD"}}
        furnish(world, "ada", "bob", **account)
        faults = (
            (Rule("greeting", Say("421 4.3.2 too busy")), "connect: 421 4.3.2 too busy"),
            (Rule("auth", Say("535 5.7.8 wrong password")), "auth: 535 5.7.8 wrong password"),
            (Rule("auth", Say("454 4.7.0 temporary failure")), "auth: 454 4.7.0 temporary failure"),
            (Rule("greeting", Hang()), "connect: no answer in time"),
        )
        for knocks, (rule, words) in enumerate(faults, start=1):
            world.smtp.script(rule)
            ran = world.digest("run", *(["--no-ingest"] if knocks > 1 else []))
            assert ran.code == 1, ran
            assert " is paused " in ran.out
            assert words in ran.out
            assert "Still open: 2 ready." in ran.out
            assert "hunter2" not in ran.out + ran.err
            assert world.smtp.seen["greeting"] == knocks, "each wrong password counts towards a lockout"
            if knocks == 1:
                again = world.digest("run", "--no-ingest")
                assert again.code == 1, again
                assert world.smtp.seen["greeting"] == knocks, "a pause holds for the next process, too"
            hours_pass(world)
        assert world.rows("SELECT sum(attempt_count) FROM deliveries") == [(0,)]

        world.smtp.script()
        mended = world.digest("run", "--no-ingest")
        assert mended.code == 0, mended
        assert taken(world) == {"ada": 1, "bob": 1}


def test_a_missing_password_stops_before_anything_is_planned(tmp_path: Path) -> None:
    """It is a matter of configuration: exit code 2, with the line, and no reader's day is touched."""
    with World(tmp_path) as world:
        furnish(world, "ada")
        world.mail |= {"server": f"smtp://papers@127.0.0.1:{world.smtp.port}", "password": {"env": "TEST_PASSWORD"}}
        world.configure()
        ran = world.digest("run", "--no-ingest")
        assert ran.code == 2, ran
        assert "mail.password" in ran.err
        assert "TEST_PASSWORD" in ran.err
        assert not (world.folder / "digest.db").exists()


@pytest.mark.parametrize("phase", ["dot", "accepted"])
def test_killed_during_a_send(tmp_path: Path, phase: At) -> None:
    """kill -9 with mails at the server: the next run sends the rest, and reports what it cannot know, within bounds."""
    readers = [f"r{number}" for number in range(14)]
    with World(tmp_path) as world:
        furnish(world, *readers)
        world.smtp.script(Rule(phase, Hang(), after=4))
        process = world.start("run")
        world.smtp.wait_for(phase, 5, timeout_s=30)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        world.smtp.script()

        later = world.digest("run", "--no-ingest")
        states = world.states()
        uncertain = {name for name, state in states.items() if state == "uncertain"}
        assert set(states.values()) <= {"accepted", "uncertain"}
        assert 1 <= len(uncertain) <= CONNECTIONS * WINDOW
        assert later.code == 1, "uncertain mails want somebody's eyes"
        assert f"{len(uncertain)} uncertain" in later.out
        arrived = taken(world)
        assert max(arrived.values()) == 1, "nothing twice"
        assert {name for name, state in states.items() if state == "accepted"} <= set(arrived), "nothing made up"
        assert set(readers) - set(arrived) <= uncertain, "nothing lost but what is reported"

        queue = world.digest("queue", "--json", "--state", "uncertain")
        assert queue.code == 0, queue
        assert len(queue.out.splitlines()) == len(uncertain)


def test_asked_to_stop_during_a_send(tmp_path: Path) -> None:
    """What is at the server is finished, the rest is ready again, nothing is uncertain; the next run goes on."""
    readers = [f"r{number}" for number in range(10)]
    with World(tmp_path) as world:
        furnish(world, *readers, per_second=1)
        process = world.start("run")
        world.smtp.wait_for("accepted", 3, timeout_s=30)
        process.terminate()
        out, err = process.communicate(timeout=20)
        assert process.returncode == 1
        assert b"Traceback" not in out + err
        states = Counter(world.states().values())
        assert set(states) == {"accepted", "ready"}
        assert states["accepted"] == len(world.smtp.ledger())
        world.mail.pop("per_second")
        world.configure()
        assert world.digest("run", "--no-ingest").code == 0
        assert taken(world) == dict.fromkeys(readers, 1)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of six megabytes."""
    with small_disk(tmp_path / "disk") as folder:
        if folder is None:
            pytest.skip("may not mount a small disk")
        yield folder


def test_a_full_disk_sends_nothing(disk: Path) -> None:
    """What cannot be written down is not sent: one line and exit code 1; with space again, each mail goes out once."""
    with World(disk) as world:
        furnish(world, "ada", "bob")
        assert world.digest("ingest").code == 0
        ballast = Ballast(disk)
        ballast.fill(leave=60_000)
        full = world.digest("run", "--no-ingest")
        assert full.code == 1, full
        *alerts, error = full.err.splitlines()
        assert error.startswith("digest: store ")
        assert re.search(r"disk is full|disk I/O error", error)
        assert all("ALERT" in line for line in alerts), "that passes fail is told, too"
        assert not world.smtp.commands

        ballast.drop()
        assert world.digest("run", "--no-ingest").code == 0
        assert taken(world) == {"ada": 1, "bob": 1}
