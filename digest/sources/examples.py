"""The source ``examples``: papers that readers name as examples and that no list has brought, asked for by name.

    wanted ──not asked lately──▶ arXiv ids ──100 a request──▶ arXiv's API (id_list)  ──┐
                                 DOIs      ── 20 a request──▶ Crossref (filter=doi:…) ─┴─▶ entries, no candidates

Nobody is ever sent these papers for their own sake; they only say what a lane is like. What a provider does not know is
remembered in the cursor, with the day, and asked for again after a week: most are slips of the pen, some are new.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlsplit

from digest.config import ArxivConfig, SourcesConfig
from digest.errors import SourceError
from digest.model import Batch, Identifier, Rejection, Scheme
from digest.settings.providers import CrossrefConfig
from digest.sources import arxiv_atom, crossref
from digest.sources.base import EXAMPLES, FetchRequest, Page, Troubles
from digest.sources.harvest import day
from digest.sources.loose_json import mapping, text
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

ASKED_AGAIN_AFTER = dt.timedelta(days=7)
MOST_REQUESTS = 20
"""To one provider in one run: 2,000 arXiv ids a run are a large library, and the feeds wait for the same turns."""


class Lookup(Protocol):
    """A provider that can be asked for several papers by their names."""

    scheme: Scheme
    label: str

    def batches(self, names: Sequence[Identifier]) -> Iterable[tuple[Identifier, ...]]:
        """Names, cut into requests."""

    async def ask(self, client: PoliteClient, names: Sequence[Identifier], now: dt.datetime) -> Batch:
        """One request; the batch lacks what the provider does not know.

        Raises:
            BadName: it refuses the request for one of the names.
            SourceError: as every request.
        """


class BadName(SourceError):
    """One name spoils the whole request; the provider does not say which."""


class ArxivLookup:
    """arXiv's API by ``id_list`` (https://info.arxiv.org/help/api/user-manual.html#_search_query_and_id_list)."""

    scheme = Scheme.ARXIV
    label = arxiv_atom.LABEL
    at_once = 100

    def __init__(self, config: ArxivConfig) -> None:
        self._url = config.api_url
        host = urlsplit(config.api_url).hostname or ""
        self._provider = Provider(
            source=EXAMPLES, label=self.label, host=host, pace_key=arxiv_atom.SOURCE, pace_s=config.pace_s
        )

    def batches(self, names: Sequence[Identifier]) -> Iterable[tuple[Identifier, ...]]:
        return _cut(names, self.at_once)

    async def ask(self, client: PoliteClient, names: Sequence[Identifier], now: dt.datetime) -> Batch:
        # Without max_results the API gives ten, however many are named.
        params = {"id_list": ",".join(name.value for name in names), "max_results": str(len(names))}
        answer = await client.get(
            self._url, self._provider, params=params, conditional=False, hand_back=frozenset({400})
        )
        try:
            batch = (await answer.parsed(arxiv_atom.parse_page)).batch
        except arxiv_atom.ApiError as error:
            raise BadName(EXAMPLES, str(error)) from error
        if batch.announced is None:
            raise SourceError(EXAMPLES, f"{self.label} broke off in the middle of its answer")
        return batch


class CrossrefLookup:
    """Crossref's works by DOI; the same filter several times means any of them."""

    scheme = Scheme.DOI
    label = crossref.LABEL
    at_once = 20

    def __init__(self, config: CrossrefConfig) -> None:
        self._url = f"{config.url.rstrip('/')}/works"
        self._mailto = config.mailto
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(
            source=EXAMPLES, label=self.label, host=host, pace_key=crossref.SOURCE, pace_s=config.pace_s
        )

    def batches(self, names: Sequence[Identifier]) -> Iterable[tuple[Identifier, ...]]:
        """A comma ends a filter and cannot be escaped: DOIs with one are asked for alone."""
        yield from _cut([name for name in names if "," not in name.value], self.at_once)
        yield from _cut([name for name in names if "," in name.value], 1)

    async def ask(self, client: PoliteClient, names: Sequence[Identifier], now: dt.datetime) -> Batch:
        params = {"mailto": self._mailto} if self._mailto else {}
        if "," in names[0].value:
            url, missing = f"{self._url}/{quote(names[0].value, safe='')}", frozenset({404})
        else:
            url, missing = self._url, frozenset[int]()
            filters = ",".join(f"doi:{name.value}" for name in names)
            params = {**params, "filter": filters, "rows": str(len(names))}
        answer = await client.get(url, self._provider, params=params, conditional=False, hand_back=missing | {400})
        if answer.status == 404:
            return Batch(entries=(), announced=0)
        if answer.status == 400:
            raise BadName(EXAMPLES, f"{self.label} said 400 (Bad Request)")
        return await answer.parsed(lambda data: crossref.parse(data, now=now))


class ExampleSource:
    """Asks for ``request.wanted``; the cursor is ``{"unknown": {identifier: ISO date of the last asking}}``."""

    def __init__(self, config: SourcesConfig, *, most_requests: int = MOST_REQUESTS) -> None:
        self._most_requests = most_requests
        # Without a section of its own Crossref is not read for news, but may still be asked for a name.
        registry = config.crossref or CrossrefConfig.model_construct()
        self._lookups: tuple[Lookup, ...] = (ArxivLookup(config.arxiv or ArxivConfig()), CrossrefLookup(registry))

    @property
    def name(self) -> str:
        return EXAMPLES

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """One page per request, at most ``most_requests`` to each provider; the rest waits for the next run."""
        still = unknown_in(request.cursor)
        # What nobody names any more is forgotten.
        unknown = {name: still[name] for name in map(str, request.wanted) if name in still}
        troubles = Troubles(EXAMPLES)
        for lookup in self._lookups:
            names = [name for name in to_ask(request) if name.scheme is lookup.scheme]
            try:
                async for batch, missing in _looked_up(client, lookup, names, request.now, self._most_requests):
                    today = request.now.date()
                    unknown = {**unknown, **{str(name): today for name in missing}}
                    refused = tuple(Rejection(str(name), f"unknown to {lookup.label}") for name in missing)
                    yield Page(
                        batch=replace(batch, rejected=refused, announced=len(batch.entries) + len(refused)),
                        cursor={"unknown": {name: at.isoformat() for name, at in unknown.items()}},
                    )
            except SourceError as error:
                troubles.add(f"{len(names)} {'DOIs' if lookup.scheme is Scheme.DOI else 'arXiv ids'}", error)
        troubles.tell()


def to_ask(request: FetchRequest) -> list[Identifier]:
    """The wanted papers that some provider can be asked for now: of a known scheme, and not found unknown lately."""
    unknown = unknown_in(request.cursor)
    oldest = (request.now - ASKED_AGAIN_AFTER).date()
    return [
        name
        for name in request.wanted
        if name.scheme in ASKED_FOR and not (str(name) in unknown and unknown[str(name)] > oldest)
    ]


ASKED_FOR = frozenset({Scheme.ARXIV, Scheme.DOI})
"""Names that a paper can be asked for by."""


def unknown_in(cursor: Mapping[str, object]) -> dict[str, dt.date]:
    """Identifier, as text → the day on which its provider was asked and did not know it."""
    kept = mapping(cursor.get("unknown"))
    return {name: at for name, written in kept.items() if (at := day(text(written))) is not None}


async def _looked_up(
    client: PoliteClient, lookup: Lookup, names: Sequence[Identifier], now: dt.datetime, most_requests: int
) -> AsyncIterator[tuple[Batch, tuple[Identifier, ...]]]:
    """(what was found, the names that are unknown), request by request.

    A refused request is halved until the bad name stands alone. What is missing from an answer is asked for a second
    time before it counts as unknown: arXiv's API now and then gives fewer entries than it has.
    """
    todo = deque((batch, False) for batch in lookup.batches(names))
    for _ in range(most_requests):
        if not todo:
            return
        asked, again = todo.popleft()
        try:
            told = await lookup.ask(client, asked, now)
        except BadName:
            if len(asked) > 1:
                middle = len(asked) // 2
                todo.extendleft([(asked[middle:], again), (asked[:middle], again)])
                continue
            told, again = Batch(entries=()), True
        ours = [entry for entry in told.entries if set(entry.identifiers) & set(asked)]
        found = {name for entry in ours for name in entry.identifiers}
        missing = tuple(name for name in asked if name not in found)
        if missing and not again:
            todo.append((missing, True))
        # A vote or a citation of an example is nobody's news: only what the paper is about is kept.
        entries = tuple(replace(entry, candidate=False, readings=()) for entry in ours)
        if entries or (missing and again):
            yield Batch(entries=entries), missing if again else ()


def _cut(names: Sequence[Identifier], size: int) -> Iterable[tuple[Identifier, ...]]:
    return (tuple(names[start : start + size]) for start in range(0, len(names), size))
