"""Relay after relay, until nothing is left: a round is the work of one relay's connections.

A round ends when nothing may go out any more, when its relay is in trouble, or when a relay before it may be tried
again. What it had claimed and not begun is ready again, and the next round takes it with the same leases. What is
uncertain stays with the relay that had it: no round ever sends it again.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

from digest.delivery.leases import Leases
from digest.delivery.relays import Relay, Relays
from digest.delivery.supply import Supply
from digest.delivery.switch import Switch
from digest.delivery.worker import Worker

Crew = Callable[[Relay, Switch, Supply, int], list[Worker]]
"""Makes the workers of a round: (relay, switch, supply, deliveries at hand) → one worker per connection."""


class Rounds:
    """One per drain; ``run`` in a task of its own, the rest may be called meanwhile."""

    def __init__(
        self,
        relays: Relays,
        leases: Leases,
        *,
        crew: Crew,
        switch: Callable[[Relay, int], Switch],
        supply: Callable[[Relay, Switch], Supply],
        answers: Callable[[], int],
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._relays, self._leases, self._clock = relays, leases, clock
        self._new_crew, self._new_switch, self._new_supply, self._answers = crew, switch, supply, answers
        self._switch: Switch | None = None
        self._until: dt.datetime | None = None
        self._workers: list[Worker] = []
        self.stopped = False

    async def run(self) -> None:
        while not self.stopped and (turn := await self._relays.choose()) is not None:
            waiting = await self._leases.waiting()
            if not waiting or self.stopped:
                return
            self._switch = switch = self._new_switch(turn.relay, turn.state.failures)
            self._until = turn.until
            supply, before = self._new_supply(turn.relay, switch), self._answers()
            self._workers = self._new_crew(turn.relay, switch, supply, waiting)
            try:
                await self._round(switch)
            finally:
                await supply.close()
            if not (switch.left_work or (switch.spent and self._answers() > before)):
                return
            self._leases.reopen()

    def look(self) -> None:
        """End this round if a relay before this one may be tried again; to be called often."""
        if self._until is not None and self._switch is not None and self._clock() >= self._until:
            self._until = None
            self._switch.make_way()

    def stop(self) -> None:
        """Begin no further transaction."""
        self.stopped = True
        if self._switch is not None:
            self._switch.halted.set()

    def abort(self) -> None:
        """Cut all connections: transactions under way end with what they know."""
        for worker in self._workers:
            worker.abort()

    async def _round(self, switch: Switch) -> None:
        # The first connection proves the relay, with one message if it was in trouble; a wrong password is tried once.
        first, *others = self._workers
        try:
            if await first.prove() and not switch.halted.is_set():
                ends = await asyncio.gather(*(worker.run() for worker in (first, *others)), return_exceptions=True)
                for end in ends:
                    if isinstance(end, BaseException):
                        raise end
        finally:
            await asyncio.gather(*(worker.close() for worker in (first, *others)))
