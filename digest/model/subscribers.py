"""Who wants what, when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from digest.model.identity import Identifier


class Frequency(StrEnum):
    ANNOUNCEMENT_DAYS = "announcement days"
    """The mornings after arXiv announces, in the reader's zone."""
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"


class QuietDay(StrEnum):
    """What a reader gets when nothing passes the threshold."""

    SKIP = "skip"
    SEND = "send"


class MailLayout(StrEnum):
    """How much of each paper a mail shows."""

    FULL = "full"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTimes:
    """When a reader wants mail. ``weekday`` (Monday = 0) counts for weekly mail only."""

    timezone: str
    send: dt.time = dt.time(7, 30)
    frequency: Frequency = Frequency.ANNOUNCEMENT_DAYS
    weekday: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One named interest. ``examples`` are papers like the ones wanted."""

    name: str
    phrases: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    examples: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Hard filters: nothing that matches is ever sent."""

    words: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A reader's settings, whatever they were declared in."""

    id: str
    email: str
    times: SendTimes
    name: str = ""
    papers: int = 10
    balance: float = 0.7
    """0 = what is trending, 1 = what is mine."""
    lanes: tuple[Lane, ...] = ()
    mute: Mute = field(default_factory=Mute)
    quiet_day: QuietDay = QuietDay.SKIP
    explore: bool = True
    per_field: int | None = None
    """Most papers of one primary category in a mail; None for no limit."""
    layout: MailLayout = MailLayout.FULL
    language: str = "en"
