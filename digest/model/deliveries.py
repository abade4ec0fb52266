"""Editions, and what becomes of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class EditionKey:
    """(subscriber, local date of the scheduled send): what may go out once."""

    subscriber_id: str
    date: dt.date


class DeliveryState(StrEnum):
    """States of the outbox; the rules are in docs/delivery.md."""

    PLANNED = "planned"
    BUILDING = "building"
    READY = "ready"
    LEASED = "leased"
    SENDING = "sending"
    DEFERRED = "deferred"
    ACCEPTED = "accepted"
    SKIPPED = "skipped"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"
    HELD = "held"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset(
    {
        DeliveryState.PLANNED,
        DeliveryState.BUILDING,
        DeliveryState.READY,
        DeliveryState.LEASED,
        DeliveryState.SENDING,
        DeliveryState.DEFERRED,
    }
)
"""States that still move by themselves."""

RELEASING_STATES = frozenset(
    {
        DeliveryState.FAILED,
        DeliveryState.EXPIRED,
        DeliveryState.CANCELLED,
        DeliveryState.SUPPRESSED,
        DeliveryState.SKIPPED,
    }
)
"""States that give a delivery's papers back: they may be picked again. Every other state counts as gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What SMTP needs of one message: reverse path, forward path, and the finished bytes (CRLF lines)."""

    delivery_id: int
    sender: str
    recipient: str
    message_id: str
    data: bytes
