"""What is trending in a span of time, ranked once and then read field by field and page by page."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from digest.model import Attention
from digest.pipeline.desk import HISTORY
from digest.pipeline.rooms import Rooms
from digest.store.browse import BrowseStore

if TYPE_CHECKING:
    from digest.ranking.trend import Trend

STEP = dt.timedelta(minutes=10)
_DAY = dt.timedelta(days=1)
MOST_KEPT = 12
"""Rankings that are remembered: the three spans of now, and some days that somebody looks at."""


class Placed(NamedTuple):
    """One line of a ranking; ``score``: the trend's, in natural-log units, 0 if nothing is known."""

    paper_id: int
    attention: Attention
    score: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranked:
    """Everything that became news in a span: first what gets attention for its field and age, then the newest."""

    ids: Sequence[int]
    categories: Sequence[str]
    """The primary one of each paper, ``""`` if it has none."""
    order: Sequence[int]
    """Rows, best first."""
    newest: Sequence[int]
    """Rows, the latest announced first."""
    trend: Trend

    def page(self, *, field: str = "", start: int = 0, limit: int, newest: bool = False) -> list[Placed]:
        """``limit`` papers of a field (``cs.LG``, or all of ``cs``) from place ``start`` on, best or newest first."""
        if newest:
            rows: Sequence[int] = [row for row in self.newest if not field or is_in(self.categories[row], field)]
        else:
            rows = self._in(field) if field else self.order
        return [
            Placed(self.ids[row], self.trend.attention(row), float(self.trend.score[row]))
            for row in rows[start : start + limit]
        ]

    def fields(self) -> Counter[str]:
        """How many papers each category has."""
        return Counter({category: len(rows) for category, rows in self._places.items() if category})

    def size(self, field: str = "") -> int:
        return len(self._in(field)) if field else len(self.ids)

    def _in(self, field: str) -> list[int]:
        """The rows of a field, best first."""
        places = sorted(place for category, some in self._places.items() if is_in(category, field) for place in some)
        return [self.order[place] for place in places]

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """By category, at which places of the order its papers stand."""
        places: dict[str, list[int]] = {}
        for place, row in enumerate(self.order):
            places.setdefault(self.categories[row], []).append(place)
        return places


def is_in(category: str, field: str) -> bool:
    """Whether a category is a field or in it."""
    return category == field or category.startswith((f"{field}.", f"{field}/"))


def trending(rooms: Rooms, *, since: dt.datetime, now: dt.datetime) -> Ranked:
    """What became news to us since an instant."""
    return _ranked(rooms, rooms.papers.news(since=since, until=now), since=since, read=now)


def of_days(rooms: Rooms, first: dt.date, after: dt.date, *, now: dt.datetime) -> Ranked:
    """What was announced from a day on and before another (UTC), by the attention of the month after the last day."""
    since, until = (dt.datetime.combine(day, dt.time(), dt.UTC) for day in (first, after))
    news = BrowseStore(rooms.db).announced(since=since, until=until)
    return _ranked(rooms, news, since=since, read=min(now, until - _DAY + HISTORY))


def _ranked(
    rooms: Rooms, news: Sequence[tuple[int, dt.datetime, str]], *, since: dt.datetime, read: dt.datetime
) -> Ranked:
    import numpy as np

    from digest.ranking.trend import RANKED, trend_of

    observed = rooms.papers.observed(since=min(since, read - HISTORY), until=read, signals=RANKED)
    ids = np.array([paper_id for paper_id, _, _ in news], dtype=np.int64)
    at = np.array([seen.timestamp() for _, seen, _ in news])
    categories = [category for _, _, category in news]
    trend = trend_of(ids, [seen for _, seen, _ in news], categories, observed, now=read)
    order = np.lexsort((-ids, -at, -trend.score)).tolist()
    newest = np.lexsort((-ids, -at)).tolist()
    return Ranked(ids=ids.tolist(), categories=categories, order=order, newest=newest, trend=trend)


class Trends:
    """Rankings of a process, each made anew when something was read since, or ten minutes later."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Ranked] = OrderedDict()

    def trending(self, span: dt.timedelta, *, now: dt.datetime) -> Ranked:
        """See :func:`trending`."""
        return self._of(span, now, lambda: trending(self._rooms, since=now - span, now=now))

    def of_a_day(self, day: dt.date, *, now: dt.datetime) -> Ranked:
        """What was announced on a day (UTC)."""
        return self.of_days(day, day + _DAY, now=now)

    def of_days(self, first: dt.date, after: dt.date, *, now: dt.datetime) -> Ranked:
        """See :func:`of_days`."""
        return self._of((first, after), now, lambda: of_days(self._rooms, first, after, now=now))

    def _of(self, what: Hashable, now: dt.datetime, make: Callable[[], Ranked]) -> Ranked:
        key = (what, self._rooms.sources.last_run(), int(now.timestamp() / STEP.total_seconds()))
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return kept
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return made
