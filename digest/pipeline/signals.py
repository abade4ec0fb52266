"""Attention for stored papers: who is due → claim → ask → store. The second way into the store, after ingest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from digest.model import SourceReport, SourceStatus
from digest.pipeline.rooms import Rooms
from digest.signals.base import Findings, Inquiry, SignalProvider, Subject
from digest.signals.reading import read_providers
from digest.sources.http import PoliteClient
from digest.sources.progress import Progress, nothing
from digest.store.intake import Intake

MOST_PAPERS = 5_000
"""Papers that are asked about in one run, whatever the budget of requests: what is loaded at once."""


def read_signals(
    rooms: Rooms,
    providers: Sequence[SignalProvider],
    *,
    client: Callable[[], PoliteClient],
    progress: Callable[[Progress], None] = nothing,
) -> list[SourceReport]:
    """Ask each provider once about the papers whose mark has come; returns how each did, in the given order."""
    now = rooms.clock()
    inquiries = [_inquiry(rooms, provider, now) for provider in providers]
    jobs = [(provider, inquiry) for provider, inquiry in zip(providers, inquiries, strict=True) if inquiry.subjects]
    settled: dict[str, set[int]] = {}

    def keep(provider: str, findings: Findings) -> None:
        with rooms.db.write() as connection:
            Intake(rooms.db).observe(connection, findings.readings, repeat=True)
            rooms.attention.put_texts(connection, findings.texts)
            rooms.attention.settle(connection, provider, findings.answered, now=rooms.clock())
        settled.setdefault(provider, set()).update(findings.answered)

    try:
        asked = {
            report.source: report
            for report in read_providers(jobs, client=client, keep=keep, clock=rooms.clock, progress=progress)
        }
    finally:
        for provider, inquiry in jobs:
            name = provider.watch.name
            rooms.attention.release(
                name, [s.paper.id for s in inquiry.subjects if s.paper.id not in settled.get(name, set())]
            )
    reports = [asked.get(provider.watch.name) or _nothing_due(provider, now) for provider in providers]
    for report in reports:
        rooms.sources.report(report)
    return reports


def _inquiry(rooms: Rooms, provider: SignalProvider, now: dt.datetime) -> Inquiry:
    budget = rooms.config.signals.most_requests
    most = min(budget * provider.per_request, MOST_PAPERS)
    wanted = rooms.attention.due(provider.watch, now=now)[:most]
    mine = rooms.attention.claim(provider.watch.name, wanted, now=now)
    papers = rooms.papers.get(paper.paper_id for paper in mine)
    return Inquiry(
        now=now,
        subjects=tuple(Subject(papers[p.paper_id], p.since) for p in mine if p.paper_id in papers),
        most_requests=budget,
    )


def _nothing_due(provider: SignalProvider, now: dt.datetime) -> SourceReport:
    return SourceReport(
        source=provider.watch.name, started_at=now, finished_at=now, status=SourceStatus.QUIET, announced=0
    )
