"""The source ``pubmed``: articles that came into PubMed lately, by query (esearch for ids, then efetch).

By the Entrez date, the day on which a record was made; publication dates may lie months off on either side. esearch
gives 10,000 ids at most, so a longer list is cut into shorter spans of days. NCBI allows 3 requests per second, 10 with
a key (https://www.ncbi.nlm.nih.gov/books/NBK25497/).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from digest.errors import SourceError
from digest.model import Batch
from digest.settings.providers import PubmedConfig
from digest.sources import pubmed
from digest.sources.base import FetchRequest, Portion
from digest.sources.harvest import HarvestedSource
from digest.sources.loose_json import mapping, read_json, sequence, text
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


class PubmedSource(HarvestedSource):
    """One list per query."""

    def __init__(self, config: PubmedConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)) -> None:
        provider = Provider.at(config.url, source=SOURCE, label=LABEL, pace_s=config.pace_s)
        super().__init__(provider, first_look_back=first_look_back)
        self._config = config
        self._url = config.url.rstrip("/")

    def lists(self) -> Sequence[str]:
        return list(dict.fromkeys(self._config.queries))

    async def portions(
        self, client: PoliteClient, request: FetchRequest, name: str, since: dt.date
    ) -> AsyncIterator[Portion]:
        """What a query finds, in spans of days short enough, some hundred articles at a time."""
        until = request.now.date() + dt.timedelta(days=1)  # the day may have begun over there
        spans = [(since, until)]
        total: int | None = None
        while spans:
            begin, end = spans.pop(0)
            found = await self._search(client, name, begin, end)
            total = found.count if total is None else total
            if found.count > MOST_IDS and begin < end:
                middle = begin + (end - begin) // 2
                spans[:0] = [(begin, middle), (middle + dt.timedelta(days=1), end)]
                continue
            if not found.ids:
                yield Portion(batch=Batch(entries=(), announced=0), total=total)
            for start in range(0, len(found.ids), PER_FETCH):
                portion = await self.portion(
                    client, request, name, since, ",".join(found.ids[start : start + PER_FETCH])
                )
                yield portion if portion.batch.announced is None else replace(portion, total=total)
                if portion.batch.announced is None:
                    raise SourceError(SOURCE, f"{LABEL} broke off in the middle of its answer")

    async def portion(self, client: PoliteClient, request: FetchRequest, name: str, since: dt.date, at: str) -> Portion:
        """The articles of some ids, with commas between them."""
        params = {"retmode": "xml", "id": at}
        answer = await client.get(
            f"{self._url}/efetch.fcgi", self.provider, params=self._with(params), conditional=False
        )
        return Portion(batch=await answer.parsed(lambda data: pubmed.parse(data, now=request.now)))

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
            self.provider,
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
    outer = mapping(read_json(data, source=SOURCE, label=LABEL))
    result = mapping(outer.get("esearchresult"))
    if said := text(outer.get("error")) or text(result.get("ERROR")):
        raise SourceError(SOURCE, f"{LABEL} said: {plain(said)[:200]}")
    count = text(result.get("count"))
    if not re.fullmatch(r"[0-9]{1,9}", count):
        raise SourceError(SOURCE, f"{LABEL} sent an answer without a count")
    ids = [text(one) for one in sequence(result.get("idlist"))]
    return Found(count=int(count), ids=tuple(one for one in ids if re.fullmatch(r"[0-9]{1,10}", one)))
