"""The source ``arxiv-oai``: every change of arXiv's records in the wanted categories, in complete lists.

    for each category: ListRecords from=DAY set=SET ──token──▶ next part … ──▶ DAY becomes the day of this harvest

Slower than the feeds and without their announcement types, but with nothing left out: fit for catching up after weeks
and for changes (a title, a DOI, a withdrawal). A datestamp is the day of the last *change*, in UTC; the two days around
a harvest's beginning are therefore read twice, and ``until`` is never sent: a record that changes while a list is read
moves out of a closed one. Tokens live for a day; an interrupted list goes on at its token, or begins anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.errors import SourceError, SourceRateLimited
from digest.settings.providers import ArxivOaiConfig
from digest.sources.arxiv_oai import LABEL, SOURCE, OaiPage, TokenExpired, parse_page
from digest.sources.base import FetchRequest, Page, SourceUnreachable, Troubles
from digest.sources.loose_json import mapping, text
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

PHYSICS = frozenset(
    "astro-ph cond-mat gr-qc hep-ex hep-lat hep-ph hep-th math-ph nlin nucl-ex nucl-th physics quant-ph".split()  # noqa: SIM905 - a list of words is read as words
)
"""Archives of the group ``physics``; every other archive is a group of its own."""
OVERLAP = dt.timedelta(days=1)
MOST_PARTS = 5_000
"""Parts of one list: five times the whole of arXiv's largest category. Ends lists that go round in circles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """How far the harvest got: the day up to which each category is complete, and the list that is being read."""

    done: Mapping[str, str] = field(default_factory=dict)
    """Category → ISO date of the beginning of its last complete harvest."""
    category: str = ""
    token: str = ""
    begun: str = ""
    """The unfinished list: its category, the token of its next part, the ISO date on which it was begun."""
    seen: int = 0
    """Records of the unfinished list that came so far, read or rejected."""

    def to_cursor(self) -> dict[str, object]:
        unfinished = {"category": self.category, "token": self.token, "begun": self.begun, "seen": self.seen}
        return {"done": dict(self.done), **unfinished}

    @classmethod
    def from_cursor(cls, cursor: Mapping[str, object]) -> Harvest:
        """What a cursor says; anything unreadable in it counts as not said."""
        done = {category: text(day) for category, day in mapping(cursor.get("done")).items() if _day(text(day))}
        category, token, begun = (text(cursor.get(name)) for name in ("category", "token", "begun"))
        if not (category and token and _day(begun)):
            return cls(done=done)
        seen = cursor.get("seen")
        count = seen if isinstance(seen, int) and seen >= 0 else 0
        return cls(done=done, category=category, token=token, begun=begun, seen=count)

    def since(self, category: str, request: FetchRequest, first_look_back: dt.timedelta) -> dt.date:
        """The first day to ask for."""
        known = _day(self.done.get(category, ""))
        return known - OVERLAP if known else (request.now - (request.look_back or first_look_back)).date()


class ArxivOaiSource:
    """One list per category, part by part; a category that fails is named at the end and the others are read."""

    def __init__(self, config: ArxivOaiConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)) -> None:
        self._config = config
        self._first_look_back = first_look_back
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(source=SOURCE, label=LABEL, host=host, pace_key="arxiv", pace_s=config.pace_s)

    @property
    def name(self) -> str:
        return SOURCE

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """Pages with a cursor each, so that a crash costs one part at most."""
        wanted = request.categories if self._config.categories == "auto" else self._config.categories
        harvest = Harvest.from_cursor(request.cursor)
        categories = [category for category in dict.fromkeys(wanted) if "/" not in category]
        categories.sort(key=lambda category: category != harvest.category)  # the unfinished list first
        troubles = Troubles(SOURCE)
        for at, category in enumerate(categories):
            try:
                async for page in self._list(client, request, harvest, category):
                    yield page
                    harvest = harvest if page.cursor is None else Harvest.from_cursor(page.cursor)
            except SourceError as error:
                troubles.add(category, error)
                if isinstance(error, SourceRateLimited | SourceUnreachable):
                    for skipped in categories[at + 1 :]:
                        troubles.add(skipped, error)
                    break
        troubles.tell()

    async def _list(
        self, client: PoliteClient, request: FetchRequest, harvest: Harvest, category: str
    ) -> AsyncIterator[Page]:
        day = harvest.since(category, request, self._first_look_back)
        first = {"verb": "ListRecords", "metadataPrefix": "arXiv", "from": day.isoformat(), "set": set_of(category)}
        anew = replace(harvest, category=category, token="", begun=request.now.date().isoformat(), seen=0)
        here = harvest if harvest.category == category and harvest.token else anew
        again, total, told = False, None, False
        for _ in range(MOST_PARTS):
            params = {"verb": "ListRecords", "resumptionToken": here.token} if here.token else first
            try:
                part = await self._part(client, params)
            except TokenExpired:
                if not here.token or again:
                    raise
                here, again, total, told = anew, True, None, False
                continue
            if part.batch.announced is None:
                # What was read is kept; the cursor stays, so that this part is asked for again.
                yield Page(batch=part.batch)
                raise SourceError(SOURCE, f"{LABEL} broke off in the middle of its list")
            if part.token and part.token == here.token:
                raise SourceError(SOURCE, f"{LABEL} gave the same part of its list twice")
            total, batch = part.total if part.total is not None else total, part.batch
            if total is not None:
                # What is still to come is announced once, so that what never came shows in the sum.
                batch, told = replace(batch, announced=0 if told else max(total - here.seen, 0)), True
            here = replace(here, token=part.token or "", seen=here.seen + (part.batch.announced or 0))
            if part.token:
                yield Page(batch=batch, cursor=here.to_cursor())
                continue
            whole = total is None or here.seen >= total
            done = {**harvest.done, category: here.begun} if whole else harvest.done
            yield Page(batch=batch, cursor=Harvest(done=done).to_cursor())
            if not whole:
                raise SourceError(
                    SOURCE, f"{LABEL} gave {here.seen:,} of {total:,} papers; its list is read again next time"
                )
            return
        raise SourceError(SOURCE, f"{LABEL} gave a list without an end")

    async def _part(self, client: PoliteClient, params: Mapping[str, str]) -> OaiPage:
        answer = await client.get(
            self._config.url, self._provider, params=params, conditional=False, hand_back=frozenset({400, 404, 422})
        )
        return await answer.parsed(parse_page)


def set_of(category: str) -> str:
    """The set of a category or archive: ``cs:cs:AI``, ``physics:astro-ph:GA``, ``physics:hep-th``, ``math:math``."""
    archive = category.partition(".")[0]
    return f"{'physics' if archive in PHYSICS else archive}:{category.replace('.', ':')}"


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
