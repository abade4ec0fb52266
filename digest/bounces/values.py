"""What a mail from a machine says, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What follows for one recipient."""

    HARD = "hard"
    """Nobody will ever read mail there."""
    SOFT = "soft"
    """It was not delivered this time."""
    COMPLAINT = "complaint"
    """The recipient, or their provider, calls it unwanted."""
    NONE = "none"
    """It arrived, is still under way, or was answered by a machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What became of one recipient."""

    recipient: str | None
    """The address that we had written to, as far as the mail tells; it may be forged."""
    kind: Kind
    reason: str
    """A :class:`digest.refusals.Reason`, or what kind of mail this is: ``abuse``, ``auto-reply``, ``delivered`` …"""
    status: str | None = None
    """The enhanced status code (RFC 3463)."""
    diagnostic: str = ""
    """The last server's own words, one line."""


class Topic(StrEnum):
    """What a mail in our mailbox is."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    AUTOMATIC = "automatic"
    """A vacation note, a receipt, a challenge: nobody has to do anything."""
    OTHER = "other"
    """Nothing that a machine wrote, as far as can be told: for people, or for other readers of mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One mail, understood."""

    topic: Topic
    bounces: tuple[Bounce, ...] = ()
    addressed_to: tuple[str, ...] = ()
    """The addresses that it was sent to, the envelope's before To; one may carry our tag."""
    message_ids: tuple[str, ...] = ()
    """Message-IDs of the returned mail, angle brackets included; ours cannot be guessed."""
    own_id: str | None = None
    """The Message-ID of this mail itself."""
