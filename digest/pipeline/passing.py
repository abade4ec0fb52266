"""The middle of a pass: what is planned is built, what is ready is sent; and what a whole pass did, in numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from digest.delivery.relays import Relay
from digest.editions.message import Composer
from digest.model import DeliveryState
from digest.pipeline import build, deliver
from digest.pipeline.chronicle import Chronicle
from digest.pipeline.postmark import Postmark
from digest.pipeline.rooms import Rooms
from digest.pipeline.writing import Writer
from digest.store.outbox import RelayState


@dataclass(frozen=True, slots=True, kw_only=True)
class PassReport:
    """What one pass did."""

    planned: int = 0
    built: int = 0
    skipped: int = 0
    accepted: int = 0
    deferred: int = 0
    failed: int = 0
    suppressed: int = 0
    expired: int = 0
    uncertain: int = 0
    """After a lost connection, or found of a process that had died."""
    waiting: int = 0
    """Ready, but not sent: the relays are paused, or somebody asked to stop."""
    paused: str | None = None
    """Why nothing can be sent: all relays are paused."""
    resting: Mapping[str, str] = field(default_factory=dict)
    """Relays that are paused, and why."""
    accepted_by: Mapping[str, int] = field(default_factory=dict)
    """How many mails each relay took."""

    @property
    def is_idle(self) -> bool:
        settled = (self.skipped, self.accepted, self.deferred, self.failed, self.suppressed, self.expired)
        return not any((self.planned, self.built, self.uncertain, *settled))


def build_and_deliver(
    rooms: Rooms,
    *,
    composer: Callable[[], Composer],
    writer: Writer | None,
    relays: Callable[[], Sequence[Relay]],
    postmark: Postmark,
    trial: bool,
    stop: threading.Event,
    progress: Callable[[int], None],
    chronicle: Chronicle | None = None,
) -> PassReport:
    """Build and send everything that is due; ``planned`` is not counted here."""
    built = build.build(rooms, composer=composer, writer=writer, trial=trial, stop=stop.is_set)
    sent = deliver.deliver(rooms, relays=relays, postmark=postmark, stop=stop, progress=progress, chronicle=chronicle)
    held_up = bool(sent.paused or sent.stopped)
    return PassReport(
        built=built.built,
        skipped=built.skipped,
        accepted=sent.sent,
        deferred=sent.counts.get(DeliveryState.DEFERRED, 0),
        failed=built.failed + sent.counts.get(DeliveryState.FAILED, 0),
        suppressed=sent.counts.get(DeliveryState.SUPPRESSED, 0),
        expired=sent.counts.get(DeliveryState.EXPIRED, 0) + sent.expired,
        uncertain=sent.counts.get(DeliveryState.UNCERTAIN, 0) + sent.reaped.uncertain,
        waiting=rooms.outbox.counts(trial=trial).get(DeliveryState.READY, 0) if held_up else 0,
        paused=sent.paused.reason if sent.paused else None,
        resting={relay.relay: _pause(relay) for relay in sent.resting},
        accepted_by=sent.accepted_by,
    )


def _pause(relay: RelayState) -> str:
    until = f"until {relay.paused_until:%d %b %H:%M} UTC" if relay.paused_until else "for now"
    return f"{until}: {relay.reason}"
