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
    trial: bool
    """Written to files: nothing was really sent."""
    accepted_by: Mapping[str, int]
    """How many each relay took."""
    counts: Mapping[DeliveryState, int]
    """Deliveries that got an answer in this drain, by the state they are in now. READY: the relay was at fault."""
    bugs: int = 0
    """How many of the failed ones could not be rendered; their tracebacks are in the log."""
    returned: int = 0
    """Claimed but not started, because of a stop or a pause; they are ready again."""
    expired: int = 0
    reaped: Reaped = field(default_factory=Reaped)
    """What was found of processes that had died."""
    resting: tuple[RelayState, ...] = ()
    """Relays that were found paused, or were paused, and do not work again yet."""
    paused: RelayState | None = None
    """The first relay, when all are paused and nothing can be sent."""
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
        return not (bad or self.bugs or self.reaped.uncertain or self.resting)


@dataclass(slots=True, kw_only=True)
class Tally:
    """The report while it is being made."""

    trial: bool
    counts: Counter[DeliveryState] = field(default_factory=Counter)
    accepted_by: Counter[str] = field(default_factory=Counter)
    bugs: int = 0
    returned: int = 0
    expired: int = 0
    reaped: Reaped = field(default_factory=Reaped)
    resting: dict[str, RelayState] = field(default_factory=dict)
    paused: RelayState | None = None
    stopped: bool = False
    troubles: dict[int, Trouble] = field(default_factory=dict)
    """By delivery: one that a relay could not take may have gone over the next."""
    at_fault: set[int] = field(default_factory=set)
    """Deliveries that are ready again because a relay was at fault."""
    on_disk: int = 0
    _answers: int = 0

    def begin(self, reaped: Reaped, expired: int) -> None:
        self.reaped, self.expired = reaped, expired

    def add(self, delivery: ClaimedDelivery, state: DeliveryState, reason: str, *, relay: str) -> None:
        if delivery.id in self.at_fault:
            self.at_fault.discard(delivery.id)
            self.counts[DeliveryState.READY] -= 1
        self.counts[state] += 1
        self._answers += 1
        if state is DeliveryState.READY:
            self.at_fault.add(delivery.id)
        if state is DeliveryState.ACCEPTED:
            self.accepted_by[relay] += 1
            self.troubles.pop(delivery.id, None)
        elif len(self.troubles) < MOST_PROBLEMS or delivery.id in self.troubles:
            self.troubles[delivery.id] = Trouble(
                delivery_id=delivery.id, subscriber_id=delivery.subscriber_id, state=state, reason=reason
            )

    def rests(self, relay: RelayState) -> None:
        self.resting[relay.relay] = relay

    def works_again(self, relay: str) -> None:
        self.resting.pop(relay, None)

    def written(self, number: int) -> int:
        self.on_disk += number
        return self.on_disk

    def answers(self) -> int:
        """How many answers there were so far; one delivery may have had several."""
        return self._answers

    def report(self) -> DrainReport:
        return DrainReport(
            trial=self.trial,
            accepted_by=dict(self.accepted_by),
            counts={state: number for state, number in self.counts.items() if number},
            bugs=self.bugs,
            returned=self.returned,
            expired=self.expired,
            reaped=self.reaped,
            resting=tuple(self.resting.values()),
            paused=self.paused,
            stopped=self.stopped,
            troubles=tuple(self.troubles.values()),
        )
