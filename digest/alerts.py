"""When an operator is woken: rules over plain figures. What is merely worth knowing is in the daily report.

Each rule has a kind, which is told once a day; docs/operations.md lists them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from digest.model import DeliveryState

NOBODY_WAITED = frozenset({DeliveryState.SKIPPED, DeliveryState.CANCELLED, DeliveryState.SUPPRESSED})
"""A day of these alone needs no mail."""
JOURNAL_PATIENCE = dt.timedelta(minutes=10)
"""The next pass completes the journal; a gap that lasts needs a person."""
BACKUP_PATIENCE = dt.timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    kind: str
    what: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the rules look at, as of ``now`` (aware UTC)."""

    now: dt.datetime
    past_days: Mapping[dt.date, Mapping[DeliveryState, int]]
    """Deliveries by state of press days whose mornings are over in all zones, trials left out."""
    overdue: int = 0
    """Readers whose edition should have been planned long ago."""
    mismatched: Sequence[dt.date] = ()
    """Press days that were closed lately with books that do not balance."""
    journal_gap_since: dt.datetime | None = None
    backups_since: dt.datetime | None = None
    """The last nightly backup, or since when there should have been one; None where none is configured."""


def alerts(situation: Situation) -> tuple[Alert, ...]:
    """All that is wrong, the worst first."""
    return tuple(_alerts(situation))


def _alerts(at: Situation) -> Iterator[Alert]:
    for day, counts in sorted(at.past_days.items(), reverse=True):
        waited = sum(number for state, number in counts.items() if state not in NOBODY_WAITED)
        if waited and not counts.get(DeliveryState.ACCEPTED):
            states = ", ".join(f"{number:,} {state}" for state, number in sorted(counts.items()))
            yield Alert(
                kind="nothing-sent",
                what=f"Nothing was sent on {day}, though {_readers(waited)} waited: {states}",
                todo=f"digest queue --date {day} says why; digest doctor looks at the account",
            )
    if at.overdue:
        yield Alert(
            kind="overdue",
            what=f"{_readers(at.overdue)} should have been served long ago and nothing was planned",
            todo="the log says why passes fail; digest run --dry-run shows who is due",
        )
    for day in at.mismatched:
        yield Alert(
            kind="books",
            what=f"The books of {day} do not balance: some mail is neither sent nor accounted for",
            todo=f"digest queue --date {day}; digest db check",
        )
    if at.journal_gap_since is not None and at.now - at.journal_gap_since > JOURNAL_PATIENCE:
        yield Alert(
            kind="journal",
            what=f"The accepted journal has lacked facts since {at.journal_gap_since:%d %b %H:%M} UTC",
            todo="see that its folder can be written (a full disk?); a restored backup would mail these readers again",
        )
    if at.backups_since is not None and at.now - at.backups_since > BACKUP_PATIENCE:
        yield Alert(
            kind="backup",
            what=f"There has been no nightly backup since {at.backups_since:%d %b}",
            todo="digest db backup FILE in the configured folder says what is wrong",
        )


def _readers(number: int) -> str:
    return f"{number:,} {'reader' if number == 1 else 'readers'}"
