"""A ledger in memory and a clock that moves only when somebody sleeps: pace without waiting."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

from digest.model import TurnRefused, Validators

START = dt.datetime(2026, 8, 20, 8, 0, tzinfo=dt.UTC)


class MemoryLedger:
    """What the store remembers for the polite client, for one run; keeps a log of the turns that were given."""

    def __init__(self) -> None:
        self.next_at: dict[str, dt.datetime] = {}
        self.known: dict[str, Validators] = {}
        self.given: list[tuple[str, dt.datetime]] = []
        self.holders: dict[str, str] = {}
        self.renewed = 0
        self._turn = threading.Lock()

    def new_holder(self) -> str:
        return uuid.uuid4().hex

    def acquire(self, key: str, holder: str, *, now: dt.datetime, pace_s: float, lease_s: float) -> TurnRefused | None:
        with self._turn:
            if key in self.holders:
                return TurnRefused(until=now + dt.timedelta(seconds=0.1), held=True)
            if self.next_at.get(key, now) > now:
                return TurnRefused(until=self.next_at[key], held=False)
            self.holders[key] = holder
            self.given.append((key, now))
            return None

    def renew(self, key: str, holder: str, *, now: dt.datetime, lease_s: float) -> bool:
        with self._turn:
            self.renewed += 1
            return self.holders.get(key) == holder

    def release(self, key: str, holder: str, *, next_at: dt.datetime) -> None:
        with self._turn:
            if self.holders.get(key) == holder:
                del self.holders[key]
                self.next_at[key] = max(next_at, self.next_at.get(key, next_at))

    def postpone(self, key: str, until: dt.datetime) -> None:
        with self._turn:
            self.next_at[key] = max(until, self.next_at.get(key, until))

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
