"""The daemon's log lines: ``key=value`` figures, loud only when something happened, never a reader's address."""

from __future__ import annotations

import logging
import re
import time

from digest.daemon.work import TickReport
from digest.model import SourceReport, SourceStatus

_CALM = frozenset({SourceStatus.OK, SourceStatus.UNCHANGED, SourceStatus.QUIET, SourceStatus.WAITING})
_ADDRESS = re.compile(r"[^\s<>\"'(),:;=@/]+@[^\s<>\"'(),:;=@/]+")


class AddressFreeFormatter(logging.Formatter):
    """Puts ``[address]`` for anything like an e-mail address, tracebacks and servers' replies included.

    Times are UTC. Leave ``timestamp`` off where the service manager stamps the lines itself.
    """

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%SZ"
    default_msec_format = ""

    def __init__(self, *, timestamp: bool) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s" if timestamp else "%(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return _ADDRESS.sub("[address]", super().format(record))


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
