"""How somebody becomes a reader, rests and leaves; and what is kept as evidence that it was their own wish."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class ReaderState(StrEnum):
    """What a reader gets now.

    pending ──confirm──▶ active ◀──resume, time──▶ paused        a pending one gets the confirmation mail and no other
                           │  ▲                      │
                         leave └── undo, confirm     │
                           ▼         again           ▼
                          left ◀────────────────── leave         erased: from anywhere, for good
    """

    PENDING = "pending"
    """Somebody typed the address; whether it was its owner is not known yet."""
    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"
    """They unsubscribed: no file brings them back, only they do."""
    GONE = "gone"
    """Their file was deleted."""
    ERASED = "erased"


class Act(StrEnum):
    """One line of the record of a reader's wishes."""

    ASKED = "asked"
    """A form was filled in with the address, and asked for mail, or for mail at another address."""
    CONFIRMED = "confirmed"
    """Whoever reads mail at the address said yes."""
    ADDED = "added"
    """By the operator, who vouches for it."""
    IMPORTED = "imported"
    """From a list, with where and when consent was given."""
    PAUSED = "paused"
    RESUMED = "resumed"
    LEFT = "left"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What shows that a reader wished it: where it came from, and the words they agreed to."""

    text: str = ""
    """What was agreed to, as it stood there; or where the proof of it lies."""
    language: str = ""
    """Of the text, as in BCP 47."""
    ip: str | None = None
    at: dt.datetime | None = None
    """When, if that was before it is noted here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One line of the record, as it is kept."""

    act: Act
    at: dt.datetime
    recorded_at: dt.datetime
    text: str
    language: str
    ip: str | None


class JoinOutcome(StrEnum):
    """What became of a wish to join. Whoever asked is told the same in every case."""

    ASKED = "asked"
    """Send the confirmation mail; nothing else goes to the address before it is answered."""
    KNOWN = "known"
    """They are readers already, and nothing was changed: mail them the way to their settings."""
    REFUSED = "refused"
    """The address is not written to, not even this once: it was erased, it bounced, or it complained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """``reader_id`` is None where it was refused, and ``reason`` then says why: for the log, not for who asked."""

    outcome: JoinOutcome
    reader_id: str | None
    reason: str | None = None
