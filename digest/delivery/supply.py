"""What the connections of one relay may send next: claimed deliveries, within the limits of relay and domains."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Sequence

from digest.delivery.circuit import rest_s
from digest.delivery.leases import Leases
from digest.delivery.quota import Quota
from digest.delivery.replies import Outcome, Phase, Reply
from digest.delivery.switch import Switch
from digest.delivery.traffic import Traffic
from digest.errors import StoreError
from digest.model import DeliveryState
from digest.store.outbox import ClaimedDelivery, Outbox, domain_of

logger = logging.getLogger(__name__)

COUNTED = frozenset({Phase.DATA, Phase.DOT})
"""Phases in which a provider may have counted a message; a refused recipient is none."""


class Supply:
    """One per round. What is taken ends with ``settled``, ``finished`` or ``give_back``."""

    def __init__(
        self,
        outbox: Outbox,
        leases: Leases,
        traffic: Traffic,
        quota: Quota,
        switch: Switch,
        *,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._outbox, self._leases, self._traffic, self._quota = outbox, leases, traffic, quota
        self._switch, self._clock = switch, clock

    async def take(self, number: int) -> list[ClaimedDelivery]:
        """Up to ``number`` deliveries, waiting for a domain if only that is in the way; empty when nothing may go."""
        may = await self._quota.draw(number)
        if not may:
            self._switch.spent = True
            return []
        taken = await self._leases.take(may, self._switch.halted)
        self._quota.unused(may - len(taken))
        return taken

    def holds(self, delivery: ClaimedDelivery) -> bool:
        return self._leases.holds(delivery)

    def finished(self, delivery: ClaimedDelivery) -> None:
        """It was not begun, and is no longer ours."""
        self._quota.unused(1)
        self._leases.finished(delivery)

    async def give_back(self, deliveries: Sequence[ClaimedDelivery]) -> int:
        """These were not begun; returns how many still were ours."""
        self._quota.unused(len(deliveries))
        return await self._leases.give_back(deliveries)

    async def settled(self, delivery: ClaimedDelivery, reply: Reply, outcome: Outcome) -> bool:
        """It got an answer. False if that says nothing about the relay: its domain rests already."""
        if reply.phase not in COUNTED:
            self._quota.unused(1)
        self._leases.finished(delivery)
        rested = self._traffic.resting(delivery)
        try:
            if outcome.crowded and (failures := self._traffic.refused(delivery)):
                await self._rest(delivery, failures, outcome)
            elif outcome.state is DeliveryState.ACCEPTED and self._traffic.accepted(delivery):
                await asyncio.to_thread(self._outbox.trust_domain, domain_of(delivery.recipient))
        except StoreError as error:  # this process knows; the reply itself is with the clerk, who is patient
            logger.warning("how %s answers is not on record: %s", domain_of(delivery.recipient), error)
        return not (outcome.crowded and rested)

    async def _rest(self, delivery: ClaimedDelivery, failures: int, outcome: Outcome) -> None:
        domain, now = domain_of(delivery.recipient), self._clock()
        seconds = rest_s(failures, hint_s=outcome.hint_s)
        until = now + dt.timedelta(seconds=seconds)
        self._traffic.rest(delivery, seconds)
        logger.warning("%s rests until %s: %s", domain, f"{until:%Y-%m-%d %H:%M} UTC", outcome.reason)
        await asyncio.to_thread(
            self._outbox.rest_domain, domain, until=until, failures=failures, reason=outcome.reason, now=now
        )

    async def close(self) -> None:
        """Put back what the relay may still be given."""
        await self._quota.close()
