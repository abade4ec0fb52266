"""The sources ``biorxiv`` and ``medrxiv``: the preprints of some days, page by page.

PROVISIONAL, as :mod:`digest.sources.biorxiv` is. A page has 100 items or 30, so the cursor moves on by what came.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.settings.providers import BiorxivConfig
from digest.sources.base import FetchRequest, Page
from digest.sources.biorxiv import SERVERS, parse_page
from digest.sources.harvest import Portion, harvest
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient


class BiorxivSource:
    """One server; both are asked at one pace, since they are one host."""

    def __init__(
        self, server: str, config: BiorxivConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)
    ) -> None:
        self._server = server
        self._config = config
        self._first_look_back = first_look_back
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(
            source=server, label=SERVERS[server], host=host, pace_key="biorxiv", pace_s=config.pace_s
        )

    @property
    def name(self) -> str:
        return self._server

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """From the day of the last complete reading until today."""

        async def ask(name: str, since: dt.date) -> AsyncIterator[Portion]:
            start = 0
            while True:
                days = f"{since.isoformat()}/{request.now.date().isoformat()}"
                address = f"{self._config.url.rstrip('/')}/details/{name}/{days}/{start}/json"
                answer = await client.get(address, self._provider, conditional=False)
                found = await answer.parsed(parse_page)
                # An older answer does not say which server it is of; the address does.
                entries = tuple(replace(entry, source=name) for entry in found.batch.entries)
                yield Portion(batch=replace(found.batch, entries=entries), total=found.total)
                start += found.items
                if not found.items or (found.total is not None and start >= found.total):
                    return

        lists = [self._server]
        async for page in harvest(
            self._server, SERVERS[self._server], lists, request, ask, first_look_back=self._first_look_back
        ):
            yield page
