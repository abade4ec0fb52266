"""Several real processes on one database ask one provider: never two at once, never too soon, and nobody starves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.store.database import Database
from digest.store.upgrade import ensure_current

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACE_S = 0.2
UNNOTICED_S = 0.05
"""The server is busy, too: it notes a request some moments after it came."""


class Provider:
    """A server whose answers take ``takes_s``; it notes when each began and ended."""

    def __init__(self, server: HttpServer) -> None:
        self.url = f"{server.url}/f"
        self.server = server
        self.takes_s = 0.0
        self.began: list[float] = []
        self.asked = threading.Event()
        server.answer("/f", self._answer)

    def _answer(self, _: Seen) -> Reply:
        self.began.append(time.monotonic())
        self.asked.set()
        time.sleep(self.takes_s)
        return Reply(body=b"x")

    def gaps(self) -> list[float]:
        return [after - before for before, after in pairwise(sorted(self.began))]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with HttpServer() as server:
        yield Provider(server)


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'digest.db'}"
    db = Database(url)
    ensure_current(db)
    db.close()
    return url


def start(store: str, provider: Provider, count: int, *, lease_s: float = 2.0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.turn_driver", store, provider.url, str(count)]
    return subprocess.Popen([*command, str(PACE_S), str(lease_s)], cwd=ROOT, env={**os.environ}, stdout=subprocess.PIPE)


def finish(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0


@pytest.mark.parametrize("takes_s", [0.0, 0.35])
def test_processes_share_one_turn(store: str, provider: Provider, takes_s: float) -> None:
    """Short and long answers: requests of three processes start a pace apart and never overlap."""
    provider.takes_s = takes_s
    finish(*(start(store, provider, 3) for _ in range(3)))
    assert len(provider.began) == 9
    assert provider.server.most_at_once == 1
    assert min(provider.gaps()) >= max(PACE_S, takes_s) - UNNOTICED_S


def test_a_killed_process_holds_up_nobody(store: str, provider: Provider) -> None:
    """kill -9 in the middle of an answer: the next process sees that it is gone, and goes on at the pace."""
    provider.takes_s = 30 * PACE_S
    victim = start(store, provider, 1, lease_s=600)
    assert provider.asked.wait(30)
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    provider.takes_s = 0.0
    finish(start(store, provider, 3))
    assert len(provider.began) == 4
    assert min(provider.gaps()) >= PACE_S - UNNOTICED_S
