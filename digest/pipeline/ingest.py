"""Sources → catalog → store, and then the ranker's features of what is new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from digest.checkup import MissingExamples
from digest.errors import StoreError
from digest.model import Identifier, Lane, ReaderState, SourceReport, SourceStatus, Subscriber, Withdrawal
from digest.pipeline.rooms import Rooms
from digest.pipeline.staleness import HISTORY, judged
from digest.sources.base import EXAMPLES, FetchRequest, Page, Source
from digest.sources.examples import ASKED_FOR, to_ask, unknown_in
from digest.sources.http import PoliteClient
from digest.sources.progress import Progress, nothing
from digest.sources.reading import read_sources
from digest.store.drafts import Draft, drafts
from digest.store.intake import Counts, Intake

CHUNK = 200
"""Entries per transaction: keeps writers' waits under 50 ms."""

OUTAGE = dt.timedelta(hours=36)
"""A source not read for longer is caught up by back-fill: feeds only hold the latest announcement."""

FEATURES_CHUNK = 500
"""Papers in memory at once while their features are computed."""
IDS_AT_ONCE = 20_000
"""Papers that are found by one look at all of them: after a long harvest a look for every chunk would take longer than
the features."""


def ingest(
    rooms: Rooms,
    sources: Sequence[Source],
    *,
    client: Callable[[], PoliteClient],
    categories: Sequence[str],
    examples: Source | None = None,
    progress: Callable[[Progress], None] = nothing,
) -> list[SourceReport]:
    """Read all given sources once; store what they say; report how each did.

    Args:
        examples: is asked as well when readers name papers that the store does not hold and that it can ask for.
    """
    now = rooms.clock()
    last, history = rooms.sources.last_success(), rooms.sources.runs(since=now - HISTORY, until=now)
    latest = {run.source: run.status for run in history}
    jobs = [
        (
            source,
            FetchRequest(
                now=now,
                look_back=_look_back(rooms, last.get(source.name), latest.get(source.name), now),
                cursor=rooms.sources.cursor(source.name),
                categories=tuple(categories),
            ),
        )
        for source in sources
    ]
    if examples is not None:
        jobs += _examples(rooms, examples, now)

    def keep(source: str, page: Page) -> tuple[int, int]:
        counts = store_page(rooms, source, page)
        return counts.new, counts.updated

    reports = []
    for report in read_sources(jobs, client=client, keep=keep, clock=rooms.clock, progress=progress):
        reports.append(judged(report, history))
        rooms.sources.report(reports[-1])
    index(rooms)
    learn(rooms)
    return reports


def learn(rooms: Rooms) -> None:
    """What has settled since yesterday becomes the forecast's experience."""
    from digest.pipeline import learning  # numpy, which a run that is refused needs not wait for

    learning.learn(rooms)


def store_page(rooms: Rooms, source: str, page: Page) -> Counts:
    """Store one page in short transactions; validators and cursor go with the last: a crash leaves nothing unread."""
    now = rooms.clock()
    told = drafts(page.batch.entries, now=now)
    return store_drafts(rooms, told, page.batch.withdrawn, now=now, page=page, source=source)


def store_drafts(
    rooms: Rooms,
    told: Sequence[Draft],
    withdrawn: Sequence[Withdrawal] = (),
    *,
    now: dt.datetime,
    page: Page | None = None,
    source: str = "",
) -> Counts:
    """Match, merge and write drafts; with the last of them, what the page that brought them wants remembered."""
    counts, intake = Counts(), Intake(rooms.db)
    for start in range(0, max(len(told), 1), CHUNK):
        with rooms.db.write() as connection:
            counts += intake.take(connection, told[start : start + CHUNK], now=now)
            if start + CHUNK < len(told):
                continue
            counts += intake.withdraw(connection, withdrawn, now=now)
            if page is not None:
                rooms.sources.remember(connection, page.validators, now=now)
                if page.cursor is not None:
                    rooms.sources.set_cursor(connection, source, page.cursor)
    return counts


def index(rooms: Rooms) -> int:
    """Compute the ranker's features of papers that have none; returns how many. Outside any transaction."""
    from digest.ranking.text import features_of

    basis, done = rooms.basis(), 0
    while ids := rooms.papers.without_features(basis.version, IDS_AT_ONCE):
        for start in range(0, len(ids), FEATURES_CHUNK):
            papers = list(rooms.papers.get(ids[start : start + FEATURES_CHUNK]).values())
            blobs = features_of(papers, basis)
            if len(blobs) != len(papers):
                raise StoreError(f"the text basis gave {len(blobs)} vectors for {len(papers)} papers")
            rooms.papers.put_features(basis.version, dict(zip((paper.id for paper in papers), blobs, strict=True)))
            done += len(papers)
    return done


def examples_of_lanes(rooms: Rooms) -> Callable[[Lane], MissingExamples]:
    """Which examples of a lane the store does not hold, and what becomes of them."""
    unknown = unknown_in(rooms.sources.cursor(EXAMPLES))
    asked = ASKED_FOR if rooms.config.sources.examples else frozenset()

    def missing(lane: Lane) -> MissingExamples:
        known = rooms.papers.find(lane.examples)
        absent = [name for name in lane.examples if name not in known]
        return MissingExamples(
            waiting=tuple(name for name in absent if name.scheme in asked and str(name) not in unknown),
            unknown=tuple(name for name in absent if name.scheme in asked and str(name) in unknown),
            unasked=tuple(name for name in absent if name.scheme not in asked),
        )

    return missing


def missing_examples(rooms: Rooms, subscribers: Iterable[Subscriber]) -> tuple[Identifier, ...]:
    """The examples of these readers that the store does not hold, each once, in the readers' order."""
    named = dict.fromkeys(name for reader in subscribers for lane in reader.lanes for name in lane.examples)
    known = rooms.papers.find(list(named))
    return tuple(name for name in named if name not in known)


def _examples(rooms: Rooms, source: Source, now: dt.datetime) -> list[tuple[Source, FetchRequest]]:
    """The job of asking for missing examples, if there is anything to ask for now."""
    active = (known.subscriber for known in rooms.subscribers.all() if known.state is ReaderState.ACTIVE)
    request = FetchRequest(now=now, cursor=rooms.sources.cursor(source.name), wanted=missing_examples(rooms, active))
    return [(source, request)] if to_ask(request) else []


def _look_back(
    rooms: Rooms, last: dt.datetime | None, latest: SourceStatus | None, now: dt.datetime
) -> dt.timedelta | None:
    """How far to back-fill: on a first run, after an outage, and where the latest run left something out.

    Args:
        last: when the source was last read without a fault; ``latest``: how its latest run ended.
    """
    if last is None:
        return dt.timedelta(seconds=rooms.config.sources.first_run.look_back_s)
    gap = now - last
    missed = gap > OUTAGE or latest is SourceStatus.INCOMPLETE
    return min(gap + dt.timedelta(days=1), dt.timedelta(days=30)) if missed else None
