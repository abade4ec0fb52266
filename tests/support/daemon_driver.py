"""A daemon around work that only writes down what it was asked to do: ``python daemon_driver.py JOURNAL [BEHAVIOUR…]``.

The journal gets one line per event. Behaviours:

    slow-tick      a tick lasts until it is told to stop, and half a second more
    deaf-tick      a tick that never ends
    deaf-source    a source that never answers
    broken-tick    the first tick raises
    broken-source  every source raises, with an address in the message
    broken-reload  the configuration cannot be read a second time
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from digest.daemon import loop, run
from digest.errors import ConfigError, Problem, StoreError
from digest.logs import TextFormatter
from digest.model import SourceReport, SourceStatus
from digest.store.figures import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeTick:
    planned: int = 0
    built: int = 0
    skipped: int = 0
    accepted: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0

    @property
    def is_idle(self) -> bool:
        return not (self.planned or self.accepted)


@dataclass(frozen=True, slots=True)
class FakeSync:
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    erased: tuple[str, ...] = ()


class Journal:
    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1, encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, event: str) -> None:
        with self._lock:
            self._file.write(event + "\n")


class FakeWork:
    """Work for one generation of the configuration."""

    ingest_every_s = 3600
    tick_every_s = 1
    signals_every_s = 3600
    inbox_every_s = None

    def __init__(self, journal: Journal, behaviours: frozenset[str], generation: int, folder: Path) -> None:
        self._journal, self._behaviours, self._generation, self._folder = journal, behaviours, generation, folder
        self._ticks = 0

    def source_names(self) -> Sequence[str]:
        return ["arxiv", "huggingface"]

    def read_inbox(self, stop: threading.Event) -> None:
        return None

    def signal_names(self) -> Sequence[str]:
        return ["signal:huggingface"]

    def read_signals(self, signal: str | None = None) -> Sequence[SourceReport]:
        self._journal.write(f"read {signal}")
        return []

    def ingest(self, source: str | None = None) -> Sequence[SourceReport]:
        self._journal.write(f"ingest {source}")
        if "broken-source" in self._behaviours:
            raise RuntimeError("550 5.1.1 <ada@uni.example> is a secret")
        if "deaf-source" in self._behaviours:
            time.sleep(600)
        now = dt.datetime.now(dt.UTC)
        return [SourceReport(source=source or "", started_at=now, finished_at=now, status=SourceStatus.OK, new=3)]

    def tick(self, stop: threading.Event) -> FakeTick:
        self._ticks += 1
        self._journal.write(f"tick {self._generation}")
        if "broken-tick" in self._behaviours and self._ticks == 1:
            raise RuntimeError("a bug")
        if "slow-tick" in self._behaviours:
            stop.wait()
            time.sleep(0.5)
        if "deaf-tick" in self._behaviours:
            time.sleep(600)
        self._journal.write("tick done")
        return FakeTick(planned=1, accepted=1) if self._ticks == 1 else FakeTick()

    def reread(self) -> FakeSync:
        self._journal.write("reread")
        return FakeSync(broken={"bob": "bob.yaml:3: send: 25:00 is no time"})

    def next_due(self) -> str:
        return "ada, Tue 07:30 Europe/Berlin, in 15 h"

    def watched(self) -> Sequence[Path]:
        return [self._folder]

    @property
    def metrics_listen(self) -> tuple[str, int] | None:
        return ("127.0.0.1", int(os.environ["METRICS_PORT"])) if "METRICS_PORT" in os.environ else None

    def figures(self) -> Figures:
        raise StoreError("the database is gone")


def main(journal_path: Path, behaviours: frozenset[str]) -> int:
    journal = Journal(journal_path)
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter(timestamp=False))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    generations = 0

    @contextmanager
    def open_work() -> Iterator[FakeWork]:
        nonlocal generations
        if generations and "broken-reload" in behaviours:
            raise ConfigError([Problem(Path("config.yaml"), 7, "mail.server", "no such preset")])
        generations += 1
        mine = generations
        journal.write(f"open {mine}")
        try:
            yield FakeWork(journal, behaviours, mine, journal_path.parent / "subscribers")
        finally:
            journal.write(f"close {mine}")

    return run(open_work, on_ready=lambda: journal.write("ready"))


if __name__ == "__main__":
    loop.REREAD_EVERY_S = 1
    loop.READING_GRACE_S = 1
    sys.exit(main(Path(sys.argv[1]), frozenset(sys.argv[2:])))
