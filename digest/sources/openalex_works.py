"""The source ``openalex``: works published lately, by words or by filter. Needs a key, which is free.

By the date of publication: the date on which OpenAlex learned of a work is for its paying users. Works appear there
days after they were published, so every reading goes back ``LAG`` before the last one; what is known changes nothing.
Costs of requests: https://developers.openalex.org/guides/authentication.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from digest.settings.providers import OpenAlexConfig
from digest.sources.base import FetchRequest, Portion
from digest.sources.harvest import HarvestedSource
from digest.sources.openalex import LABEL, SOURCE, parse_page
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

PER_PAGE = 100
LAG = dt.timedelta(days=7)
FILTER = "filter "
"""How lists that are filters are named, to tell them from queries."""


class OpenAlexSource(HarvestedSource):
    """One list per query and one per filter, cursor by cursor."""

    def __init__(self, config: OpenAlexConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)) -> None:
        provider = Provider.at(config.url, source=SOURCE, label=LABEL, pace_s=config.pace_s)
        super().__init__(provider, first_look_back=first_look_back)
        self._config = config

    def lists(self) -> Sequence[str]:
        filters = (f"{FILTER}{one}" for one in dict.fromkeys(self._config.filters))
        return [*dict.fromkeys(self._config.queries), *filters]

    async def portion(self, client: PoliteClient, request: FetchRequest, name: str, since: dt.date, at: str) -> Portion:
        answer = await client.get(
            f"{self._config.url.rstrip('/')}/works",
            self.provider,
            params={**self._params(name, since - LAG, request.now.date()), "cursor": at or "*"},
            conditional=False,
            hand_back=frozenset({400, 403}),
        )
        found = await answer.parsed(lambda data: parse_page(data, now=request.now))
        return found if found.batch.announced else replace(found, then=None)

    def _params(self, name: str, since: dt.date, until: dt.date) -> dict[str, str]:
        filters = [f"from_publication_date:{since.isoformat()}", f"to_publication_date:{until.isoformat()}"]
        params = {"per_page": str(PER_PAGE), "api_key": self._config.key or ""}
        if name.startswith(FILTER):
            filters.append(name.removeprefix(FILTER))
        else:
            params["search"] = name
        return {**params, "filter": ",".join(filters)}
