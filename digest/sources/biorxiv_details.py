"""The sources ``biorxiv`` and ``medrxiv``: the preprints of some days, page by page.

PROVISIONAL, as :mod:`digest.sources.biorxiv` is. A page has 100 items or 30, so the cursor moves on by what came.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from digest.settings.providers import BiorxivConfig
from digest.sources.base import FetchRequest, Portion
from digest.sources.biorxiv import SERVERS, parse_page
from digest.sources.harvest import HarvestedSource, counted
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient


class BiorxivSource(HarvestedSource):
    """One server; both are asked at one pace, since they are one host."""

    def __init__(
        self, server: str, config: BiorxivConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)
    ) -> None:
        provider = Provider.at(
            config.url, source=server, label=SERVERS[server], pace_s=config.pace_s, pace_key="biorxiv"
        )
        super().__init__(provider, first_look_back=first_look_back)
        self._config = config

    def lists(self) -> Sequence[str]:
        return [self.name]

    async def portion(self, client: PoliteClient, request: FetchRequest, name: str, since: dt.date, at: str) -> Portion:
        days = f"{since.isoformat()}/{request.now.date().isoformat()}"
        address = f"{self._config.url.rstrip('/')}/details/{name}/{days}/{at or 0}/json"
        answer = await client.get(address, self.provider, conditional=False)
        found = await answer.parsed(parse_page)
        # An older answer does not say which server it is of; the address does.
        entries = tuple(replace(entry, source=name) for entry in found.batch.entries)
        return counted(replace(found, batch=replace(found.batch, entries=entries)), int(at or 0))
