"""``signal:semantic-scholar``: citations, influential ones among them, and the sentence that its model wrote.

``POST /graph/v1/paper/batch`` (https://api.semanticscholar.org/api-docs/) takes up to 500 names and answers with a list
in their order, null for a paper that it does not know, and with status 400 when it knows none of them. One request a
second with a key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.attention import SEMANTIC_SCHOLAR, TLDR, PaperText, Watch
from digest.model import Paper, Scheme, Signal
from digest.settings.signals import CitationsConfig
from digest.signals.base import Findings, Inquiry, portions
from digest.sources import semantic_scholar
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

NAME = "signal:semantic-scholar"
LABEL = semantic_scholar.LABEL
PER_REQUEST = 500
FIELDS = "externalIds,citationCount,influentialCitationCount,tldr"

_SPELLED = {
    Scheme.ARXIV: "ARXIV",
    Scheme.DOI: "DOI",
    Scheme.ACL: "ACL",
    Scheme.PMID: "PMID",
    Scheme.PMCID: "PMCID",
}
"""Schemes that the API takes, the surest first → how it spells them."""


class Citations:
    def __init__(self, config: CitationsConfig) -> None:
        self.watch = Watch(
            name=NAME,
            marks=tuple(dt.timedelta(seconds=mark) for mark in config.marks_s),
            signals=(Signal.S2_CITATIONS,),
            schemes=tuple(_SPELLED),
        )
        self.per_request = PER_REQUEST
        self._url = f"{config.url.rstrip('/')}/graph/v1/paper/batch"
        self._key = config.key or ""
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(source=NAME, label=LABEL, host=host, pace_key=SEMANTIC_SCHOLAR, pace_s=config.pace_s)

    async def read(self, client: PoliteClient, inquiry: Inquiry) -> AsyncIterator[Findings]:
        for portion in list(portions(inquiry.subjects, PER_REQUEST))[: inquiry.most_requests]:
            named = [(subject.paper.id, name) for subject in portion if (name := spelled(subject.paper))]
            answer = await client.post(
                self._url,
                self._provider,
                {"ids": [name for _, name in named]},
                params={"fields": FIELDS},
                headers={"x-api-key": self._key},
                hand_back=frozenset({400}),  # what it says when it knows none of them
            )
            found = await answer.parsed(partial(semantic_scholar.batch, count=len(named), now=inquiry.now))
            pairs = [(paper_id, one) for (paper_id, _), one in zip(named, found, strict=True) if one is not None]
            yield Findings(
                answered=tuple(subject.paper.id for subject in portion),
                readings=tuple((paper_id, reading) for paper_id, one in pairs for reading in one.readings),
                texts=tuple(
                    (paper_id, PaperText(kind=TLDR, maker=SEMANTIC_SCHOLAR, text=one.tldr, made_at=inquiry.now))
                    for paper_id, one in pairs
                    if one.tldr
                ),
            )


def spelled(paper: Paper) -> str | None:
    """The paper's surest name as the API writes it: ``ARXIV:2106.15928``."""
    names = {name.scheme: name.value for name in reversed(paper.identifiers)}
    scheme = next((scheme for scheme in _SPELLED if scheme in names), None)
    return f"{_SPELLED[scheme]}:{names[scheme].removeprefix('PMC')}" if scheme is not None else None
