"""The source ``openalex``: works published lately, by words or by filter. Needs a key, which is free.

By the date of publication: the date on which OpenAlex learned of a work is for its paying users. Works appear there
days after they were published, so every reading goes back ``LAG`` before the last one; what is known changes nothing.
Costs of requests: https://developers.openalex.org/guides/authentication.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.settings.providers import OpenAlexConfig
from digest.sources.base import FetchRequest, Page
from digest.sources.harvest import Portion, harvest
from digest.sources.openalex import LABEL, SOURCE, parse_page
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

PER_PAGE = 100
LAG = dt.timedelta(days=7)
FILTER = "filter "
"""How lists that are filters are named, to tell them from queries."""


class OpenAlexSource:
    """One list per query and one per filter."""

    def __init__(self, config: OpenAlexConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)) -> None:
        self._config = config
        self._first_look_back = first_look_back
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(source=SOURCE, label=LABEL, host=host, pace_key=SOURCE, pace_s=config.pace_s)

    @property
    def name(self) -> str:
        return SOURCE

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """Every list from its day on, cursor by cursor."""
        lists = [
            *dict.fromkeys(self._config.queries),
            *(f"{FILTER}{one}" for one in dict.fromkeys(self._config.filters)),
        ]

        async def ask(name: str, since: dt.date) -> AsyncIterator[Portion]:
            params = self._params(name, since - LAG, request.now.date())
            while True:
                answer = await client.get(
                    f"{self._config.url.rstrip('/')}/works",
                    self._provider,
                    params=params,
                    conditional=False,
                    hand_back=frozenset({400, 403}),
                )
                found = await answer.parsed(lambda data: parse_page(data, now=request.now))
                yield Portion(batch=found.batch, total=found.total)
                if found.cursor is None or not found.batch.announced:
                    return
                params["cursor"] = found.cursor

        async for page in harvest(SOURCE, LABEL, lists, request, ask, first_look_back=self._first_look_back):
            yield page

    def _params(self, name: str, since: dt.date, until: dt.date) -> dict[str, str]:
        filters = [f"from_publication_date:{since.isoformat()}", f"to_publication_date:{until.isoformat()}"]
        params = {"per_page": str(PER_PAGE), "cursor": "*", "api_key": self._config.key or ""}
        if name.startswith(FILTER):
            filters.append(name.removeprefix(FILTER))
        else:
            params["search"] = name
        return {**params, "filter": ",".join(filters)}
