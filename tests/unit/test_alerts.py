"""When an operator is woken, and when not."""

from __future__ import annotations

import datetime as dt

import pytest

from digest.alerts import Situation, alerts
from digest.model import DeliveryState as S

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 23)
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("counts", "woken"),
    [
        ({}, False),
        ({S.ACCEPTED: 1, S.FAILED: 900}, False),
        ({S.SKIPPED: 5, S.CANCELLED: 1, S.SUPPRESSED: 2}, False),
        ({S.FAILED: 3}, True),
        ({S.EXPIRED: 3, S.SKIPPED: 2}, True),
        ({S.PLANNED: 1}, True),
        ({S.UNCERTAIN: 2}, True),
    ],
)
def test_a_day_without_a_mail_wakes_where_somebody_waited(counts: dict[S, int], woken: bool) -> None:
    """A quiet day does not; one mail that went out shows that it can go out, and the rest is in the report."""
    found = alerts(Situation(now=NOW, past_days={DAY: counts}))
    assert [alert.kind for alert in found] == (["nothing-sent"] if woken else [])


def test_each_trouble_is_named_with_what_to_do() -> None:
    """Readers that nobody plans for, books that do not balance, a journal that lags, backups that fail."""
    found = alerts(
        Situation(
            now=NOW,
            past_days={DAY: {S.FAILED: 2}},
            overdue=1,
            mismatched=[DAY],
            journal_gap_since=NOW - HOUR,
            backups_since=NOW - 72 * HOUR,
        )
    )
    assert [alert.kind for alert in found] == ["nothing-sent", "overdue", "books", "journal", "backup"]
    assert found[0].what == "Nothing was sent on 2026-11-23, though 2 readers waited: 2 failed"
    assert "1 reader should" in found[1].what
    assert all(alert.todo for alert in found)


def test_what_mends_itself_wakes_nobody() -> None:
    """The next pass completes the journal, and last night's backup is good for two days."""
    since = NOW - dt.timedelta(minutes=5)
    assert alerts(Situation(now=NOW, past_days={}, journal_gap_since=since, backups_since=NOW - 30 * HOUR)) == ()
