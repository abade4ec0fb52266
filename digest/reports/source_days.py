"""Runs of sources → how each did, day by day: one mark for a day, and sums over all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from digest.model import SourceReport, SourceStatus

GOOD = frozenset({SourceStatus.OK, SourceStatus.UNCHANGED, SourceStatus.QUIET})


class Mark(StrEnum):
    """From the worst on: of several days the worst must show."""

    FAILED = "failed"
    INCOMPLETE = "incomplete"
    READ = "read"
    NOT_ASKED = "not asked"


def mark(runs: Iterable[SourceReport]) -> Mark:
    """The best that a day brought: one good reading makes up for failures before it."""
    statuses = {run.status for run in runs}
    if statuses & GOOD:
        return Mark.READ
    if statuses & {SourceStatus.INCOMPLETE, SourceStatus.STALE}:
        return Mark.INCOMPLETE
    return Mark.FAILED if statuses else Mark.NOT_ASKED


def worst(marks: Sequence[Mark]) -> Mark:
    return next(one for one in Mark if one in marks)


def by_day(runs: Sequence[SourceReport], dates: Sequence[dt.date]) -> tuple[Mark, ...]:
    """One mark for each date, in UTC."""
    days: dict[dt.date, list[SourceReport]] = {}
    for run in runs:
        days.setdefault(run.started_at.date(), []).append(run)
    return tuple(mark(days.get(date, ())) for date in dates)


def by_source(runs: Sequence[SourceReport], names: Iterable[str]) -> Mapping[str, list[SourceReport]]:
    """The runs of each source, those that were expected and never ran among them, by name."""
    found: dict[str, list[SourceReport]] = {name: [] for name in sorted({*names, *(run.source for run in runs)})}
    for run in runs:
        found[run.source].append(run)
    return found


def totals(runs: Sequence[SourceReport]) -> tuple[int, int, int]:
    """Entries that were read, new papers, entries that were rejected."""
    return sum(run.read for run in runs), sum(run.new for run in runs), sum(run.rejected for run in runs)
