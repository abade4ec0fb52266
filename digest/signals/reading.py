"""Ask several providers of attention at once and say how each did. One failing never stops the others."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence

from digest.model import SourceReport, SourceStatus
from digest.signals.base import Findings, Inquiry, SignalProvider
from digest.sources.http import PoliteClient
from digest.sources.progress import Progress, nothing
from digest.sources.reading import bounded

Keep = Callable[[str, Findings], None]
"""(provider's name, what it told): writes it; called in a thread, never two at a time."""


def read_providers(
    jobs: Sequence[tuple[SignalProvider, Inquiry]],
    *,
    client: Callable[[], PoliteClient],
    keep: Keep,
    clock: Callable[[], dt.datetime],
    progress: Callable[[Progress], None] = nothing,
) -> list[SourceReport]:
    """Ask and keep everything; one report per provider, in the given order.

    In a report ``announced`` is how many papers were due, ``read`` how many something was learnt of, ``new`` the
    readings, ``updated`` the texts, ``rejected`` how many papers are not known there. What is left is due again.

    Raises:
        StoreError: the database is gone; what was kept before stays.
    """

    async def read_all() -> list[SourceReport]:
        turn = asyncio.Lock()
        async with client() as polite:
            running = [_read(provider, inquiry, polite, keep, turn, clock, progress) for provider, inquiry in jobs]
            return list(await asyncio.gather(*running))

    return asyncio.run(read_all())


async def _read(
    provider: SignalProvider,
    inquiry: Inquiry,
    client: PoliteClient,
    keep: Keep,
    turn: asyncio.Lock,
    clock: Callable[[], dt.datetime],
    progress: Callable[[Progress], None],
) -> SourceReport:
    name, started_at = provider.watch.name, clock()
    answered = known = readings = texts = 0
    progress(Progress(name, "asking"))
    with bounded(name) as outcome:
        async for findings in provider.read(client, inquiry):
            async with turn:
                await asyncio.to_thread(keep, name, findings)
            answered += len(findings.answered)
            known += findings.known
            readings += len(findings.readings)
            texts += len(findings.texts)
            progress(Progress(name, f"{answered} of {len(inquiry.subjects)}", answered, len(inquiry.subjects)))
    status = outcome.status
    if status is SourceStatus.FAILED and answered:
        status = SourceStatus.INCOMPLETE
    progress(Progress(name, str(status)))
    return SourceReport(
        source=name,
        started_at=started_at,
        finished_at=clock(),
        status=status,
        announced=len(inquiry.subjects),
        read=known,
        new=readings,
        updated=texts,
        rejected=answered - known,
        error=outcome.error,
    )
