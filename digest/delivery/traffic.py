"""What each recipient domain may be given: so many connections at once, so many messages a second, or nothing.

A domain over its limit never holds up the others: its deliveries are passed over, and taken, the oldest first, as soon
as there is room. A domain that says "too many" again and again rests while the others go on (Postfix calls it a dead
destination), and after its rest one message goes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from digest.settings.mail import DomainConfig
from digest.store.outbox import ClaimedDelivery, domain_of

ANY = "*"
"""Stands for every domain that has no limits of its own, each by itself."""
TOO_OFTEN = 3
"""So many refusals in a row for going too fast, and the domain rests."""
UNLIMITED = DomainConfig()


@dataclass(slots=True)
class _Lane:
    """The traffic to one domain. ``tokens``: messages its rate allows at once, a second's worth and at least one."""

    limits: DomainConfig
    tokens: float
    now_s: float
    windows: int = 0
    refusals: int = 0
    """For going too fast, in a row."""
    rests: int = 0
    """In a row; after the first, one message at a time until one is accepted."""
    rests_until_s: float = -math.inf

    @property
    def burst(self) -> float:
        return max(1.0, self.limits.per_second or 1.0)

    def fill(self, now_s: float) -> None:
        if self.limits.per_second is not None:
            self.tokens = min(self.burst, self.tokens + (now_s - self.now_s) * self.limits.per_second)
        self.now_s = now_s

    @property
    def resting(self) -> bool:
        return self.now_s < self.rests_until_s

    @property
    def crowded(self) -> bool:
        """No further connection may work for it."""
        most = 1 if self.rests else self.limits.connections
        return most is not None and self.windows >= most

    @property
    def open(self) -> bool:
        return not (self.resting or self.crowded) and (self.limits.per_second is None or self.tokens >= 1.0)


@dataclass(slots=True)
class _Window:
    """What one connection took: how many of each limited domain are still under way."""

    left: Counter[str] = field(default_factory=Counter)


class Traffic:
    """One per drain; ``now_s`` is a steady clock."""

    def __init__(self, limits: Mapping[str, DomainConfig], *, now_s: Callable[[], float]) -> None:
        self._limits = {domain_of(f"@{domain}"): each for domain, each in limits.items()}
        self._now_s = now_s
        self._lanes: dict[str, _Lane] = {}
        self._under_way: dict[int, tuple[str, _Window]] = {}
        self._room = asyncio.Event()

    def beware(self, rests: Mapping[str, int]) -> None:
        """These domains rested before, so many times in a row."""
        for domain, number in rests.items():
            self._lane(domain).rests = number

    def choose(self, queue: deque[ClaimedDelivery], number: int) -> list[ClaimedDelivery]:
        """Take up to ``number`` deliveries out of the queue, the oldest first, passing over domains without room."""
        self._room.clear()  # whatever ends from now on is news to who finds nothing here
        if not self._limits and not self._lanes:
            return [queue.popleft() for _ in range(min(number, len(queue)))]
        window = _Window()
        taken, passed = list[ClaimedDelivery](), deque[ClaimedDelivery]()
        while queue and len(taken) < number:
            delivery = queue.popleft()
            (taken if self._admit(delivery, window) else passed).append(delivery)
        queue.extendleft(reversed(passed))
        for domain in window.left:
            self._lanes[domain].windows += 1
        return taken

    def _admit(self, delivery: ClaimedDelivery, window: _Window) -> bool:
        domain = domain_of(delivery.recipient)
        lane = self._lane(domain)
        lane.fill(self._now_s())
        mine = domain in window.left
        if lane.resting or (lane.crowded and not mine) or (lane.rests and mine):
            return False
        if lane.limits.per_second is not None:
            if lane.tokens < 1.0:
                return False
            lane.tokens -= 1.0
        window.left[domain] += 1
        self._under_way[delivery.id] = (domain, window)
        return True

    def _lane(self, domain: str) -> _Lane:
        lane = self._lanes.get(domain)
        if lane is None:
            limits = self._limits.get(domain) or self._limits.get(ANY) or UNLIMITED
            lane = self._lanes[domain] = _Lane(limits=limits, tokens=0.0, now_s=self._now_s())
            lane.tokens = lane.burst
        return lane

    def finished(self, delivery: ClaimedDelivery) -> None:
        """It is no longer under way."""
        domain, window = self._under_way.pop(delivery.id, (None, None))
        if domain is None or window is None:
            return
        window.left[domain] -= 1
        if not window.left[domain]:
            self._lanes[domain].windows -= 1
            self._room.set()

    def refused(self, delivery: ClaimedDelivery) -> int:
        """It was turned away for going too fast; how many rests in a row its domain is to have now, 0 for none.

        While it rests already, more of the same is no news: 0.
        """
        lane = self._lane(domain_of(delivery.recipient))
        lane.fill(self._now_s())
        lane.refusals += 1
        if lane.resting or (lane.refusals < TOO_OFTEN and not lane.rests):
            return 0
        lane.rests += 1
        return lane.rests

    def rest(self, delivery: ClaimedDelivery, seconds: float) -> None:
        self._lane(domain_of(delivery.recipient)).rests_until_s = self._now_s() + seconds

    def accepted(self, delivery: ClaimedDelivery) -> bool:
        """True if its domain had rested and is trusted again."""
        lane = self._lanes.get(domain_of(delivery.recipient)) if self._lanes else None
        if lane is None:
            return False
        lane.refusals, before, lane.rests = 0, lane.rests, 0
        if before:
            self._room.set()
        return before > 0

    def full(self) -> frozenset[str]:
        """The domains that can be given nothing at this moment."""
        now_s = self._now_s()
        for lane in self._lanes.values():
            lane.fill(now_s)
        return frozenset(domain for domain, lane in self._lanes.items() if not lane.open)

    def resting(self, delivery: ClaimedDelivery) -> bool:
        lane = self._lanes.get(domain_of(delivery.recipient)) if self._lanes else None
        return lane is not None and lane.resting

    async def room(self, halted: asyncio.Event) -> None:
        """Wait until some domain may have room again, since ``choose`` was asked last, or until ``halted``."""
        waits = [
            (1.0 - lane.tokens) / lane.limits.per_second
            for lane in self._lanes.values()
            if lane.limits.per_second is not None and lane.tokens < 1.0 and not (lane.resting or lane.crowded)
        ]
        wait_s = min(waits, default=math.inf)
        events = [asyncio.ensure_future(event.wait()) for event in (self._room, halted)]
        try:
            await asyncio.wait(
                events, timeout=None if math.isinf(wait_s) else wait_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for each in events:
                each.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await each
