"""The leases this process holds: what is left of each claim, and the heartbeat that keeps them alive."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import deque
from collections.abc import Callable, Sequence

from digest.delivery.traffic import Traffic
from digest.errors import StoreError
from digest.store.outbox import ClaimedDelivery, Outbox

logger = logging.getLogger(__name__)

MOST_BATCHES = 8
"""No more are held at hand while they wait for their domains; each is some kilobytes."""


class Leases:
    """A queue of claimed deliveries, refilled from the outbox a batch at a time, for one process."""

    def __init__(
        self,
        outbox: Outbox,
        traffic: Traffic,
        *,
        clock: Callable[[], dt.datetime],
        lease_s: float,
        trial: bool,
        batch: int,
    ) -> None:
        self._outbox, self._traffic = outbox, traffic
        self._clock, self._trial, self._batch = clock, trial, batch
        self.lease_s = lease_s
        self._queue: deque[ClaimedDelivery] = deque()
        self._until: dict[str, dt.datetime] = {}
        self._unfinished: dict[str, int] = {}
        self._claiming = asyncio.Lock()
        self._nothing_beyond: frozenset[str] | None = None
        """All that is left in the outbox is for these domains; empty: nothing is left. None: not known."""

    async def take(self, number: int, halted: asyncio.Event) -> list[ClaimedDelivery]:
        """Up to ``number`` deliveries; empty when nothing may go out now, or at once when ``halted``.

        Domains over their limits are passed over; if there is nothing else, this waits until one has room.
        """
        async with self._claiming:
            while not halted.is_set():
                if chosen := self._traffic.choose(self._queue, number):
                    return chosen
                if await self._more():
                    continue
                if all(self._traffic.resting(delivery) for delivery in self._queue):
                    return []
                await self._traffic.room(halted)
        return []

    async def waiting(self) -> int:
        """How many are at hand, after making sure that some are if there are any."""
        async with self._claiming:
            if not self._queue:
                await self._more()
        return len(self._queue)

    def reopen(self) -> None:
        """Look again: deliveries were given back."""
        self._nothing_beyond = None

    async def _more(self) -> bool:
        """Claim what can be sent at once; if there is none of that and nothing at hand, also what has to wait."""
        full = self._traffic.full()
        for without in dict.fromkeys((full, frozenset[str]())):
            known = self._nothing_beyond is not None and without >= self._nothing_beyond
            if known or (without != full and self._queue) or len(self._queue) >= MOST_BATCHES * self._batch:
                continue
            if await self._claim(without):
                return True
            self._nothing_beyond = without
        return False

    async def _claim(self, without: frozenset[str]) -> bool:
        now = self._clock()
        claimed = await asyncio.to_thread(
            self._outbox.claim_ready,
            self._batch,
            now=now,
            lease_s=self.lease_s,
            trial=self._trial,
            without=without,
        )
        if claimed:
            token = claimed[0].lease_token
            self._until[token] = now + dt.timedelta(seconds=self.lease_s)
            self._unfinished[token] = len(claimed)
            self._queue.extend(claimed)
        return bool(claimed)

    def holds(self, delivery: ClaimedDelivery) -> bool:
        """False once the lease has run out by the clock: a process that slept must not send what others took over."""
        until = self._until.get(delivery.lease_token)
        return until is not None and self._clock() < until

    def finished(self, delivery: ClaimedDelivery) -> None:
        self._traffic.finished(delivery)
        token = delivery.lease_token
        self._unfinished[token] -= 1
        if self._unfinished[token] == 0:
            del self._unfinished[token], self._until[token]

    async def give_back(self, deliveries: Sequence[ClaimedDelivery], reason: str | None = None) -> int:
        """Return deliveries of which nothing was sent; those not returned come back when the lease ends."""
        returned = 0
        for token in {delivery.lease_token for delivery in deliveries}:
            ids = [delivery.id for delivery in deliveries if delivery.lease_token == token]
            try:
                returned += await asyncio.to_thread(self._outbox.release, ids, token, now=self._clock(), reason=reason)
            except StoreError as error:
                logger.warning("%d deliveries stay leased until %s: %s", len(ids), self._until.get(token), error)
        for delivery in deliveries:
            self.finished(delivery)
        return returned

    async def give_back_rest(self) -> int:
        rest = list(self._queue)
        self._queue.clear()
        return await self.give_back(rest)

    async def keep_alive(self) -> None:
        """Renew every third of the lease, for ever; a renewal that fails is tried again at the next beat."""
        while True:
            await asyncio.sleep(self.lease_s / 3)
            for token in list(self._until):
                until = self._clock() + dt.timedelta(seconds=self.lease_s)
                try:
                    left = await asyncio.to_thread(self._outbox.renew, token, until=until)
                except StoreError as error:
                    logger.warning("a lease could not be renewed: %s", error)
                    continue
                if left and token in self._until:
                    self._until[token] = until
