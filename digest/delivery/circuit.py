"""When a relay or a recipient domain is left in peace, and for how long. Pure; the state lives in the outbox.

A relay is paused when it cannot be used at all (connect, TLS, AUTH, our account) or when most of what it is given goes
wrong. After the pause one message goes first, as a probe; only when that is accepted does the rest follow.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from dataclasses import dataclass, field

FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0
FIRST_REST_S = 300.0
LONGEST_REST_S = 4 * 3600.0

SAMPLE = 50
"""The last outcomes that are judged."""
ENOUGH = 20
"""Fewer than that prove nothing: a personal installation has three readers."""
TOO_MANY = 0.5


def pause_s(failures: int, *, hint_s: float | None = None) -> float:
    """How long to pause after that many failures (≥ 1) in a row: 1, 2, 4 … 60 minutes, or what the server asked for."""
    doubled: float = FIRST_PAUSE_S * 2 ** min(max(failures, 1) - 1, 10)
    return max(min(doubled, LONGEST_PAUSE_S), min(hint_s or 0.0, 24 * 3600.0))


def rest_s(failures: int, *, hint_s: float | None = None) -> float:
    """How long a recipient domain rests that turned us away: 5, 10, 20 … 240 minutes, or what it asked for."""
    doubled: float = FIRST_REST_S * 2 ** min(max(failures, 1) - 1, 10)
    return max(min(doubled, LONGEST_REST_S), min(hint_s or 0.0, 24 * 3600.0))


def pause_until(now: dt.datetime, failures: int, *, hint_s: float | None = None) -> dt.datetime:
    return now + dt.timedelta(seconds=pause_s(failures, hint_s=hint_s))


@dataclass(slots=True)
class FailureRatio:
    """A sliding window over the latest outcomes; the one thing here that remembers."""

    _latest: deque[bool] = field(default_factory=lambda: deque(maxlen=SAMPLE))

    def add(self, *, good: bool) -> str | None:
        """Take in one outcome; the reason to pause, or None."""
        self._latest.append(good)
        bad = self._latest.count(False)
        if len(self._latest) >= ENOUGH and bad > TOO_MANY * len(self._latest):
            return f"{bad} of the last {len(self._latest)} deliveries went wrong"
        return None
