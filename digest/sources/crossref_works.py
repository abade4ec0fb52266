"""The source ``crossref``: works that were registered lately, by words or by journal.

By the day of registration, not of indexing: an old work is indexed again whenever anything cites it. Cursors live for
five minutes, so a list that was interrupted is read again from its day. The limits that Crossref states in
``x-rate-limit-limit`` and ``x-rate-limit-interval`` are kept from the next request on; ``mailto`` asks for its polite
pool (https://www.crossref.org/documentation/retrieve-metadata/rest-api/access-and-authentication/).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from digest.settings.providers import CrossrefConfig
from digest.sources.base import FetchRequest, Portion
from digest.sources.crossref import LABEL, SOURCE, parse_page
from digest.sources.harvest import HarvestedSource
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

ROWS = 200
"""Works per page; Crossref allows 1,000, but their reference lists make that tens of megabytes."""
TYPES = ("journal-article", "proceedings-article", "posted-content")
JOURNALS = "journals"
"""The list of all configured journals; every other list is named by its query."""
SLOWEST_S = 60.0
"""A stated limit that would mean longer waits is not believed."""


class CrossrefSource(HarvestedSource):
    """One list per query, and one for all journals together."""

    def __init__(self, config: CrossrefConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)) -> None:
        provider = Provider.at(config.url, source=SOURCE, label=LABEL, pace_s=config.pace_s)
        super().__init__(provider, first_look_back=first_look_back)
        self._config = config

    def lists(self) -> Sequence[str]:
        return [*dict.fromkeys(self._config.queries), *([JOURNALS] if self._config.journals else [])]

    async def portion(self, client: PoliteClient, request: FetchRequest, name: str, since: dt.date, at: str) -> Portion:
        answer = await client.get(
            f"{self._config.url.rstrip('/')}/works",
            self.provider,
            params={**self._params(name, since), "cursor": at or "*"},
            conditional=False,
            hand_back=frozenset({400}),
        )
        self.provider = replace(self.provider, pace_s=max(self._config.pace_s, stated_pace_s(answer.headers)))
        found = await answer.parsed(lambda data: parse_page(data, now=request.now))
        return found if (found.batch.announced or 0) >= ROWS else replace(found, then=None)

    def _params(self, name: str, since: dt.date) -> dict[str, str]:
        filters = [f"from-created-date:{since.isoformat()}", *(f"type:{kind}" for kind in TYPES)]
        params = {"rows": str(ROWS)}
        if name == JOURNALS:
            filters += [f"issn:{issn}" for issn in self._config.journals]
        else:
            params["query.bibliographic"] = name
        if self._config.mailto:
            params["mailto"] = self._config.mailto
        return {**params, "filter": ",".join(filters)}


def stated_pace_s(headers: Mapping[str, str]) -> float:
    """Seconds between two requests that the limits in an answer's headers mean; 0 if they state none."""
    limit = re.fullmatch(r"[0-9]{1,6}", headers.get("x-rate-limit-limit", "").strip())
    interval = re.fullmatch(r"([0-9]{1,6})s", headers.get("x-rate-limit-interval", "").strip())
    if limit is None or interval is None or int(limit[0]) == 0:
        return 0.0
    return min(int(interval[1]) / int(limit[0]), SLOWEST_S)
