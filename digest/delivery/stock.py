"""What a worker sends next: deliveries taken from the queue, rendered, and marked as ``sending``."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

from digest.delivery.clerk import Clerk
from digest.delivery.replies import Phase, Reply
from digest.delivery.report import Tally
from digest.delivery.supply import Supply
from digest.model import Envelope
from digest.store.outbox import ClaimedDelivery, Window

logger = logging.getLogger(__name__)

Render = Callable[[ClaimedDelivery], Envelope]
Settle = Callable[[ClaimedDelivery, Reply], Awaitable[None]]


class Marked(NamedTuple):
    """A delivery that is ``sending``, and its finished message."""

    delivery: ClaimedDelivery
    envelope: Envelope


class Stock:
    def __init__(
        self, leases: Supply, clerk: Clerk, render: Render, *, rendering: asyncio.Lock, tally: Tally, settle: Settle
    ) -> None:
        """``rendering`` is shared by all: one thread at a time. ``settle`` ends those that cannot be rendered."""
        self._leases, self._clerk, self._render, self._rendering = leases, clerk, render, rendering
        self._tally, self._settle = tally, settle

    async def take(self, number: int) -> deque[Marked] | None:
        """Up to so many, ready to be sent; none may be left of those taken. None when there is nothing to take.

        Raises:
            StoreError: they could not be marked; nothing of them may be sent.
        """
        window = await self._leases.take(number)
        if not window:
            return None
        envelopes = await self._rendered(window)
        rendered = [delivery for delivery in window if delivery.id in envelopes]
        by_token: dict[str, list[int]] = {}
        for delivery in rendered:
            by_token.setdefault(delivery.lease_token, []).append(delivery.id)
        marked = await self._clerk.advance(
            [Window(lease_token=token, ids=tuple(ids)) for token, ids in by_token.items()]
        )
        for delivery in rendered:
            if delivery.id not in marked:  # cancelled, held, suppressed or taken over since the claim
                self._leases.finished(delivery)
        return deque(Marked(delivery, envelopes[delivery.id]) for delivery in rendered if delivery.id in marked)

    async def put_back(self, unsent: Iterable[Marked]) -> None:
        """Of these no content was sent: they are ready again."""
        if deliveries := [marked.delivery for marked in unsent]:
            self._tally.returned += await self._leases.give_back(deliveries)

    async def _rendered(self, window: Sequence[ClaimedDelivery]) -> dict[int, Envelope]:
        """The messages by delivery id. One that cannot be made fails alone: this is the boundary per delivery."""
        async with self._rendering:
            made = await asyncio.to_thread(self._render_all, window)
        envelopes: dict[int, Envelope] = {}
        for delivery, result in zip(window, made, strict=True):
            if isinstance(result, Envelope):
                envelopes[delivery.id] = result
                continue
            self._tally.bugs += 1
            await self._settle(
                delivery, Reply(phase=Phase.RENDER, code=None, text=f"{type(result).__name__}: {result}")
            )
        return envelopes

    def _render_all(self, window: Sequence[ClaimedDelivery]) -> list[Envelope | Exception]:
        made: list[Envelope | Exception] = []
        for delivery in window:
            try:
                made.append(self._render(delivery))
            except Exception as bug:
                logger.exception("delivery %d to %s could not be rendered", delivery.id, delivery.subscriber_id)
                made.append(bug)
        return made
