"""The daemon as a real process: signals, failing jobs, changed files, and the words it logs about them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRIVER = ROOT / "tests" / "support" / "daemon_driver.py"
PATIENCE_S = 20

pytestmark = pytest.mark.slow


@dataclass
class Running:
    """A daemon process with the journal of what its work was asked to do."""

    process: subprocess.Popen[str]
    journal: Path

    def events(self) -> list[str]:
        return self.journal.read_text(encoding="utf-8").splitlines() if self.journal.exists() else []

    def wait_for(self, event: str, *, times: int = 1) -> None:
        """Until the journal has ``event`` that many times; fails with the whole journal."""
        deadline = time.monotonic() + PATIENCE_S
        while self.events().count(event) < times:
            assert self.process.poll() is None, f"the daemon is gone: {self.stop_and_read()}"
            assert time.monotonic() < deadline, f"no {event!r} in {self.events()}"
            time.sleep(0.02)

    def finish(self) -> tuple[int, str]:
        """The exit status and the log, once the process has ended by itself."""
        _, log = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, log

    def stop_and_read(self) -> str:
        self.process.kill()
        return self.process.communicate()[1]


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts daemons in a folder of their own, and ends those that a test leaves behind."""
    begun: list[subprocess.Popen[str]] = []

    def go(*behaviours: str, env: dict[str, str] | None = None) -> Running:
        (tmp_path / "subscribers").mkdir(exist_ok=True)
        journal = tmp_path / "journal"
        process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(journal), *behaviours],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": "", **(env or {})},
        )
        begun.append(process)
        return Running(process, journal)

    yield go
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_a_start_reads_every_source_before_the_first_tick(start: Start) -> None:
    """Subscribers first, then the sources, then what came due meanwhile; signals beside it, behind the sources."""
    daemon = start()
    daemon.wait_for("tick done", times=2)
    daemon.wait_for("read signal:huggingface")
    daemon.process.send_signal(signal.SIGTERM)
    status, log = daemon.finish()
    events = [event for event in daemon.events() if event != "ready"]
    assert events[:2] == ["open 1", "reread"]
    assert sorted(events[2:4]) == ["ingest arxiv", "ingest huggingface"]
    assert events.index("read signal:huggingface") >= 4
    assert [event for event in events if not event.startswith("read ")][4:6] == ["tick 1", "tick done"]
    assert events[-1] == "close 1"
    assert status == 0
    assert "source=arxiv status=ok read=0 new=3" in log
    assert "reader=bob keeps the last good settings: bob.yaml:3: send: 25:00 is no time" in log
    assert log.count("tick planned=") == 1, "a tick in which nothing happened is not worth a line"
    assert "next='ada, Tue 07:30 Europe/Berlin, in 15 h'" in log
    assert "is safe" in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_lets_the_tick_finish(start: Start, number: signal.Signals) -> None:
    """The tick sees its stop flag, finishes, and nothing starts after it."""
    daemon = start("slow-tick")
    daemon.wait_for("tick 1")
    daemon.process.send_signal(number)
    status, log = daemon.finish()
    assert status == 0
    assert daemon.events()[-2:] == ["tick done", "close 1"]
    assert log.rstrip().endswith("INFO stopped")


def test_a_second_signal_stops_at_once(start: Start) -> None:
    """A tick that never ends cannot hold the process; what it was doing is called uncertain."""
    daemon = start("deaf-tick")
    daemon.wait_for("tick 1")
    daemon.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert daemon.process.poll() is None
    daemon.process.send_signal(signal.SIGTERM)
    status, log = daemon.finish()
    assert status == 1
    assert "uncertain" in log
    assert "tick done" not in daemon.events()


def test_a_source_that_hangs_does_not_hold_up_a_stop(start: Start) -> None:
    """Reading can be repeated, so a stop waits for it only for a moment."""
    daemon = start("deaf-source")
    daemon.wait_for("ready")
    daemon.wait_for("ingest arxiv")
    daemon.process.send_signal(signal.SIGTERM)
    status, log = daemon.finish()
    assert status == 0
    assert "stopped while busy with ingest arxiv" in log


def test_a_failing_tick_is_logged_and_tried_again(start: Start) -> None:
    """A bug in one tick shows its traceback; the next tick happens."""
    daemon = start("broken-tick")
    daemon.wait_for("tick done")
    daemon.process.send_signal(signal.SIGTERM)
    status, log = daemon.finish()
    assert status == 0
    assert "job=tick failed by a bug of ours" in log
    assert "RuntimeError: a bug" in log


def test_failing_sources_do_not_stop_the_ticks_and_no_address_is_logged(start: Start) -> None:
    """Every source raises, and readers still get their mail; the traceback has no address in it."""
    daemon = start("broken-source")
    daemon.wait_for("tick done")
    daemon.process.send_signal(signal.SIGTERM)
    status, log = daemon.finish()
    assert status == 0
    assert "job=ingest arxiv failed" in log
    assert "550 5.1.1 <[address]> is a secret" in log
    assert "ada@" not in log


def test_sighup_opens_the_work_anew_and_closes_the_old_one(start: Start) -> None:
    """After SIGHUP ticks belong to the new configuration, and subscribers are read again."""
    daemon = start()
    daemon.wait_for("tick done")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("tick 2")
    daemon.process.send_signal(signal.SIGTERM)
    status, log = daemon.finish()
    assert status == 0
    events = daemon.events()
    assert "close 1" in events[: events.index("tick 2")]
    assert "reread" in events[events.index("open 2") :]
    assert events[-1] == "close 2"
    assert "configuration read again" in log


def test_sighup_during_a_tick_leaves_that_tick_its_own_work(start: Start) -> None:
    """The old work is closed only when the tick inside it has ended."""
    daemon = start("slow-tick")
    daemon.wait_for("tick 1")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("open 2")
    time.sleep(0.3)
    assert "close 1" not in daemon.events()
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.finish()[0] == 0
    events = daemon.events()
    assert events.index("tick done") < events.index("close 1")


def test_a_broken_configuration_keeps_the_old_one_and_says_so(start: Start) -> None:
    """SIGHUP with a typo in config.yaml: the line is named, the daemon lives on what it had."""
    daemon = start("broken-reload")
    daemon.wait_for("tick done")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("ingest arxiv", times=2)  # the reload made all jobs due again
    seen = daemon.events().count("tick 1")
    daemon.wait_for("tick 1", times=seen + 1)
    daemon.process.send_signal(signal.SIGTERM)
    status, log = daemon.finish()
    assert status == 0
    assert "the old one stays: config.yaml:7: mail.server: no such preset" in log
    assert "close 1" not in daemon.events()[:-1]


def test_subscriber_files_are_read_again_when_they_change_and_only_then(start: Start, tmp_path: Path) -> None:
    """A new file, an edited one and a deleted one each cause one re-reading."""
    daemon = start()
    daemon.wait_for("tick done", times=3)
    assert daemon.events().count("reread") == 1
    ada = tmp_path / "subscribers" / "ada.yaml"
    ada.write_text("email: ada@uni.example\n", encoding="utf-8")
    daemon.wait_for("reread", times=2)
    ada.write_text("email: ada@lab.example\npapers: 5\n", encoding="utf-8")
    daemon.wait_for("reread", times=3)
    ada.unlink()
    daemon.wait_for("reread", times=4)


def test_systemd_hears_of_ready_watchdog_and_stopping(start: Start, tmp_path: Path) -> None:
    """Type=notify services: READY=1 first, WATCHDOG=1 while alive, STOPPING=1 last."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "n"))
    manager.settimeout(PATIENCE_S)
    try:
        daemon = start(env={"NOTIFY_SOCKET": str(tmp_path / "n"), "WATCHDOG_USEC": "600000"})
        heard = [manager.recv(4096).decode()]
        while "WATCHDOG=1" not in heard:
            heard.append(manager.recv(4096).decode())
        daemon.process.send_signal(signal.SIGTERM)
        while "STOPPING=1" not in heard:
            heard.append(manager.recv(4096).decode())
        assert daemon.finish()[0] == 0
    finally:
        manager.close()
    assert "READY=1" in heard[:2]
    assert heard[-1] == "STOPPING=1"
    assert any(message.startswith("STATUS=next: ada") for message in heard)
