"""When to stop sending: because somebody asked, or because the relay is in trouble."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable

from digest.delivery.circuit import FailureRatio, pause_until
from digest.delivery.report import Tally
from digest.store.outbox import Outbox

logger = logging.getLogger(__name__)


class Switch:
    """One per drain; ``halted`` tells the workers to start nothing new."""

    def __init__(self, outbox: Outbox, relay: str, *, clock: Callable[[], dt.datetime], tally: Tally) -> None:
        self._outbox, self._relay, self._clock, self._tally = outbox, relay, clock, tally
        self._ratio = FailureRatio()
        self._failures = 0
        self._pausing = asyncio.Lock()
        self.halted = asyncio.Event()
        self.stopped = False
        self.connections = 0
        """How many were opened in this drain."""

    @property
    def probing(self) -> bool:
        """True while one good message must restore the trust in the relay."""
        return self._failures > 0

    async def may_send(self) -> bool:
        """False while the relay is paused, by this process or another."""
        state = await asyncio.to_thread(self._outbox.relay, self._relay)
        self._failures = state.failures
        if state.paused(self._clock()):
            self._tally.paused = state
            self.halted.set()
        return not self.halted.is_set()

    def stop(self) -> None:
        self.stopped = True
        self._tally.stopped = True
        self.halted.set()

    async def note(self, *, good: bool) -> None:
        """One outcome, for the failure ratio."""
        if (reason := self._ratio.add(good=good)) is not None:
            await self.pause(reason)

    async def proved(self) -> None:
        """The probe was accepted."""
        if self._failures:
            self._failures = 0
            await asyncio.to_thread(self._outbox.resume_relay, self._relay, now=self._clock())

    async def refused(self, reason: str, *, advice: str, hint_s: float | None) -> None:
        """A connection could not be had. If others could, the relay limits their number; if none, it is in trouble."""
        if self.connections:
            logger.warning("%s gives no further connection: %s", self._relay, reason)
        else:
            await self.pause(reason, advice=advice, hint_s=hint_s)

    async def pause(self, reason: str, *, advice: str = "", hint_s: float | None = None) -> None:
        """Open the circuit, once per drain; the rest goes back to ready."""
        async with self._pausing:
            if self._tally.paused is not None:
                return
            self.halted.set()
            self._failures += 1
            now = self._clock()
            until = pause_until(now, self._failures, hint_s=hint_s)
            words = f"{reason} ({advice})" if advice else reason
            logger.error("%s is paused until %s: %s", self._relay, f"{until:%Y-%m-%d %H:%M} UTC", words)
            await asyncio.to_thread(
                self._outbox.pause_relay, self._relay, until=until, failures=self._failures, reason=words, now=now
            )
            self._tally.paused = await asyncio.to_thread(self._outbox.relay, self._relay)
