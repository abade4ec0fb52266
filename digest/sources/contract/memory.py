"""A ledger in memory and a clock that moves only when somebody sleeps: pace without waiting."""

from __future__ import annotations

import datetime as dt
import threading

from digest.model import Validators

START = dt.datetime(2026, 8, 20, 8, 0, tzinfo=dt.UTC)


class MemoryLedger:
    """What the store remembers for the polite client, for one run; keeps a log of the reserved moments."""

    def __init__(self) -> None:
        self.next_at: dict[str, dt.datetime] = {}
        self.known: dict[str, Validators] = {}
        self.reserved: list[tuple[str, dt.datetime]] = []
        self._turn = threading.Lock()

    def reserve(self, host: str, pace_s: float, now: dt.datetime) -> dt.datetime:
        with self._turn:
            start = max(now, self.next_at.get(host, now))
            self.next_at[host] = start + dt.timedelta(seconds=pace_s)
            self.reserved.append((host, start))
            return start

    def postpone(self, host: str, until: dt.datetime) -> None:
        with self._turn:
            self.next_at[host] = max(until, self.next_at.get(host, until))

    def validators(self, url: str) -> Validators | None:
        return self.known.get(url)

    def remember(self, validators: tuple[Validators, ...]) -> None:
        self.known.update({one.url: one for one in validators})


class SleepyClock:
    """Time that passes only by sleeping."""

    def __init__(self, start: dt.datetime = START) -> None:
        self.now = start
        self.slept: list[float] = []

    def __call__(self) -> dt.datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += dt.timedelta(seconds=seconds)
