"""Taking turns at a provider: one request at a time, no sooner than its pace, over all processes on one database.

    wait in this process ──▶ take the lease in the ledger ──▶ ask, renewing it ──▶ give it back: next turn a pace after

A lease and not an appointment: how long an answer takes is not known before, and a second connection beside a long one
is what arXiv's terms forbid (https://info.arxiv.org/help/api/tou.html). A holder that dies stops renewing; its lease
ends by itself. A holder that lost its lease (a machine that slept, a database that was gone) hangs up.

The processes' clocks must agree to within the lease; on one machine they do.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from digest.errors import SourceError, SourceRateLimited
from digest.model import TurnRefused, Validators
from digest.sources.exchange import Transient
from digest.sources.pace import Provider, in_words

LEASE_S = 30.0
"""What a process that dies on another machine costs the others at most; renewed three times in this span, so that
a busy database costs nobody a turn."""


class Ledger(Protocol):
    """What must be remembered across processes; the store implements it. Methods block: they are called in threads."""

    def new_holder(self) -> str:
        """A name for one client that nobody else has. Does not block."""

    def acquire(self, key: str, holder: str, *, now: dt.datetime, pace_s: float, lease_s: float) -> TurnRefused | None:
        """Atomically take the key's only turn, for ``lease_s`` from ``now``; None: it is the holder's."""

    def renew(self, key: str, holder: str, *, now: dt.datetime, lease_s: float) -> bool:
        """Keep the turn for ``lease_s`` from ``now``; False: it is somebody else's, or nobody's."""

    def release(self, key: str, holder: str, *, next_at: dt.datetime) -> None:
        """Give the turn back; nobody starts before ``next_at``. Nothing happens if it was lost."""

    def postpone(self, key: str, until: dt.datetime) -> None:
        """Nobody starts before ``until`` (Retry-After, RFC 9110 section 10.2.3)."""

    def validators(self, url: str) -> Validators | None:
        """What the last stored answer for a URL carried."""


@dataclass(slots=True)
class Turn:
    """A turn that is being used. ``sent_at`` is when its request had left, which the pace is counted from."""

    clock: Callable[[], dt.datetime]
    sent_at: dt.datetime

    def sent(self) -> None:
        """Call it when the request is on its way: making the connection has taken its time by then."""
        self.sent_at = self.clock()


class Turns:
    """The turns of one process: one holder, whatever the key.

    Args:
        patience_s: longest wait for one turn; ``lease_s``: see LEASE_S.
        clock, sleep: time, for tests.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        patience_s: float,
        lease_s: float,
        clock: Callable[[], dt.datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._ledger = ledger
        self._patience_s = patience_s
        self._lease_s = lease_s
        self._clock = clock
        self._sleep = sleep
        self._holder = ledger.new_holder()
        self._here: dict[str, asyncio.Lock] = {}

    @contextlib.asynccontextmanager
    async def take(self, key: str, pace_s: float, provider: Provider) -> AsyncIterator[Turn]:
        """The key's turn for the length of the block.

        Raises:
            SourceRateLimited: it would not come within ``patience_s``.
            Transient: it was lost while in use; the block is cancelled.
        """
        async with self._here.setdefault(key, asyncio.Lock()):
            turn = Turn(self._clock, await self._wait_for(key, pace_s, provider))
            try:
                async with asyncio.timeout(None) as lost:
                    renewing = asyncio.create_task(self._renew(key, lost))
                    try:
                        yield turn
                    finally:
                        renewing.cancel()
                        with contextlib.suppress(asyncio.CancelledError):
                            await renewing
            except TimeoutError as error:
                message = f"{provider.label}: another process took over in the middle of an answer"
                raise Transient(SourceError(provider.source, message)) from error
            finally:
                next_at = max(turn.sent_at + dt.timedelta(seconds=pace_s), self._clock())
                await asyncio.to_thread(self._ledger.release, key, self._holder, next_at=next_at)

    async def _wait_for(self, key: str, pace_s: float, provider: Provider) -> dt.datetime:
        """Wait until the turn is ours; returns the moment from which it is."""
        waited_s = 0.0
        while True:
            now = self._clock()
            refused = await asyncio.to_thread(
                self._ledger.acquire, key, self._holder, now=now, pace_s=pace_s, lease_s=self._lease_s
            )
            if refused is None:
                return now
            wait_s = max((refused.until - now).total_seconds(), 0.0)
            waited_s += wait_s
            if waited_s > self._patience_s:
                if refused.held:
                    message = f"{provider.label} is being read by another process; next try in {in_words(wait_s)}"
                else:
                    message = f"{provider.label} asked to be left alone; next try in {in_words(wait_s)}"
                raise SourceRateLimited(provider.source, message, wait_s)
            await self._sleep(wait_s)

    async def _renew(self, key: str, lost: asyncio.Timeout) -> None:
        ours = False
        try:
            while True:
                await asyncio.sleep(self._lease_s / 3)
                ours = await asyncio.to_thread(
                    self._ledger.renew, key, self._holder, now=self._clock(), lease_s=self._lease_s
                )
                if not ours:
                    return
        except asyncio.CancelledError:
            ours = True  # the block is done
            raise
        finally:
            if not ours:  # lost, or the ledger cannot be asked any more
                lost.reschedule(asyncio.get_running_loop().time())
