"""Relay after relay, until nothing is left: a round is the work of one relay's connections.

A round ends when nothing may go out any more, when its relay is in trouble, or when a relay before it may be tried
again. What it had claimed and not begun is ready again, and the next round takes it with the same leases. What is
uncertain stays with the relay that had it: no round ever sends it again.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from digest.delivery.leases import Leases
from digest.delivery.relays import Relays, Turn
from digest.delivery.supply import Supply
from digest.delivery.switch import Switch
from digest.delivery.worker import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """What one round works with: a worker for each connection, and what they share."""

    switch: Switch
    supply: Supply
    workers: Sequence[Worker]


class Rounds:
    """One per drain; ``run`` in a task of its own, the rest may be called meanwhile."""

    def __init__(
        self,
        relays: Relays,
        leases: Leases,
        *,
        muster: Callable[[Turn, int], Team],
        answers: Callable[[], int],
        clock: Callable[[], dt.datetime],
    ) -> None:
        """``muster`` makes the team for a relay's turn and so many deliveries at hand; ``answers``: how many so far."""
        self._relays, self._leases, self._clock = relays, leases, clock
        self._muster, self._answers = muster, answers
        self._team: Team | None = None
        self._until: dt.datetime | None = None
        self.stopped = False

    async def run(self) -> None:
        while not self.stopped and (turn := await self._relays.choose()) is not None:
            waiting = await self._leases.waiting()
            if not waiting or self.stopped:
                return
            self._team = team = self._muster(turn, waiting)
            self._until, before = turn.until, self._answers()
            try:
                await self._round(team)
            finally:
                await team.supply.close()
            if not (team.switch.left_work or (team.switch.spent and self._answers() > before)):
                return
            self._leases.reopen()

    def look(self) -> None:
        """End this round if a relay before this one may be tried again; to be called often."""
        if self._until is not None and self._team is not None and self._clock() >= self._until:
            self._until = None
            self._team.switch.make_way()

    def stop(self) -> None:
        """Begin no further transaction."""
        self.stopped = True
        if self._team is not None:
            self._team.switch.halted.set()

    def abort(self) -> None:
        """Cut all connections: transactions under way end with what they know."""
        for worker in self._team.workers if self._team is not None else ():
            worker.abort()

    async def _round(self, team: Team) -> None:
        # The first connection proves the relay, with one message if it was in trouble; a wrong password is tried once.
        first, *others = team.workers
        try:
            if await first.prove() and not team.switch.halted.is_set():
                ends = await asyncio.gather(*(worker.run() for worker in (first, *others)), return_exceptions=True)
                for end in ends:
                    if isinstance(end, BaseException):
                        raise end
        finally:
            await asyncio.gather(*(worker.close() for worker in (first, *others)))
