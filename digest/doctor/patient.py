"""What the checks look at: an installation as it was seen at one moment. Frozen, so that checks can only judge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from digest.checkup import Checkup
from digest.config import Config
from digest.delivery.probe import ProbeReport
from digest.doctor.spf import Spf
from digest.model import SourceReport
from digest.store.health import StoreHealth
from digest.store.written import WritingDay


class Profile(StrEnum):
    PERSONAL = "personal"
    """No public address, somebody else's mail server."""
    PUBLIC = "public"
    """`site.public_url` is set: web pages, and readers who are strangers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address that sources or signals are read from. ``names`` are those that share it."""

    names: tuple[str, ...]
    label: str
    url: str
    pace_key: str
    pace_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What came of asking one place."""

    place: Place
    clock_ahead_s: float | None = None
    """How far its Date was ahead of this machine's clock, to a second; None if it told none."""
    failure: str | None = None
    """Why nobody answered, in a line; None if somebody did."""
    waits: bool = False
    """It was not asked, because its pace or its Retry-After is not over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """The database and the disk below it. ``failure`` is why it could not be looked at; sizes are bytes."""

    name: str
    exists: bool = True
    health: StoreHealth | None = None
    failure: str | None = None
    size: int | None = None
    free: int | None = None
    learnt: str | None = None
    """What the forecast has learnt here, in words."""
    last_success: Mapping[str, dt.datetime] = field(default_factory=dict)
    """By source or signal."""
    latest: Mapping[str, SourceReport] = field(default_factory=dict)
    """The last run of each within a week."""
    writing: tuple[WritingDay, ...] = ()
    """What the language model did within a week, the newest day first."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Generic[T]):
    """An answer of DNS, or why nobody gave one."""

    answer: T | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """A key that signs. ``trouble`` is why its record does not fit it; None if it does."""

    name: str
    domain: str
    trouble: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The address that receivers see, its names, and those of them that have this address."""

    address: str
    names: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainState:
    """What DNS says of the domains that mails are sent in the name of."""

    sender: str
    """Of From."""
    envelope: str
    """Of the return path."""
    spf: Told[Spf]
    dmarc: Told[tuple[str, str] | None]
    """(the domain that has one, the record)."""
    mx: Told[tuple[str, ...]]
    addresses: Told[tuple[str, ...]]
    keys: tuple[KeyState, ...] = ()
    own: Own | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Until when a relay's certificate is good, or why it was not seen."""

    relay: str
    until: dt.datetime | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneClick:
    """HTTP statuses of a GET and a POST with a token that nobody signed."""

    url: str
    get: int | None = None
    post: int | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One installation. What was not looked at is None or empty: without a usable configuration, that is all else."""

    now: dt.datetime
    checkup: Checkup
    config: Config | None = None
    store: StoreState | None = None
    sources: tuple[str, ...] = ()
    """Sources and signals that are on, by name."""
    unbuilt: str | None = None
    """Why they could not be built."""
    contacts: tuple[Contact, ...] = ()
    mail: tuple[ProbeReport, ...] = ()
    """What each relay said, in the order in which they are used."""
    mail_failure: str | None = None
    domain: DomainState | None = None
    """None as well where we answer for no domain."""
    certificates: tuple[Certificate, ...] = ()
    one_click: OneClick | None = None
    offline: bool = False
    """Nothing beyond this machine was to be asked."""

    @property
    def profile(self) -> Profile:
        return Profile.PUBLIC if self.config and self.config.site.public_url else Profile.PERSONAL
