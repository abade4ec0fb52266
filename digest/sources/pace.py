"""How often a provider may be asked, and how long it asks us to wait.

Pace belongs to a *key*: all hosts of one operator share one, so that arXiv's RSS, API and OAI hosts together see one
request per 3 s and one connection at a time, as its terms of use ask (https://info.arxiv.org/help/api/tou.html). A base
URL that was configured elsewhere (a mirror, a loopback address) gets its source's own key and pace.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

LEAST_PACE_S = {"arxiv.org": 3.0, "api.semanticscholar.org": 1.0}
"""Operators whose pace no configuration may undercut: their hosts' common ending → seconds between two requests."""

STRANGER_PACE_S = 1.0
"""For a host that a redirect leads to."""

LONGEST_WAIT_S = 86_400.0
"""A Retry-After beyond a day is believed for a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Whom we ask: ``source`` for the program, ``label`` for people, ``host`` of the base URL, and its pace."""

    source: str
    label: str
    host: str
    pace_key: str
    pace_s: float

    @classmethod
    def at(cls, url: str, *, source: str, label: str, pace_s: float, pace_key: str | None = None) -> Provider:
        """Who answers at an address. Hosts of one operator share a ``pace_key``, by default the source's name."""
        host = urlsplit(url).hostname or ""
        return cls(source=source, label=label, host=host, pace_key=pace_key or source, pace_s=pace_s)


def pace_of(host: str, provider: Provider) -> tuple[str, float]:
    """Key and seconds for a request to ``host`` that is made for ``provider``."""
    host = host.lower().rstrip(".")
    for ending, least_s in LEAST_PACE_S.items():
        if host == ending or host.endswith(f".{ending}"):
            own = provider.pace_s if host == provider.host.lower() else 0.0
            return ending, max(least_s, own)
    if host == provider.host.lower():
        return provider.pace_key, provider.pace_s
    return host, STRANGER_PACE_S


def retry_after_s(header: str | None, now: dt.datetime) -> float | None:
    """Seconds that a Retry-After asks for (RFC 9110 section 10.2.3: seconds or a date); None if it says nothing."""
    header = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,12}", header):
        return min(float(header), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(header)
        until = until.replace(tzinfo=dt.UTC) if until.tzinfo is None else until
        return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT_S)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def asked_wait_s(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Seconds that a refusal asks for, in Retry-After or as GitHub does it; None if it asks for none.

    GitHub answers 403 when a budget is used up, with ``x-ratelimit-remaining: 0`` and, in ``x-ratelimit-reset``, the
    second of the epoch at which there is a new one (docs.github.com, "Rate limits for the REST API").
    """
    told = retry_after_s(headers.get("retry-after"), now)
    if told is not None or headers.get("x-ratelimit-remaining", "").strip() != "0":
        return told
    reset = headers.get("x-ratelimit-reset", "").strip()
    if not re.fullmatch(r"[0-9]{1,11}", reset):
        return None
    return min(max(float(reset) - now.timestamp(), 0.0), LONGEST_WAIT_S)


def in_words(seconds: float) -> str:
    """A wait as a reader would say it: ``40 s``, ``10 min``, ``3 h``."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5_400 else f"{round(seconds / 3600)} h"


def is_private(host: str) -> bool:
    """Whether a host is this machine or its own network, as far as its name tells."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith((".localhost", ".local", ".internal"))
