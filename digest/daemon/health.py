"""The daemon's log lines: ``key=value`` figures, loud only when something happened."""

from __future__ import annotations

import logging

from digest.daemon.work import TickReport
from digest.model import SourceReport, SourceStatus

_CALM = frozenset({SourceStatus.OK, SourceStatus.UNCHANGED, SourceStatus.QUIET, SourceStatus.WAITING})


def tick_level(report: TickReport) -> int:
    """Nothing happened: DEBUG. Something went wrong or nobody knows how it went: WARNING."""
    if report.failed or report.uncertain:
        return logging.WARNING
    return logging.DEBUG if report.is_idle else logging.INFO


def tick_line(report: TickReport, *, took_s: float, next_due: str) -> str:
    return (
        f"tick planned={report.planned} built={report.built} skipped={report.skipped} accepted={report.accepted} "
        f"deferred={report.deferred} failed={report.failed} uncertain={report.uncertain} "
        f"took_s={took_s:.1f} next={next_due!r}"
    )


def source_level(report: SourceReport) -> int:
    """A source that did not do what it should: WARNING. Nothing new: DEBUG."""
    if report.status not in _CALM:
        return logging.WARNING
    return logging.INFO if report.new or report.updated else logging.DEBUG


def source_line(report: SourceReport) -> str:
    took_s = (report.finished_at - report.started_at).total_seconds()
    error = f" error={report.error!r}" if report.error else ""
    return (
        f"source={report.source} status={report.status.value} read={report.read} new={report.new} "
        f"updated={report.updated} rejected={report.rejected} took_s={took_s:.1f}{error}"
    )
