"""Not more than so many messages per second."""

from __future__ import annotations

import asyncio
import contextlib

SOON_S = 0.5
"""A message whose turn comes later than that is not named to the server ahead of it: a stop would cost a connection."""


class Pace:
    """At most so many messages per second, shared by all workers; evenly spaced, no bursts."""

    def __init__(self, per_second: float | None) -> None:
        self._interval_s = 1 / per_second if per_second else 0.0
        self._next = 0.0

    @property
    def brisk(self) -> bool:
        """The next turn comes soon."""
        return not self._interval_s or self._next - asyncio.get_running_loop().time() < SOON_S

    async def turn(self, halted: asyncio.Event) -> None:
        """Wait for this message's turn, or until the switch is off."""
        if not self._interval_s:
            return
        now = asyncio.get_running_loop().time()
        self._next = max(now, self._next) + self._interval_s
        wait = self._next - self._interval_s - now
        if wait > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(halted.wait(), wait)
