"""What one drain did, for the terminal, the log and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from digest.model import DeliveryState
from digest.store.outbox import ClaimedDelivery, Reaped, RelayState

MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A delivery that did not simply go out, and why."""

    delivery_id: int
    subscriber_id: str
    state: DeliveryState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainReport:
    relay: str
    trial: bool
    """Written to files: nothing was really sent."""
    counts: Mapping[DeliveryState, int]
    """Deliveries that got an answer in this drain, by the state they are in now. READY: the relay was at fault."""
    bugs: int = 0
    """How many of the failed ones could not be rendered; their tracebacks are in the log."""
    returned: int = 0
    """Claimed but not started, because of a stop or a pause; they are ready again."""
    expired: int = 0
    reaped: Reaped = field(default_factory=Reaped)
    """What was found of processes that had died."""
    paused: RelayState | None = None
    stopped: bool = False
    troubles: tuple[Trouble, ...] = ()
    """The first of them; all are in the outbox."""

    @property
    def sent(self) -> int:
        return self.counts.get(DeliveryState.ACCEPTED, 0)

    @property
    def ok(self) -> bool:
        """False when a person should look: a bug, a refusal for good, an uncertain delivery, a paused relay."""
        bad = self.counts.get(DeliveryState.FAILED, 0) + self.counts.get(DeliveryState.UNCERTAIN, 0)
        return not (bad or self.bugs or self.reaped.uncertain or self.paused)


@dataclass(slots=True, kw_only=True)
class Tally:
    """The report while it is being made."""

    relay: str
    trial: bool
    counts: Counter[DeliveryState] = field(default_factory=Counter)
    bugs: int = 0
    returned: int = 0
    expired: int = 0
    reaped: Reaped = field(default_factory=Reaped)
    paused: RelayState | None = None
    stopped: bool = False
    troubles: list[Trouble] = field(default_factory=list)
    on_disk: int = 0

    def begin(self, reaped: Reaped, expired: int) -> None:
        self.reaped, self.expired = reaped, expired

    def add(self, delivery: ClaimedDelivery, state: DeliveryState, reason: str) -> None:
        self.counts[state] += 1
        if state is not DeliveryState.ACCEPTED and len(self.troubles) < MOST_PROBLEMS:
            self.troubles.append(
                Trouble(delivery_id=delivery.id, subscriber_id=delivery.subscriber_id, state=state, reason=reason)
            )

    def written(self, number: int) -> int:
        self.on_disk += number
        return self.on_disk

    def report(self) -> DrainReport:
        return DrainReport(
            relay=self.relay,
            trial=self.trial,
            counts=dict(self.counts),
            bugs=self.bugs,
            returned=self.returned,
            expired=self.expired,
            reaped=self.reaped,
            paused=self.paused,
            stopped=self.stopped,
            troubles=tuple(self.troubles),
        )
