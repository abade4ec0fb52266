"""Lists that a provider is asked for by date, page by page: how far each got, and whether all of it came.

    for each list: since = day of its last complete reading ──▶ page, page, … ──▶ that day moves on with the last page

A list that breaks off keeps its day and is read again from there, so nothing is lost and what came twice is joined.
Where the provider says how many there are, fewer is an error, not the end.
"""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from digest.errors import SourceError, SourceRateLimited
from digest.sources.base import FetchRequest, Page, Portion, SourceUnreachable, Troubles
from digest.sources.loose_json import mapping, text
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

OVERLAP = dt.timedelta(days=1)
"""Days are the providers' own and end at different hours, so the day of the last reading is read again."""
LONGEST = 10_000
"""Pages of one list; ends those that never repeat themselves either."""


class HarvestedSource(abc.ABC):
    """The source of a provider that is asked for lists by date: a subclass names the lists and asks for one answer."""

    def __init__(self, provider: Provider, *, first_look_back: dt.timedelta) -> None:
        self.provider = provider
        self._first_look_back = first_look_back

    @property
    def name(self) -> str:
        return self.provider.source

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """Every list from its day on, answer by answer."""

        def ask(name: str, since: dt.date) -> AsyncIterator[Portion]:
            return self.portions(client, request, name, since)

        source, label = self.provider.source, self.provider.label
        async for page in harvest(source, label, self.lists(), request, ask, first_look_back=self._first_look_back):
            yield page

    @abc.abstractmethod
    def lists(self) -> Sequence[str]:
        """The names of all lists: each keeps its own day in the cursor."""

    async def portions(
        self, client: PoliteClient, request: FetchRequest, name: str, since: dt.date
    ) -> AsyncIterator[Portion]:
        """One list to its end."""
        at: str | None = ""
        while at is not None:
            portion = await self.portion(client, request, name, since, at)
            yield portion
            at = portion.then

    @abc.abstractmethod
    async def portion(self, client: PoliteClient, request: FetchRequest, name: str, since: dt.date, at: str) -> Portion:
        """The answer that begins ``at`` what the one before said; empty for the first one."""


def counted(found: Portion, start: int) -> Portion:
    """An answer of a list that is paged by count: the next one begins behind it, unless this was the last."""
    end = start + (found.batch.announced or 0)
    last = end == start or (found.total is not None and end >= found.total)
    return replace(found, then=None if last else str(end))


Ask = Callable[[str, dt.date], AsyncIterator[Portion]]
"""(name of a list, first day) → its pages, to the end."""


async def harvest(
    source: str, label: str, lists: Sequence[str], request: FetchRequest, ask: Ask, *, first_look_back: dt.timedelta
) -> AsyncIterator[Page]:
    """The pages of all lists. The cursor is ``{"done": {list: ISO date}}``; garbage in it counts as not said.

    Raises:
        SourceError: after the last page, naming the lists that failed.
    """
    kept = mapping(request.cursor.get("done"))
    done = {name: text(kept.get(name)) for name in lists if day(text(kept.get(name)))}
    troubles = Troubles(source)
    for at, name in enumerate(lists):
        known = day(done.get(name, ""))
        since = known - OVERLAP if known else (request.now - (request.look_back or first_look_back)).date()
        finished = {**done, name: request.now.date().isoformat()}
        try:
            async for page in _whole(source, label, ask(name, since), finished):
                yield page
        except SourceError as error:
            troubles.add(name, error)
            if isinstance(error, SourceRateLimited | SourceUnreachable):
                for skipped in lists[at + 1 :]:
                    troubles.add(skipped, error)
                break
        else:
            done = finished
    troubles.tell()


async def _whole(
    source: str, label: str, portions: AsyncIterator[Portion], finished: Mapping[str, str]
) -> AsyncIterator[Page]:
    """One list's pages; the last one carries the cursor, and only if every item came."""
    held: Portion | None = None
    total, items, pages = None, 0, 0
    seen: set[int] = set()
    async for portion in portions:
        if held is not None:
            yield Page(batch=held.batch)
        if (pages := pages + 1) > LONGEST:
            raise SourceError(source, f"{label} gave a list without an end")
        keys = hash(tuple(entry.key for entry in portion.batch.entries))
        if portion.batch.entries and keys in seen:
            raise SourceError(source, f"{label} gave the same page twice; the list is read again next time")
        seen.add(keys)
        items += portion.batch.read + len(portion.batch.rejected)
        if portion.total is not None:
            announced = portion.total if total is None else 0
            total = portion.total if total is None else total
            held = replace(portion, batch=replace(portion.batch, announced=announced))
        else:
            held = portion
    short = total is not None and items < total
    if held is not None:
        yield Page(batch=held.batch, cursor=None if short else {"done": dict(finished)})
    if short:
        raise SourceError(source, f"{label} gave {items:,} of {total:,} papers; the list is read again next time")


def day(written: str) -> dt.date | None:
    """A date in ISO 8601, or None."""
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        return None
