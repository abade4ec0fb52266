"""The relays of an installation, and which of them gets the work.

The first one whose circuit is closed does; one whose pause is over is tried before those behind it, with one message.
The circuits live in the outbox, so that every process sees the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from digest.delivery.base import Transport
from digest.delivery.presets import Preset
from digest.delivery.report import Tally
from digest.settings.mail import RelayConfig
from digest.store.outbox import Outbox, RelayState


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A transport, and how much it may be given."""

    transport: Transport
    connections: int = 4
    per_second: float | None = None
    per_hour: int | None = None
    per_day: int | None = None
    """Both in any span of that length, by all senders on the database."""

    @classmethod
    def of(cls, transport: Transport, config: RelayConfig, preset: Preset | None = None) -> Relay:
        """The transport with the limits that ``config`` sets; what it leaves open is the provider's own."""
        most = preset.connections if preset and preset.connections else config.connections
        return cls(
            transport=transport,
            connections=min(config.connections, most),
            per_second=config.per_second or (preset.per_second if preset else None),
            per_hour=config.per_hour,
            per_day=config.per_day or (preset.per_day if preset else None),
        )

    @property
    def counted(self) -> bool:
        """Whether what it is given is counted over hours."""
        return self.per_hour is not None or self.per_day is not None

    @property
    def name(self) -> str:
        return self.transport.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A relay that may be used now."""

    relay: Relay
    state: RelayState
    until: dt.datetime | None
    """When a relay before this one may be tried again; None: this one is the first."""


class Relays:
    """One per drain."""

    def __init__(
        self, outbox: Outbox, relays: Sequence[Relay], *, clock: Callable[[], dt.datetime], tally: Tally
    ) -> None:
        self._outbox, self._relays, self._clock, self._tally = outbox, tuple(relays), clock, tally

    async def choose(self) -> Turn | None:
        """The relay that gets the work now; None while all of them are paused, which the tally then says."""
        paused: list[RelayState] = []
        for relay in self._relays:
            state = await asyncio.to_thread(self._state, relay)
            if not state.paused(self._clock()):
                return Turn(relay=relay, state=state, until=min(_ends(paused), default=None))
            paused.append(state)
            self._tally.rests(state)
        self._tally.paused = paused[0]
        return None

    def _state(self, relay: Relay) -> RelayState:
        state, now = self._outbox.relay(relay.name), self._clock()
        if state.paused(now) or not relay.counted:
            return state
        free = self._outbox.draw(relay.name, 0, per_hour=relay.per_hour, per_day=relay.per_day, now=now)
        if free.free_at <= now:
            return state
        limits = ((relay.per_hour, "an hour"), (relay.per_day, "24 hours"))
        limit = " and ".join(f"{limit:,} in {span}" for limit, span in limits if limit is not None)
        reason = f"it has been given as many mails as it may have ({limit})"
        return RelayState(relay=relay.name, failures=state.failures, paused_until=free.free_at, reason=reason)


def _ends(paused: Sequence[RelayState]) -> list[dt.datetime]:
    return [state.paused_until for state in paused if state.paused_until is not None]
