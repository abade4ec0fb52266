"""The daemon's small parts: clock jumps, changed files, log lines, the service manager's socket."""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
from pathlib import Path

import pytest

from digest.daemon import systemd
from digest.daemon.health import source_level, source_line, tick_level, tick_line
from digest.daemon.watch import ClockWatch, fingerprint
from digest.model import SourceReport, SourceStatus
from tests.support.daemon_driver import FakeTick

NOW = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.UTC)


class Clocks:
    """A wall clock and a monotonic one that a test can move apart."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_800_000_000.0, 500.0

    def pass_s(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def watch(self) -> ClockWatch:
        return ClockWatch(wall=lambda: self.wall, monotonic=lambda: self.monotonic)


@pytest.mark.parametrize("jump_s", [-3600, 8 * 3600])
def test_a_jump_of_the_wall_clock_is_noticed_once(jump_s: int) -> None:
    """Set back by an hour, or asleep for eight: reported with its size, and then it is the new normal."""
    clocks = Clocks()
    watch = clocks.watch()
    clocks.pass_s(5)
    assert not watch.jump()
    clocks.wall += jump_s
    assert watch.jump() == dt.timedelta(seconds=jump_s)
    clocks.pass_s(5)
    assert not watch.jump()


def test_slow_drift_is_no_jump() -> None:
    """A clock that is nudged by a second every few seconds never raises the alarm."""
    clocks = Clocks()
    watch = clocks.watch()
    for _ in range(100):
        clocks.pass_s(5)
        clocks.wall += 1
        assert not watch.jump()


def test_a_fingerprint_sees_every_change_in_a_folder_and_nothing_else(tmp_path: Path) -> None:
    """New, edited, replaced and deleted files count, in subfolders too; a missing folder is a state of its own."""
    folder = tmp_path / "subscribers"
    states = [fingerprint([folder])]
    (folder / "group").mkdir(parents=True)
    (folder / "ada.yaml").write_text("papers: 5", encoding="utf-8")
    states.append(fingerprint([folder]))
    assert fingerprint([folder]) == states[-1]
    (folder / "ada.yaml").write_text("papers: 10", encoding="utf-8")
    states.append(fingerprint([folder]))
    (folder / "group" / "bob.yaml").write_text("papers: 5", encoding="utf-8")
    states.append(fingerprint([folder]))
    os.utime(folder / "ada.yaml", ns=(1, 1))
    states.append(fingerprint([folder]))
    (folder / "broken").symlink_to(folder / "nowhere")
    assert fingerprint([folder]) == states[-1]
    assert len(set(states)) == len(states)


def test_how_loud_a_tick_is_depends_on_what_happened() -> None:
    """Idle: silent. Mails: said. Failures and unknown outcomes: a warning."""
    assert tick_level(FakeTick()) == logging.DEBUG
    assert tick_level(FakeTick(planned=2, accepted=2)) == logging.INFO
    assert tick_level(FakeTick(accepted=2, failed=1)) == logging.WARNING
    assert tick_level(FakeTick(uncertain=1)) == logging.WARNING
    assert tick_line(FakeTick(accepted=2), took_s=1.26, next_due="ada, Tue 07:30") == (
        "tick planned=0 built=0 skipped=0 accepted=2 deferred=0 failed=0 uncertain=0 took_s=1.3 next='ada, Tue 07:30'"
    )


@pytest.mark.parametrize(
    ("status", "new", "expected"),
    [
        (SourceStatus.OK, 3, logging.INFO),
        (SourceStatus.UNCHANGED, 0, logging.DEBUG),
        (SourceStatus.QUIET, 0, logging.DEBUG),
        (SourceStatus.WAITING, 0, logging.DEBUG),
        (SourceStatus.STALE, 0, logging.WARNING),
        (SourceStatus.INCOMPLETE, 5, logging.WARNING),
        (SourceStatus.FAILED, 0, logging.WARNING),
    ],
)
def test_how_loud_a_source_is_depends_on_whether_it_did_its_job(status: SourceStatus, new: int, expected: int) -> None:
    """A weekend is silent, new papers are said, and a source that is late or broken is a warning with its error."""
    report = SourceReport(
        source="arxiv",
        started_at=NOW,
        finished_at=NOW + dt.timedelta(seconds=2),
        status=status,
        new=new,
        error="HTTP 503",
    )
    assert source_level(report) == expected
    assert source_line(report).endswith("took_s=2.0 error='HTTP 503'")


def test_a_notification_is_one_datagram_of_assignments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line break in a status cannot smuggle in an assignment."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "n"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
        systemd.notify(READY="1", STATUS="next: ada\nSTOPPING=1")
        assert manager.recv(4096) == b"READY=1\nSTATUS=next: ada STOPPING=1"


@pytest.mark.parametrize("address", ["", "relative", "/no/such/socket", "@no-such-abstract-socket"])
def test_without_a_listener_a_notification_is_nothing(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No manager, a dead one, or nonsense in the environment: no error."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    systemd.notify(READY="1")


@pytest.mark.parametrize(
    ("usec", "expected"), [("30000000", 30.0), ("", None), ("0", None), ("soon", None), ("-5", None)]
)
def test_the_watchdog_time_is_read_with_care(
    usec: str, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Microseconds become seconds; anything odd means that nobody watches."""
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert systemd.watchdog_s() == expected
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert systemd.watchdog_s() is None
