"""Backoff and the circuit: how long to wait, and when to stop trying."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.circuit import ENOUGH, FailureRatio, pause_s
from digest.delivery.retry import LONGEST_HINT_S, LONGEST_S, delay_s, next_attempt

NOW = dt.datetime(2025, 11, 24, 7, 0, tzinfo=dt.UTC)
TOMORROW = NOW + dt.timedelta(days=1)


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 5), (2, 6.5), (3, 8.45), (5, 14.28), (40, 240)])
def test_waits_start_at_five_minutes_and_grow_by_1_3(attempts: int, minutes: float) -> None:
    """The n-th wait is 5 min × 1.3ⁿ⁻¹, up to four hours."""
    assert delay_s(attempts, jitter=0.5) == pytest.approx(minutes * 60, rel=1e-3)


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_jitter_stays_within_a_fifth(attempts: int, jitter: float) -> None:
    """Jitter moves a wait by at most ±20 %, whatever the dice say."""
    middle = delay_s(attempts, jitter=0.5)
    assert 0.8 * middle <= delay_s(attempts, jitter=jitter) <= 1.2 * middle <= 1.2 * LONGEST_S


@given(st.floats(0, 1, exclude_max=True), st.floats(1, 1e7))
def test_a_servers_hint_is_never_undercut(jitter: float, hint: float) -> None:
    """A server that names a time is not asked sooner, and not for more than a day."""
    at = next_attempt(now=NOW, attempts=9, expires_at=NOW + dt.timedelta(days=9), jitter=jitter, hint_s=hint)
    assert at is not None
    assert min(hint, LONGEST_HINT_S) - 1e-3 <= (at - NOW).total_seconds() <= 1.2 * LONGEST_HINT_S


def test_an_attempt_after_the_expiry_is_none() -> None:
    """When the next edition is due first, there is no further attempt."""
    soon = NOW + dt.timedelta(minutes=4)
    assert next_attempt(now=NOW, attempts=1, expires_at=soon, jitter=0.0) is None
    assert next_attempt(now=NOW, attempts=1, expires_at=TOMORROW, jitter=0.0) == NOW + dt.timedelta(minutes=4)


def test_pauses_double_up_to_an_hour_and_follow_hints() -> None:
    """A relay that keeps failing is asked ever less often; one that names a time, then."""
    assert [pause_s(n) / 60 for n in (1, 2, 3, 7, 99)] == [1, 2, 4, 60, 60]
    assert pause_s(1, hint_s=7200) == 7200


def test_the_ratio_needs_enough_evidence() -> None:
    """Three readers with dead mailboxes do not pause a relay; most of fifty do."""
    ratio = FailureRatio()
    assert all(ratio.add(good=False) is None for _ in range(ENOUGH - 1))
    assert ratio.add(good=False) == "20 of the last 20 deliveries went wrong"


def test_a_ratio_of_half_is_still_good() -> None:
    """Only more than half going wrong pauses; old failures are forgotten."""
    ratio = FailureRatio()
    assert all(ratio.add(good=index % 2 == 0) is None for index in range(200))
