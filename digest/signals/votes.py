"""``signal:huggingface``: the votes and comments of papers on Hugging Face's daily lists.

A whole day's list is one request for up to a hundred papers, so the days of the papers that are due are read again. A
paper that its day does not hold (any more) is asked for by its own address, ``/api/papers/{id}``. That answer's form
was read from the documentation of Hugging Face's clients only: *provisional*.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from digest.attention import Watch
from digest.errors import SourceError, SourceRateLimited
from digest.model import Entry, Identifier, Reading, Scheme, Signal
from digest.settings.signals import VotesConfig
from digest.signals.base import Findings, Inquiry
from digest.sources import hf_daily
from digest.sources.base import SourceUnreachable, Troubles
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

NAME = "signal:huggingface"
LABEL = "Hugging Face"
PER_PAGE = 100


class Votes:
    def __init__(self, config: VotesConfig) -> None:
        self.watch = Watch(
            name=NAME,
            marks=tuple(dt.timedelta(seconds=mark) for mark in config.marks_s),
            signals=(Signal.HF_UPVOTES,),
            since=Signal.HF_UPVOTES,
            schemes=(Scheme.ARXIV,),
        )
        self.per_request = PER_PAGE
        self._url = config.url.rstrip("/")
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(source=NAME, label=LABEL, host=host, pace_key=hf_daily.SOURCE, pace_s=config.pace_s)

    async def read(self, client: PoliteClient, inquiry: Inquiry) -> AsyncIterator[Findings]:
        """The lists first, the newest first; then, as far as the budget reaches, the papers that were on none."""
        run = _Run(client, inquiry, self._url, self._provider)
        troubles = Troubles(NAME)
        for day, wanted in _by_day(inquiry):
            try:
                async for findings in run.day(day, wanted):
                    yield findings
            except SourceError as error:
                troubles.add(day.isoformat(), error)
                if isinstance(error, SourceRateLimited | SourceUnreachable):
                    break
        else:
            for name, paper_id in run.missing:
                try:
                    found = await run.paper(name, paper_id)
                except SourceError as error:
                    troubles.add(name.value, error)
                    break  # they are many and the same: one that fails is enough
                if found is None:
                    break
                yield found
        troubles.tell()


class _Run:
    """One reading with its budget of requests."""

    def __init__(self, client: PoliteClient, inquiry: Inquiry, url: str, provider: Provider) -> None:
        self._client, self._now, self._url, self._provider = client, inquiry.now, url, provider
        self._left = inquiry.most_requests
        self.missing: list[tuple[Identifier, int]] = []

    async def day(self, day: dt.date, wanted: Mapping[Identifier, int]) -> AsyncIterator[Findings]:
        """The pages of one day's list, until all that is wanted has been found."""
        still, page = dict(wanted), 0
        while still and self._left > 0:
            self._left -= 1
            params = {"date": day.isoformat(), "limit": str(PER_PAGE)} | ({"p": str(page)} if page else {})
            answer = await self._client.get(
                f"{self._url}/api/daily_papers", self._provider, params=params, conditional=False
            )
            batch = await answer.parsed(lambda data: hf_daily.parse(data, now=self._now))
            found = [(still.pop(name), entry) for entry in batch.entries for name in entry.identifiers if name in still]
            if found:
                yield Findings(
                    answered=tuple(paper_id for paper_id, _ in found),
                    readings=tuple((paper_id, one) for paper_id, entry in found for one in self._fresh(entry)),
                )
            page += 1
            if (batch.announced or 0) < PER_PAGE:
                self.missing += still.items()
                return

    async def paper(self, name: Identifier, paper_id: int) -> Findings | None:
        """One paper by its own address; None once the budget is used up."""
        if self._left <= 0:
            return None
        self._left -= 1
        address = f"{self._url}/api/papers/{quote(name.value, safe='')}"
        answer = await self._client.get(address, self._provider, conditional=False, hand_back=frozenset({404}))
        if answer.status == 404:
            return Findings(answered=(paper_id,))
        entry = await answer.parsed(lambda data: hf_daily.parse_paper(data, now=self._now))
        return Findings(answered=(paper_id,), readings=tuple((paper_id, one) for one in self._fresh(entry)))

    def _fresh(self, entry: Entry) -> tuple[Reading, ...]:
        """Without the zero at the list's own time, which the source has stored."""
        return tuple(one for one in entry.readings if one.observed_at == self._now)


def _by_day(inquiry: Inquiry) -> list[tuple[dt.date, dict[Identifier, int]]]:
    """The days on whose lists the papers are, the newest first, each with its papers."""
    subjects = sorted(inquiry.subjects, key=lambda subject: subject.since, reverse=True)
    return [
        (
            day,
            {
                name: subject.paper.id
                for subject in group
                for name in subject.paper.identifiers
                if name.scheme is Scheme.ARXIV
            },
        )
        for day, group in groupby(subjects, key=lambda subject: subject.since.date())
    ]
