"""A provider of attention that says what a test gives it."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

from digest.attention import PaperText, Watch
from digest.errors import SourceError
from digest.model import Reading, Scheme, Signal
from digest.signals.base import Findings, Inquiry
from digest.sources.http import PoliteClient


class FakeProvider:
    """Answers about every paper that it is asked about, ``known`` ones with a value; an error comes after ``first``."""

    def __init__(
        self,
        name: str = "signal:fake",
        *,
        known: dict[str, float] | None = None,
        error: Exception | None = None,
        first: int = 10_000,
        since: Signal | None = None,
        marks_h: tuple[float, ...] = (8, 24),
        tldr: str = "",
    ) -> None:
        self.watch = Watch(
            name=name,
            marks=tuple(dt.timedelta(hours=hours) for hours in marks_h),
            signals=(Signal.HF_UPVOTES,),
            since=since,
            schemes=(Scheme.ARXIV,),
        )
        self.per_request = 1
        self.asked: list[list[str]] = []
        self._known, self._error, self._first, self._tldr = known or {}, error, first, tldr

    async def read(self, client: PoliteClient, inquiry: Inquiry) -> AsyncIterator[Findings]:
        self.asked.append(sorted(subject.paper.label for subject in inquiry.subjects))
        for subject in inquiry.subjects[: self._first]:
            paper = subject.paper
            value = self._known.get(paper.label)
            text = PaperText(kind="tldr", maker="semantic-scholar", text=self._tldr, made_at=inquiry.now)
            yield Findings(
                answered=(paper.id,),
                readings=((paper.id, Reading(Signal.HF_UPVOTES, value, inquiry.now)),) if value is not None else (),
                texts=((paper.id, text),) if self._tldr else (),
            )
        if self._error is not None:
            raise self._error


def failing() -> SourceError:
    return SourceError("signal:fake", "The fake broke off in the middle of its answer")
