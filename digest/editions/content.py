"""What an edition is made from: everything the mail says, chosen and summarised, before any of it is drawn."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from digest.model import EditionKey, Paper, Pick, Subscriber, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteInfo:
    """Who sends. ``sender`` is a From value (RFC 5322: ``Ada's papers <ada@uni.example>``).

    ``public_url`` set means the public profile (List-Id, signed links), None the personal one (mailto alone).
    """

    name: str
    sender: str
    contact: str = ""
    public_url: str | None = None
    reply_to: str | None = None
    bounces: str | None = None
    """Read by the program: mails that unsubscribe go there; None: where answers go."""
    logo: str = ""
    """The text at the top of the mail; empty: ``name``."""
    imprint: str = ""
    """The last line of the mail."""
    privacy_url: str = ""
    imprint_url: str = ""
    """The notices on the web, linked below it."""


@dataclass(frozen=True, slots=True)
class PickView:
    """A pick with what its card shows."""

    pick: Pick
    paper: Paper
    summary: Summary


@dataclass(frozen=True, slots=True)
class MissedView:
    """A near miss: one line at the end of the mail."""

    title: str
    url: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How one source did: in figures, or in a finished ``line`` of English ("Hugging Face did not answer")."""

    name: str
    """As readers know it: "arXiv"."""
    ok: bool
    line: str = ""
    read: int | None = None
    """Papers; None where there was nothing to read."""
    announced: int | None = None
    """How many there should have been, where the source tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionContent:
    """One reader's edition. Picks are in mail order; none of them makes it a quiet day."""

    key: EditionKey
    subscriber: Subscriber
    site: SiteInfo
    sent_at: dt.datetime
    """Becomes the Date header; aware."""
    picks: tuple[PickView, ...]
    missed: tuple[MissedView, ...] = ()
    considered: int = 0
    health: tuple[SourceHealth, ...] = ()
    welcome: bool = False
    """The reader's first mail: it opens with a welcome."""
    notice: str | None = None
    """Said at the top: "Reconstructed: this day was never sent", "Trial"."""
