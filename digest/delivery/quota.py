"""What one relay may still be given in this hour and this day, as all senders on the database count it together.

Providers count: a free Gmail account may send 500 messages in any 24 hours, and one that tries more is locked for a
day. So the right to send is drawn from the outbox before a window is taken, and what was not used is put back.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable

from digest.delivery.relays import Relay
from digest.errors import StoreError
from digest.store.outbox import Draw, Outbox

logger = logging.getLogger(__name__)


class Quota:
    """One per round. A relay without limits over hours costs nothing here."""

    def __init__(self, outbox: Outbox, relay: Relay, *, clock: Callable[[], dt.datetime]) -> None:
        self._outbox, self._relay, self._clock = outbox, relay, clock
        self._unused: list[tuple[Draw, int]] = []
        self._last: Draw | None = None

    async def draw(self, wanted: int) -> int:
        """How many messages may be begun, up to ``wanted``; those not begun are to be given to ``unused``."""
        if not self._relay.counted:
            return wanted
        mine = self._from_hand(wanted)
        if mine == wanted:
            return mine
        drawn = await asyncio.to_thread(
            self._outbox.draw,
            self._relay.name,
            wanted - mine,
            per_hour=self._relay.per_hour,
            per_day=self._relay.per_day,
            now=self._clock(),
        )
        self._last = drawn
        return mine + drawn.number

    def _from_hand(self, wanted: int) -> int:
        """Take from what was drawn before and came back."""
        taken = 0
        while self._unused and taken < wanted:
            draw, number = self._unused.pop()
            part = min(number, wanted - taken)
            taken += part
            if number > part:
                self._unused.append((draw, number - part))
        return taken

    def unused(self, number: int) -> None:
        """So many of those drawn were not begun, or ended before the relay could count them."""
        if number and self._last is not None:
            self._unused.append((self._last, number))

    async def close(self) -> None:
        """Put back what is left. Where the database is away it is lost, which errs on the safe side."""
        left, self._unused = self._unused, []
        try:
            for draw, number in left:
                await asyncio.to_thread(self._outbox.put_back, self._relay.name, draw, number)
        except StoreError as error:
            logger.warning("%s may be given less than its limit for a while: %s", self._relay.name, error)
