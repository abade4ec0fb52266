"""The source ``pubmed``: articles that came into PubMed lately, by query (esearch for ids, then efetch).

By the Entrez date, the day on which a record was made; publication dates may lie months off on either side. esearch
gives 10,000 ids at most, so a longer list is cut into shorter spans of days. NCBI allows 3 requests per second, 10 with
a key (https://www.ncbi.nlm.nih.gov/books/NBK25497/).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.errors import SourceError
from digest.model import Batch
from digest.settings.providers import PubmedConfig
from digest.sources import pubmed
from digest.sources.base import FetchRequest, Page
from digest.sources.harvest import Portion, harvest
from digest.sources.loose_json import loads, mapping, sequence, text
from digest.sources.pace import Provider
from digest.sources.pubmed import LABEL, SOURCE
from digest.sources.text import plain

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

MOST_IDS = 10_000
"""esearch's own limit for PubMed."""
PER_FETCH = 200
"""Articles per efetch: NCBI asks for POST beyond that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What esearch answers: ``count`` of all ids, and as many of them as were asked for."""

    count: int
    ids: tuple[str, ...]


class PubmedSource:
    """One list per query."""

    def __init__(self, config: PubmedConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)) -> None:
        self._config = config
        self._first_look_back = first_look_back
        self._url = config.url.rstrip("/")
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(source=SOURCE, label=LABEL, host=host, pace_key=SOURCE, pace_s=config.pace_s)

    @property
    def name(self) -> str:
        return SOURCE

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """Every query from its day on."""

        async def ask(query: str, since: dt.date) -> AsyncIterator[Portion]:
            until = request.now.date() + dt.timedelta(days=1)  # the day may have begun over there
            spans = [(since, until)]
            total: int | None = None
            while spans:
                begin, end = spans.pop(0)
                found = await self._search(client, query, begin, end)
                total = found.count if total is None else total
                if found.count > MOST_IDS and begin < end:
                    middle = begin + (end - begin) // 2
                    spans[:0] = [(begin, middle), (middle + dt.timedelta(days=1), end)]
                    continue
                if not found.ids:
                    yield Portion(batch=Batch(entries=(), announced=0), total=total)
                for start in range(0, len(found.ids), PER_FETCH):
                    params = {"retmode": "xml", "id": ",".join(found.ids[start : start + PER_FETCH])}
                    answer = await client.get(
                        f"{self._url}/efetch.fcgi", self._provider, params=self._with(params), conditional=False
                    )
                    batch = await answer.parsed(lambda data: pubmed.parse(data, now=request.now))
                    if batch.announced is None:
                        yield Portion(batch=batch)
                        raise SourceError(SOURCE, f"{LABEL} broke off in the middle of its answer")
                    yield Portion(batch=batch, total=total)

        queries = list(dict.fromkeys(self._config.queries))
        async for page in harvest(SOURCE, LABEL, queries, request, ask, first_look_back=self._first_look_back):
            yield page

    async def _search(self, client: PoliteClient, query: str, begin: dt.date, end: dt.date) -> Found:
        params = {
            "term": query,
            "datetype": "edat",
            "mindate": f"{begin:%Y/%m/%d}",
            "maxdate": f"{end:%Y/%m/%d}",
            "retmax": str(MOST_IDS),
            "retmode": "json",
        }
        answer = await client.get(
            f"{self._url}/esearch.fcgi",
            self._provider,
            params=self._with(params),
            conditional=False,
            hand_back=frozenset({400}),
        )
        return parse_search(answer.data)

    def _with(self, params: dict[str, str]) -> dict[str, str]:
        key = {"api_key": self._config.key} if self._config.key else {}
        return {"db": "pubmed", "tool": "paper-digest", **params, **key}


def parse_search(data: bytes) -> Found:
    """What esearch found, from its JSON.

    Raises:
        SourceError: it reports an error, or answers something else.
    """
    try:
        outer = mapping(loads(data))
    except ValueError as error:
        raise SourceError(SOURCE, f"{LABEL} sent something that is {error}") from error
    result = mapping(outer.get("esearchresult"))
    if said := text(outer.get("error")) or text(result.get("ERROR")):
        raise SourceError(SOURCE, f"{LABEL} said: {plain(said)[:200]}")
    count = text(result.get("count"))
    if not re.fullmatch(r"[0-9]{1,9}", count):
        raise SourceError(SOURCE, f"{LABEL} sent an answer without a count")
    ids = [text(one) for one in sequence(result.get("idlist"))]
    return Found(count=int(count), ids=tuple(one for one in ids if re.fullmatch(r"[0-9]{1,10}", one)))
