"""When to stop sending over a relay: because somebody asked, or because the relay is in trouble."""

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
    """One per relay and round; ``halted`` tells the workers to start nothing new."""

    def __init__(
        self, outbox: Outbox, relay: str, *, failures: int, clock: Callable[[], dt.datetime], tally: Tally
    ) -> None:
        """``failures`` in a row that are known of the relay: > 0 means that one message goes first."""
        self._outbox, self._relay, self._clock, self._tally = outbox, relay, clock, tally
        self._ratio = FailureRatio()
        self._failures = failures
        self._pausing, self._paused = asyncio.Lock(), False
        self.halted = asyncio.Event()
        self.left_work = False
        """This relay ended before the work did: another one is to go on."""
        self.spent = False
        """The relay may be given no more for now."""
        self.connections = 0
        """How many are open."""

    @property
    def probing(self) -> bool:
        """True while one good message must restore the trust in the relay."""
        return self._failures > 0

    def make_way(self) -> None:
        """A better relay may be tried again."""
        self.left_work = True
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
            self._tally.works_again(self._relay)

    async def refused(self, reason: str, *, advice: str, hint_s: float | None) -> None:
        """A connection could not be had. While others are open the relay limits their number; else it is in trouble."""
        if self.connections:
            logger.warning("%s gives no further connection: %s", self._relay, reason)
        else:
            await self.pause(reason, advice=advice, hint_s=hint_s)

    async def pause(self, reason: str, *, advice: str = "", hint_s: float | None = None) -> None:
        """Open the circuit, once per round; the rest goes back to ready."""
        async with self._pausing:
            if self._paused:
                return
            self._paused = self.left_work = True
            self.halted.set()
            self._failures += 1
            now = self._clock()
            until = pause_until(now, self._failures, hint_s=hint_s)
            words = f"{reason} ({advice})" if advice else reason
            logger.error("%s is paused until %s: %s", self._relay, f"{until:%Y-%m-%d %H:%M} UTC", words)
            await asyncio.to_thread(
                self._outbox.pause_relay, self._relay, until=until, failures=self._failures, reason=words, now=now
            )
            self._tally.rests(await asyncio.to_thread(self._outbox.relay, self._relay))
