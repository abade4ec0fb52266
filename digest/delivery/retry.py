"""When a deferred delivery is tried again. Pure: the clock and the dice are arguments.

The first wait is five minutes and each further one 1.3 times as long, up to four hours: about twenty attempts in a day,
dense at first, because greylisting (RFC 6647) lets a second attempt through after some minutes.
"""

from __future__ import annotations

import datetime as dt

FIRST_S = 300.0
GROWTH = 1.3
LONGEST_S = 4 * 3600.0
SPREAD = 0.2
"""Waits vary by ±20 %, so that a thousand deliveries deferred together do not come back together."""

LONGEST_HINT_S = 24 * 3600.0


def delay_s(attempts: int, *, jitter: float) -> float:
    """Seconds to wait after that many attempts (≥ 1); ``jitter`` is a random number in [0, 1)."""
    # 1.3¹⁵ is past the cap already; a bounded exponent cannot overflow.
    wait = min(FIRST_S * GROWTH ** min(max(attempts, 1) - 1, 30), LONGEST_S)
    return wait * (1 + SPREAD * (2 * jitter - 1))


def next_attempt(
    *, now: dt.datetime, attempts: int, expires_at: dt.datetime, jitter: float, hint_s: float | None = None
) -> dt.datetime | None:
    """When to try again; None when the delivery expires first.

    ``hint_s`` is what the server itself asked for: never sooner, and only a little later.
    """
    if hint_s is not None and hint_s > 0:
        wait = min(hint_s, LONGEST_HINT_S) * (1 + SPREAD * jitter)
    else:
        wait = delay_s(attempts, jitter=jitter)
    at = now + dt.timedelta(seconds=wait)
    return at if at < expires_at else None
