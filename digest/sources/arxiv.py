"""arXiv: what was announced today from the RSS feeds, what was missed from the API.

Feeds hold one announcement only and are cut at 2,000 items with the new ones last, so each category is asked for on
its own. The API knows every paper by the date of its submission: a first run, a long outage and a newly wanted
category are back-filled from there, window by window. The cursor says how far that got, and an interrupted back-fill
goes on there.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.config import ArxivConfig
from digest.errors import SourceError, SourceRateLimited
from digest.model import Batch
from digest.sources import arxiv_atom, arxiv_rss
from digest.sources.base import FetchRequest, Page, SourceUnreachable, Troubles
from digest.sources.loose_json import mapping, sequence, text
from digest.sources.pace import Provider
from digest.sources.text import instant

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

NAME = "arxiv"
LABEL = "arXiv"

SLICE = 1_000
"""Results per request; the manual allows 2,000, but such answers are slow and often fail."""
MOST_RESULTS = 20_000
"""A window with more is halved: the API gives no more than 30,000 results of one query."""
SHORTEST_WINDOW = dt.timedelta(hours=1)
LONGEST_DELAY = dt.timedelta(days=4)
"""From submission to announcement, over a weekend with a holiday: what was announced in an outage was submitted this
much earlier."""
FRESH_ENOUGH = dt.timedelta(hours=6)
"""A back-fill that ended so recently is not repeated because another part of the run failed."""
ASK_AGAIN = 2
"""Times that a page with too few entries is asked for again: the API now and then gives an empty one."""

_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)?(?:\.[A-Za-z-]{2,20})?", re.ASCII)
_STAMP = "%Y%m%d%H%M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """How far a back-fill got. ``windows`` are (from, until) still to do, the first from result ``start`` on."""

    categories: tuple[str, ...] = ()
    windows: tuple[tuple[dt.datetime, dt.datetime], ...] = ()
    start: int = 0
    covered: tuple[str, ...] = ()
    """Categories that need no back-fill any more."""
    until: dt.datetime | None = None
    """When the last finished back-fill of all covered categories began."""

    def to_cursor(self) -> dict[str, object]:
        return {
            "categories": list(self.categories),
            "windows": [[begin.isoformat(), end.isoformat()] for begin, end in self.windows],
            "start": self.start,
            "covered": list(self.covered),
            "until": self.until.isoformat() if self.until else None,
        }

    @classmethod
    def from_cursor(cls, cursor: Mapping[str, object]) -> Backfill:
        """What a cursor says; anything unreadable in it counts as not said."""
        windows = []
        for window in sequence(cursor.get("windows")):
            begin, end = (instant(text(edge)) for edge in [*sequence(window), None, None][:2])
            if begin and end:
                windows.append((begin, end))
        start = cursor.get("start")
        return cls(
            categories=tuple(text(one) for one in sequence(cursor.get("categories"))),
            windows=tuple(windows),
            start=start if isinstance(start, int) and start >= 0 else 0,
            covered=tuple(text(one) for one in sequence(cursor.get("covered"))),
            until=instant(text(mapping(cursor).get("until"))),
        )


def plan(
    request: FetchRequest,
    categories: tuple[str, ...],
    *,
    first_look_back: dt.timedelta,
    cut: tuple[str, ...] = (),
) -> Backfill:
    """What to back-fill: the rest of an unfinished one, else what ``look_back`` asks, else newly wanted categories,
    else those whose feed was ``cut``. Nothing before the last finished back-fill is asked for again.
    """
    known = Backfill.from_cursor(request.cursor)
    if known.windows:
        return known
    new = tuple(category for category in categories if category not in known.covered)
    if request.look_back is not None and not (known.until and request.now - known.until < FRESH_ENOUGH):
        begin = request.now - request.look_back - (LONGEST_DELAY if known.until else dt.timedelta())
        if known.until and not new:
            begin = max(begin, known.until - LONGEST_DELAY)
        return replace(known, categories=categories, windows=((begin, request.now),), start=0)
    if new and known.covered:
        return replace(known, categories=new, windows=((request.now - first_look_back, request.now),), start=0)
    known = replace(known, covered=tuple(dict.fromkeys([*known.covered, *new])))
    if not cut:
        return known
    return replace(known, categories=cut, windows=((request.now - LONGEST_DELAY, request.now),), start=0)


class ArxivSource:
    """The source ``arxiv``."""

    def __init__(self, config: ArxivConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)) -> None:
        self._config = config
        self._first_look_back = first_look_back
        self._feeds = _provider(config.rss_url, config.pace_s)
        self._api = _provider(config.api_url, config.pace_s)

    @property
    def name(self) -> str:
        return NAME

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """Today's announcements first, one page per category, then the back-fill if there is one to do."""
        wanted = request.categories if self._config.categories == "auto" else self._config.categories
        categories = tuple(dict.fromkeys(category for category in wanted if _CATEGORY.fullmatch(category)))
        troubles = Troubles(NAME)
        unanswered, cut = 0, list[str]()
        for at, category in enumerate(categories):
            try:
                page = await self._announced(client, request, category)
            except SourceError as error:
                unanswered += isinstance(error, SourceUnreachable)
                troubles.add(category, error)
                if isinstance(error, SourceRateLimited) or unanswered == 2:
                    for skipped in categories[at + 1 :]:
                        troubles.add(skipped, error)
                    troubles.tell()
                continue
            yield page
            if page.batch.announced is None:
                troubles.add(category, SourceError(NAME, f"{LABEL} broke off in the middle of its feed"))
            elif page.batch.announced >= arxiv_rss.LIMIT:
                cut.append(category)
        async for page in self._back_filled(client, request, categories, tuple(cut), troubles):
            yield page
        troubles.tell()

    async def _back_filled(
        self,
        client: PoliteClient,
        request: FetchRequest,
        categories: tuple[str, ...],
        cut: tuple[str, ...],
        troubles: Troubles,
    ) -> AsyncIterator[Page]:
        """What the feeds do not hold; what then is still missing goes to ``troubles``."""
        todo = plan(request, categories, first_look_back=self._first_look_back, cut=cut)
        missing = [category for category in cut if category not in todo.categories]
        try:
            async for page in self._missed(client, todo, request):
                yield page
        except SourceError as error:
            troubles.add("back-fill", error)
            missing = list(cut)
        for category in missing:
            troubles.add(category, SourceError(NAME, f"{LABEL} cut its feed at {arxiv_rss.LIMIT:,} papers"))

    async def _announced(self, client: PoliteClient, request: FetchRequest, category: str) -> Page:
        answer = await client.get(f"{self._config.rss_url.rstrip('/')}/rss/{category}", self._feeds)
        if answer.not_modified:
            return Page(batch=Batch(entries=(), announced=0), not_modified=True)
        batch = await answer.parsed(lambda data: arxiv_rss.parse(data, now=request.now))
        # A feed that broke off or was cut must not become "not modified" at the next request.
        whole = batch.announced is not None and batch.announced < arxiv_rss.LIMIT
        return Page(batch=batch, validators=answer.validators if whole else ())

    async def _missed(self, client: PoliteClient, todo: Backfill, request: FetchRequest) -> AsyncIterator[Page]:
        if not todo.windows or not todo.categories:
            if todo.to_cursor() != dict(request.cursor) and todo.covered:
                yield Page(batch=Batch(entries=(), announced=0), cursor=todo.to_cursor())
            return
        begun, announced = todo.windows[-1][1], False
        while todo.windows:
            begin, end = todo.windows[0]
            found = await self._slice(client, todo)
            if found.total > MOST_RESULTS and todo.start == 0 and end - begin > SHORTEST_WINDOW:
                middle = begin + (end - begin) / 2
                todo = replace(todo, windows=((begin, middle), (middle, end), *todo.windows[1:]))
                continue
            # What a window still owes is announced once, so that what never came shows in the sum.
            owed, next_start = 0 if announced else max(found.total - todo.start, 0), todo.start + SLICE
            done = next_start >= found.total
            announced = not done
            todo = replace(todo, windows=todo.windows[1:] if done else todo.windows, start=0 if done else next_start)
            if not todo.windows:
                covered = tuple(dict.fromkeys([*todo.covered, *todo.categories]))
                until = begun if set(todo.categories) >= set(todo.covered) else todo.until
                todo = replace(todo, categories=(), covered=covered, until=until)
            yield Page(batch=replace(found.batch, announced=owed), cursor=todo.to_cursor())

    async def _slice(self, client: PoliteClient, todo: Backfill) -> arxiv_atom.ApiPage:
        """One page of results with as many entries as it must have."""
        begin, end = todo.windows[0]
        which = " OR ".join(
            f"cat:{category}" if "." in category else f"cat:{category}*" for category in todo.categories
        )
        params = {
            "search_query": f"({which}) AND submittedDate:[{begin.strftime(_STAMP)} TO {end.strftime(_STAMP)}]",
            "sortBy": "submittedDate",
            "sortOrder": "ascending",
            "start": str(todo.start),
            "max_results": str(SLICE),
        }
        for _ in range(1 + ASK_AGAIN):
            answer = await client.get(
                self._config.api_url, self._api, params=params, conditional=False, hand_back=frozenset({400})
            )
            found = await answer.parsed(arxiv_atom.parse_page)
            expected = min(SLICE, max(found.total - todo.start, 0))
            if found.items >= expected and found.batch.announced is not None:
                return found
        raise SourceError(NAME, f"{LABEL} gave {found.items} of {expected} papers; the rest is asked for next time")


def _provider(url: str, pace_s: float) -> Provider:
    return Provider(source=NAME, label=LABEL, host=urlsplit(url).hostname or "", pace_key=NAME, pace_s=pace_s)
