"""Read several sources at once and say how each did. One source failing never stops the others."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from digest.errors import SourceError, SourceRateLimited, StoreError
from digest.model import SourceReport, SourceStatus
from digest.sources.base import FetchRequest, Page, Source
from digest.sources.http import PoliteClient
from digest.sources.progress import Progress, nothing

logger = logging.getLogger(__name__)

Keep = Callable[[str, Page], tuple[int, int]]
"""(source name, page) → (new, updated): writes one page; called in a thread, never two at a time."""


@dataclass(slots=True)
class _Tally:
    announced: int | None = None
    read: int = 0
    rejected: int = 0
    new: int = 0
    updated: int = 0
    pages: int = 0
    unchanged_pages: int = 0
    reasons: list[str] = field(default_factory=list)


def read_sources(
    jobs: Sequence[tuple[Source, FetchRequest]],
    *,
    client: Callable[[], PoliteClient],
    keep: Keep,
    clock: Callable[[], dt.datetime],
    progress: Callable[[Progress], None] = nothing,
) -> list[SourceReport]:
    """Fetch, parse and keep everything; returns one report per source, in the given order.

    Raises:
        StoreError: the database is gone; what was kept before stays.
    """

    async def read_all() -> list[SourceReport]:
        turn = asyncio.Lock()
        async with client() as polite:
            readings: list[Awaitable[SourceReport]] = [
                _read(source, request, polite, keep=keep, turn=turn, clock=clock, progress=progress)
                for source, request in jobs
            ]
            return list(await asyncio.gather(*readings))

    return asyncio.run(read_all())


async def _read(
    source: Source,
    request: FetchRequest,
    client: PoliteClient,
    *,
    keep: Keep,
    turn: asyncio.Lock,
    clock: Callable[[], dt.datetime],
    progress: Callable[[Progress], None],
) -> SourceReport:
    started_at, tally = clock(), _Tally()
    progress(Progress(source.name, "asking"))
    with bounded(source.name) as outcome:
        async for page in source.fetch(client, request):
            async with turn:  # one writer at a time keeps transactions short and SQLite calm
                new, updated = await asyncio.to_thread(keep, source.name, page)
            _count(tally, page, new, updated)
            progress(_progress(source.name, tally))
    status, error = outcome.status, outcome.error
    if status is SourceStatus.FAILED and tally.read:
        status = SourceStatus.INCOMPLETE
    if status is SourceStatus.OK:
        status, error = _judge(tally)
    progress(Progress(source.name, str(status)))
    return SourceReport(
        source=source.name,
        started_at=started_at,
        finished_at=clock(),
        status=status,
        announced=tally.announced,
        read=tally.read,
        new=tally.new,
        updated=tally.updated,
        rejected=tally.rejected,
        error=error,
    )


@dataclass(slots=True)
class Outcome:
    """How the block of :func:`bounded` ended."""

    status: SourceStatus = SourceStatus.OK
    error: str | None = None


@contextlib.contextmanager
def bounded(name: str) -> Iterator[Outcome]:
    """The boundary per source: neither its provider nor a bug in it stops the others.

    Raises:
        StoreError: the database is gone, which concerns everybody.
    """
    outcome = Outcome()
    try:
        yield outcome
    except SourceRateLimited as limited:
        outcome.status, outcome.error = SourceStatus.WAITING, str(limited)
    except SourceError as failed:
        outcome.status, outcome.error = SourceStatus.FAILED, str(failed)
    except StoreError:
        raise
    except Exception as bug:
        logger.exception("source %s: unexpected error", name)
        outcome.status = SourceStatus.FAILED
        outcome.error = f"{name}: unexpected {type(bug).__name__}: {bug} (see the log)"


def _progress(source: str, tally: _Tally) -> Progress:
    """A total that is not ahead of what came is that of the pages so far, not of the whole."""
    done, total = tally.read + tally.rejected, tally.announced
    return Progress(source, f"{tally.read:,} read", done, total if total is not None and total > done else None)


def _count(tally: _Tally, page: Page, new: int, updated: int) -> None:
    tally.pages += 1
    tally.unchanged_pages += page.not_modified
    tally.read += page.batch.read
    tally.rejected += len(page.batch.rejected)
    tally.new += new
    tally.updated += updated
    if page.batch.announced is not None:
        tally.announced = (tally.announced or 0) + page.batch.announced
    for rejection in page.batch.rejected:
        logger.info("rejected %s: %s", rejection.id, rejection.reason)


def _judge(tally: _Tally) -> tuple[SourceStatus, str | None]:
    if tally.pages and tally.pages == tally.unchanged_pages:
        return SourceStatus.UNCHANGED, None
    if tally.announced is not None and tally.announced > tally.read + tally.rejected:
        return SourceStatus.INCOMPLETE, f"{tally.read} of {tally.announced} announced papers came"
    if tally.read == 0 and tally.rejected == 0:
        return SourceStatus.QUIET, None
    return SourceStatus.OK, None
