"""The forecast goes on learning: once a day, the stored days whose votes have settled are folded into experience.

Lost or unreadable experience is begun anew from what is still stored; without any, the shipped forecast stands.
"""

from __future__ import annotations

import datetime as dt
import logging

from digest.model import Signal
from digest.pipeline.rooms import Rooms
from digest.ranking.corpus import CandidateRow, Corpus
from digest.ranking.experience import SETTLING, Experience
from digest.ranking.forecast import Forecast
from digest.store.learnt import FORECAST, Learnt

logger = logging.getLogger(__name__)

AT_MOST_EVERY = dt.timedelta(hours=20)
SLICE_DAYS = 7
"""Days folded at once: bounds what is loaded."""
MOST_SLICES = 6
"""Per run; the rest follows with the next."""


def learn(rooms: Rooms) -> Experience | None:
    """Fold what has settled since the last time; None if there was nothing to do. Outside any transaction."""
    now = rooms.clock()
    stored = rooms.learnt.get(FORECAST)
    if stored is not None and now - stored.learnt_at < AT_MOST_EVERY:
        return None
    experience, shipped = _read(stored.body if stored else None), Forecast.shipped()
    if not shipped.basis:
        return None
    last = (now - SETTLING).date().toordinal()
    first = max(experience.until, shipped.until) + 1
    oldest = rooms.papers.oldest_news(since=_midnight(first))
    if oldest is None:
        return None
    first = max(first, oldest.date().toordinal())
    if first > last:
        return None
    for _ in range(MOST_SLICES):
        if first > last:
            break
        to = min(first + SLICE_DAYS - 1, last)
        experience = _fold(rooms, experience, shipped, first=first, last=to, now=now)
        first = to + 1
    learned = Learnt(experience.dump(), str(experience), now)
    if not rooms.learnt.put(FORECAST, learned, instead_of=stored.learnt_at if stored else None):
        logger.info("forecast: another process has learnt meanwhile; nothing is written")
        return None
    logger.info("forecast: %s", experience)
    return experience


def forecast(rooms: Rooms, *, now: dt.datetime) -> Forecast:
    """The forecast to rank with at ``now``: what was learnt of later days is not known yet."""
    stored, shipped = rooms.learnt.get(FORECAST), Forecast.shipped()
    experience = _read(stored.body if stored else None)
    return experience.applied_to(shipped) if experience.until <= now.date().toordinal() else shipped


def _read(body: bytes | None) -> Experience:
    if body is None:
        return Experience.none()
    try:
        return Experience.read(body)
    except ValueError as error:
        logger.warning("forecast: what was learnt can't be read (%s); it is learnt anew", error)
        return Experience.none()


def _fold(
    rooms: Rooms, experience: Experience, shipped: Forecast, *, first: int, last: int, now: dt.datetime
) -> Experience:
    begin, end = _midnight(first), _midnight(last + 1)
    readings = rooms.papers.observed(
        since=begin - dt.timedelta(days=2), until=min(now, end + SETTLING), signals=[Signal.HF_UPVOTES]
    )
    if not readings:  # as after a back-fill or an import, whose papers may be many: none of them is loaded
        return experience.passed(first=first, last=last)
    basis = rooms.basis()
    rows = rooms.papers.candidates(basis.version, since=begin, until=now, before=end)
    corpus = Corpus.build(
        [CandidateRow(*row) for row in rows],
        [],
        basis=basis,
        now=now,
        forecast=experience.applied_to(shipped, corrected=False),
    )
    return experience.folded(corpus.born, corpus.prospects, readings, first=first, last=last)


def _midnight(day: int) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromordinal(day), dt.time(), dt.UTC)
