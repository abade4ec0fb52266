"""What the operator is told of a press day: its books, its sources, what went wrong, and what only a person can mend.

It reads the store and changes nothing. A day's report is due some hours after the day, when the mornings of all zones
are over; what is still open by then shows as open.
"""

from __future__ import annotations

import datetime as dt
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from digest.attention import SIGNAL_PREFIX
from digest.editions.content import SourceHealth
from digest.editions.letters import Line, Report, Task
from digest.errors import DigestError
from digest.model import OPEN_STATES, DeliveryState, SourceReport, SourceStatus
from digest.pipeline.desk import NAMES, site_info
from digest.pipeline.rooms import Rooms
from digest.store.figures import FigureStore
from digest.store.outbox import Filters
from digest.store.reports import ReportStore

logger = logging.getLogger(__name__)

DUE_AFTER = dt.timedelta(hours=30)
"""From the day's beginning in UTC: 06:00 of the next day, when a morning's mail has gone out in every zone."""
BOOKS_LOOKED_AT = 7
"""Days back whose books must balance by now."""
LAST_ZONE = dt.timedelta(hours=12)
SHOWN = 10
"""Tasks of a kind, deliveries and addresses that are listed one by one."""

_TROUBLED = (
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
    DeliveryState.HELD,
    DeliveryState.SUPPRESSED,
    DeliveryState.EXPIRED,
    DeliveryState.DEFERRED,
)
_NOT_MEANT = frozenset({DeliveryState.SKIPPED, DeliveryState.CANCELLED})
"""Nobody waited for these."""
_ILL = frozenset({SourceStatus.FAILED, SourceStatus.STALE, SourceStatus.INCOMPLETE})
_TASKS = {
    DeliveryState.FAILED: "failed for good",
    DeliveryState.UNCERTAIN: "may or may not have arrived",
    DeliveryState.HELD: "held until you decide",
    DeliveryState.EXPIRED: "too late to be sent",
}


def due_day(now: dt.datetime) -> dt.date:
    """The latest press day whose report is due."""
    return (now - DUE_AFTER).astimezone(dt.UTC).date()


def was_in_use(rooms: Rooms, day: dt.date, *, trial: bool) -> bool:
    """Whether anything happened that day: before the first one there is nothing to report."""
    since, until = _hours(day)
    return bool(rooms.outbox.counts(trial=trial, edition=day) or rooms.sources.runs(since=since, until=until))


def send_if_due(rooms: Rooms, *, trial: bool, send: Callable[[dt.date], object]) -> bool:
    """Have the latest press day's report sent, once for all processes; a failure is logged, and tried again later."""
    now = rooms.clock()
    day, books = due_day(now), ReportStore(rooms.db)
    if not was_in_use(rooms, day, trial=trial) or not books.claim(day, now=now):
        return False
    try:
        send(day)
    except DigestError as error:
        logger.error("the report of %s could not be sent; tried again in half an hour: %s", day, error)  # noqa: TRY400
        return False
    books.sent(day, now=rooms.clock())
    logger.info("report of %s sent", day)
    return True


def report(rooms: Rooms, day: dt.date, *, to: str, trial: bool) -> Report:
    """The report of a press day as the store knows it now; ``to`` is the operator's address."""
    now = rooms.clock()
    counts = rooms.outbox.counts(trial=trial, edition=day)
    troubled = rooms.outbox.listing(Filters(edition=day, trial=trial, states=frozenset(_TROUBLED), limit=SHOWN))
    since, until = _hours(day)
    runs = rooms.sources.runs(since=since, until=min(now, until))
    given_up = rooms.outbox.suppressed_since(since, until, limit=SHOWN)
    return Report(
        to=to,
        site=site_info(rooms.config),
        sent_at=now,
        day=day,
        headline=_headline(counts, trial=trial),
        tasks=tuple(_tasks(rooms, day, counts, runs, now=now, trial=trial)),
        books=tuple(
            Line(label=f"{state} (still open)" if state in OPEN_STATES else str(state), value=f"{counts[state]:,}")
            for state in DeliveryState
            if counts.get(state)
        ),
        sources=tuple(_sources(runs)),
        troubles=tuple(
            Line(label=row.subscriber_id, value=str(row.state), note=_why(row.reason, row.next_attempt_at))
            for row in troubled
        ),
        suppressed=tuple(Line(label=_address(s.address), value=f"{s.at:%H:%M} UTC", note=s.reason) for s in given_up),
        around=tuple(_around(rooms, since, min(now, until), now=now)),
        left_out=max(0, sum(counts.get(state, 0) for state in _TROUBLED) - len(troubled)),
    )


def _address(known: str) -> str:
    """Of an erased reader nothing but a hash is known."""
    return "an erased reader" if known.startswith("#") else known


def _around(rooms: Rooms, since: dt.datetime, until: dt.datetime, *, now: dt.datetime) -> Iterator[Line]:
    figures = FigureStore(rooms.db)
    if bounced := figures.bounced(since, until):
        yield Line(label="bounces", value=", ".join(f"{number:,} {kind}" for kind, number in sorted(bounced.items())))
    if wishes := figures.wishes(since, until):
        yield Line(label="readers", value=", ".join(f"{number:,} {act}" for act, number in sorted(wishes.items())))
    due = figures.due(now + dt.timedelta(days=1))
    yield Line(label="due within a day", value=f"{due:,} {'mail' if due == 1 else 'mails'}")
    if (place := rooms.db.file) is not None:
        usage = shutil.disk_usage(place.parent)
        size = place.stat().st_size / 1e6 if place.exists() else 0.0
        note = f"{usage.free / usage.total:.0%} of the disk; the database has {size:,.0f} MB"
        yield Line(label="room", value=f"{usage.free / 1e9:,.1f} GB free", note=note)


def _hours(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """What belongs to a press day: from its beginning in UTC until its report is due."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    return start, start + DUE_AFTER


def _headline(counts: dict[DeliveryState, int], *, trial: bool) -> str:
    meant = sum(number for state, number in counts.items() if state not in _NOT_MEANT)
    done = counts.get(DeliveryState.ACCEPTED, 0)
    if not meant:
        return "Nobody had anything to get" if counts else "No mail was due"
    return f"{done:,} of {meant:,} {'mail' if meant == 1 else 'mails'} {'written, as a trial' if trial else 'sent'}"


def _tasks(
    rooms: Rooms, day: dt.date, counts: dict[DeliveryState, int], runs: Sequence[SourceReport],
    *, now: dt.datetime, trial: bool,
) -> Iterator[Task]:  # fmt: skip
    if trial:
        yield Task(what="Nobody gets these mails: the transport is files", todo="For real mail: mail.transport: smtp")
    for relay in rooms.outbox.troubled_relays():
        if relay.paused(now):
            yield Task(
                what=f"The mail server {relay.relay} is paused until {relay.paused_until:%H:%M} UTC: {relay.reason}",
                todo="digest send-test ADDRESS says what is wrong; digest queue resume tries now",
            )
    for domain in rooms.outbox.troubled_domains():
        if domain.rests(now):
            yield Task(
                what=f"{domain.domain} rests until {domain.rests_until:%H:%M} UTC: {domain.reason}",
                todo="it takes less at once: mail.domains in the configuration limits it from the start",
            )
    yield from _unbalanced(rooms, day, now=now)
    for state, words in _TASKS.items():
        if number := counts.get(state):
            what = f"{number:,} {'mail' if number == 1 else 'mails'} {words}"
            yield Task(what=what, todo=f"digest queue --state {state} --date {day}")
    yield from _shown(_ill_sources(rooms, runs), "sources in trouble", "digest sources")
    yield from _shown(_broken_files(rooms), "files with mistakes", "digest check")


def _ill_sources(rooms: Rooms, runs: Sequence[SourceReport]) -> Iterator[Task]:
    good = rooms.sources.last_success()
    for run in _latest(runs).values():
        if run.status in _ILL:
            last = f"last read well {good[run.source]:%d %b %H:%M} UTC" if run.source in good else "never read well"
            what = f"{_name(run.source)}: {run.error or run.status}"
            yield Task(what=what, todo=f"{last}; digest sources, digest doctor")


def _broken_files(rooms: Rooms) -> Iterator[Task]:
    for reader, problem in rooms.subscribers.problems().items():
        yield Task(what=f"The file of {reader} has a mistake; its last good settings hold", todo=problem)


def _shown(tasks: Iterator[Task], what: str, where: str) -> Iterator[Task]:
    """The first of many tasks of a kind, and how many more there are."""
    yield from islice(tasks, SHOWN)
    if more := sum(1 for _ in tasks):
        yield Task(what=f"{more:,} more {what}", todo=where)


def _unbalanced(rooms: Rooms, day: dt.date, *, now: dt.datetime) -> Iterator[Task]:
    """Days that are over everywhere and whose deliveries have not all ended, by both ways of counting."""
    lateness = dt.timedelta(seconds=rooms.config.freshness.max_lateness_s)
    for back in range(BOOKS_LOOKED_AT):
        past = day - dt.timedelta(days=back)
        over_at = dt.datetime.combine(past, dt.time(), dt.UTC) + dt.timedelta(days=1) + LAST_ZONE + lateness
        if over_at < now and not (books := rooms.outbox.books(past)).balanced:
            yield Task(
                what=f"The books of {past:%d %b} do not balance: {books.open} still open, {books.replies} replies",
                todo=f"{books}; digest queue --date {past}",
            )


def _latest(runs: Sequence[SourceReport]) -> dict[str, SourceReport]:
    return {run.source: run for run in runs}


def _sources(runs: Sequence[SourceReport]) -> Iterator[SourceHealth]:
    """How each source and signal did over the day."""
    for source, last in sorted(_latest(runs).items()):
        mine = [run for run in runs if run.source == source]
        read, new = sum(run.read for run in mine), sum(run.new for run in mine)
        figures = f"{read:,} read" if source.startswith(SIGNAL_PREFIX) else f"{read:,} read, {new:,} new"
        ok = last.status not in _ILL
        line = f"{_name(source)}: {figures}, last at {last.finished_at:%H:%M} UTC"
        yield SourceHealth(_name(source), ok, line if ok else f"{line}: {last.error or last.status}")


def _name(source: str) -> str:
    return NAMES.get(source, source)


def _why(reason: str | None, again_at: dt.datetime | None) -> str:
    again = f"again at {again_at:%H:%M} UTC" if again_at is not None else ""
    return "; ".join(filter(None, (reason, again)))
