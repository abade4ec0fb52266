"""What the daemon needs of the application, and how one configuration gives way to the next while jobs are running."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from digest.model import SourceReport
from digest.store.figures import Figures


class TickReport(Protocol):
    """What one tick did."""

    @property
    def planned(self) -> int: ...
    @property
    def built(self) -> int: ...
    @property
    def skipped(self) -> int: ...
    @property
    def accepted(self) -> int: ...
    @property
    def deferred(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def uncertain(self) -> int: ...
    @property
    def is_idle(self) -> bool: ...


class SyncReport(Protocol):
    """What reading the subscriber files again changed, by reader id; ``broken`` says what is wrong with whose file."""

    @property
    def added(self) -> Sequence[str]: ...
    @property
    def changed(self) -> Sequence[str]: ...
    @property
    def gone(self) -> Sequence[str]: ...
    @property
    def broken(self) -> Mapping[str, str]: ...
    @property
    def erased(self) -> Sequence[str]: ...


class Work(Protocol):
    """What the daemon needs of the application, for as long as one configuration holds."""

    @property
    def ingest_every_s(self) -> int: ...
    @property
    def tick_every_s(self) -> int: ...
    @property
    def signals_every_s(self) -> int: ...
    @property
    def inbox_every_s(self) -> int | None:
        """None: no mailbox is read."""

    def source_names(self) -> Sequence[str]: ...
    def signal_names(self) -> Sequence[str]: ...
    def ingest(self, source: str | None = None) -> Sequence[SourceReport]: ...
    def read_signals(self, signal: str | None = None) -> Sequence[SourceReport]: ...
    def read_inbox(self, stop: threading.Event) -> Mapping[str, int] | None:
        """Take in the mails that are new: how many were what."""

    def tick(self, stop: threading.Event) -> TickReport: ...
    def reread(self) -> SyncReport: ...
    def next_due(self) -> str: ...
    @property
    def metrics_listen(self) -> tuple[str, int] | None:
        """Where figures are told, if anywhere."""

    def figures(self) -> Figures: ...
    def watched(self) -> Sequence[Path]:
        """Files and folders whose change means that subscribers must be read again."""


class Holder:
    """The work in use. A replaced one is closed as soon as no job is inside it any more."""

    def __init__(self, open_work: Callable[[], AbstractContextManager[Work]]) -> None:
        self._open = open_work
        self._lock = threading.Lock()
        self._users: dict[int, int] = {}
        self._current, self._exits = self._enter()

    def _enter(self) -> tuple[Work, ExitStack]:
        exits = ExitStack()
        work = exits.enter_context(self._open())
        return work, exits

    def replace(self) -> None:
        """Open anew. If that fails, the error is raised and the old work stays."""
        work, exits = self._enter()
        with self._lock:
            old, self._current, self._exits = self._exits, work, exits
            in_use = self._users.get(id(old), 0)
        if not in_use:
            old.close()

    @contextmanager
    def use(self) -> Iterator[Work]:
        with self._lock:
            work, exits = self._current, self._exits
            self._users[id(exits)] = self._users.get(id(exits), 0) + 1
        try:
            yield work
        finally:
            with self._lock:
                self._users[id(exits)] -= 1
                last_of_a_replaced_one = not self._users[id(exits)] and exits is not self._exits
                if not self._users[id(exits)]:
                    del self._users[id(exits)]
            if last_of_a_replaced_one:
                exits.close()

    def close(self) -> None:
        self._exits.close()
