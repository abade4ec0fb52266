"""The values that go into and come out of the outbox. Nothing here touches a database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from digest.model import OPEN_STATES, DeliveryState, EditionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One edition to plan, and where the reader's cursor goes in the same transaction."""

    subscriber_id: str
    edition: dt.date
    due_at: dt.datetime
    not_before: dt.datetime
    """Sending starts no earlier; building may run ahead of it."""
    expires_at: dt.datetime
    """Not sent by then, it is news no more: the next edition is due, or the allowed lateness is over."""
    recipient: str
    next_due_at: dt.datetime | None
    next_edition: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDelivery:
    """A delivery that the caller now builds; ``lease_token`` goes back with the result."""

    id: int
    subscriber_id: str
    edition: dt.date
    due_at: dt.datetime
    not_before: dt.datetime
    expires_at: dt.datetime
    recipient: str
    lease_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What building made: ``recipe`` reproduces the bytes of the message, ``paper_ids`` are its picks in mail order."""

    delivery_id: int
    lease_token: str
    recipe: bytes
    message_id: str
    paper_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery that the caller now sends, if ``mark_sending`` still lets it."""

    id: int
    subscriber_id: str
    edition: dt.date
    recipient: str
    recipe: bytes
    message_id: str
    attempt_count: int
    """Attempts already charged to it."""
    lease_token: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """What one attempt brought. The row in ``attempts`` is written whoever holds the lease; ``state`` only under it."""

    delivery_id: int
    lease_token: str
    at: dt.datetime
    relay: str
    phase: str
    outcome: str
    """accepted | deferred | failed | suppressed | uncertain | lost"""
    code: int | None
    text: str
    state: DeliveryState
    """Where the delivery goes; READY when the relay was at fault."""
    reason: str | None = None
    next_attempt_at: dt.datetime | None = None
    charged: bool = True
    """Whether the attempt counts against the delivery. The relay's own faults do not."""
    suppress: bool = False
    """The address itself is dead: write to it no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Deliveries of one claim that one connection is about to send."""

    lease_token: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaped:
    """What expired leases left behind, by what became of it."""

    ready: int = 0
    planned: int = 0
    uncertain: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which deliveries to list; None means all."""

    ids: frozenset[int] | None = None
    states: frozenset[DeliveryState] | None = None
    subscriber_id: str | None = None
    edition: dt.date | None = None
    first: dt.date | None = None
    """Editions of this day and later."""
    last: dt.date | None = None
    """Editions of this day and earlier."""
    address: str | None = None
    domain: str | None = None
    """Of the recipient's address, whatever its case."""
    relay: str | None = None
    """Part of the name of a relay that was tried."""
    words: str | None = None
    """Part of the reason."""
    due_before: dt.datetime | None = None
    trial: bool | None = None
    limit: int = 200

    @property
    def choose(self) -> bool:
        """Whether anything is asked for at all."""
        return self != Filters(limit=self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One line of ``digest queue``."""

    id: int
    subscriber_id: str
    edition: dt.date
    state: DeliveryState
    trial: bool
    recipient: str | None
    due_at: dt.datetime
    not_before: dt.datetime
    expires_at: dt.datetime
    next_attempt_at: dt.datetime | None
    attempt_count: int
    lease_until: dt.datetime | None
    message_id: str | None
    reason: str | None
    updated_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFact:
    """A line of the accepted journal: an edition that a server took, or may have taken."""

    reader: str
    """A keyed hash of the reader's id, 32 hexadecimal digits."""
    edition: dt.date
    state: DeliveryState
    """ACCEPTED or UNCERTAIN."""
    at: dt.datetime
    delivery_id: int
    """In the database that wrote it; after a restore another delivery may have it."""
    message_id: str
    relay: str
    papers: tuple[tuple[str, ...], ...]
    """In mail order, all names of each: ``arxiv:2511.01234``."""

    def to_json(self) -> dict[str, object]:
        return {
            "reader": self.reader,
            "edition": self.edition.isoformat(),
            "state": str(self.state),
            "at": self.at.astimezone(dt.UTC).isoformat(),
            "delivery_id": self.delivery_id,
            "message_id": self.message_id,
            "relay": self.relay,
            "papers": self.papers,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, object]) -> SentFact:
        """Raises KeyError, ValueError or TypeError for what :meth:`to_json` did not make."""
        papers = said["papers"]
        if not isinstance(papers, list | tuple):
            raise TypeError("papers is no list")
        return cls(
            reader=str(said["reader"]),
            edition=dt.date.fromisoformat(str(said["edition"])),
            state=DeliveryState(str(said["state"])),
            at=dt.datetime.fromisoformat(str(said["at"])).astimezone(dt.UTC),
            delivery_id=int(str(said["delivery_id"])),
            message_id=str(said["message_id"]),
            relay=str(said["relay"]),
            papers=tuple(tuple(map(str, names)) for names in papers),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A delivery that went out, or may have, and is not in the journal."""

    delivery_id: int
    subscriber_id: str
    edition: dt.date
    state: DeliveryState
    at: dt.datetime
    message_id: str
    paper_ids: tuple[int, ...]


class Attempt(NamedTuple):
    """One line of a delivery's transcript: where it ended, and what the server said."""

    at: dt.datetime
    relay: str
    phase: str
    outcome: str
    code: int | None
    text: str


class Replay(NamedTuple):
    """What a day's mail was made from, what became of it, and when it was accepted."""

    recipe: bytes
    state: DeliveryState
    at: dt.datetime | None
    trial: bool


class Frozen(NamedTuple):
    """An edition that went out, or may have: when a server took it, and whether its text is still kept."""

    key: EditionKey
    sent_at: dt.datetime | None
    has_recipe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The account of one press day: every planned delivery must have ended somewhere, by two ways of counting."""

    edition: dt.date
    counts: Mapping[DeliveryState, int]
    replies: int
    """Deliveries with an accepting reply in the append-only attempts: the second entry of what ``accepted`` counts."""

    @property
    def planned(self) -> int:
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        return sum(number for state, number in self.counts.items() if state in OPEN_STATES)

    @property
    def balanced(self) -> bool:
        return self.open == 0 and self.replies == self.counts.get(DeliveryState.ACCEPTED, 0)

    def __str__(self) -> str:
        parts = " + ".join(f"{number} {state}" for state, number in sorted(self.counts.items()))
        return f"{self.edition}: {self.planned} planned = {parts or 'nothing'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A part of what a relay may be given: ``number`` messages, counted in ``slot``."""

    number: int
    slot: dt.datetime
    free_at: dt.datetime
    """When there is something again, if ``number`` is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingDomain:
    """A recipient domain that turned us away for going too fast, ``failures`` rests in a row."""

    domain: str
    rests_until: dt.datetime
    failures: int
    reason: str

    def rests(self, now: dt.datetime) -> bool:
        return self.rests_until > now


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayState:
    """The circuit to one relay. ``failures`` in a row > 0 means: probe with one message before trusting it again."""

    relay: str
    failures: int = 0
    paused_until: dt.datetime | None = None
    reason: str | None = None

    def paused(self, now: dt.datetime) -> bool:
        return self.paused_until is not None and self.paused_until > now
