"""Asks a language model: some questions at once, within a time, and no longer than it answers.

Not the polite client: the endpoint is the operator's own or is paid for, so nothing needs a pace across processes. What
bounds a single answer is the same, :mod:`digest.sources.exchange`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import httpx2

from digest import __version__
from digest.errors import SourceError, SourceRateLimited
from digest.settings.summaries import LlmConfig
from digest.sources.exchange import Answer, Limits, Transient, exchange
from digest.sources.exchange import Question as Request
from digest.sources.pace import Provider
from digest.summaries.asking import Question, read_answer

NAME = "summaries.llm"
MAX_BYTES = 1_000_000
"""Two sentences with whatever a server adds to them."""
FAILURES_IN_A_ROW = 3
"""After so many the model is left alone."""
REST_S = 900.0
"""For so long, unless it names a time itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of one question: a text that is still to be judged, or why there is none."""

    question: Question
    text: str = ""
    failure: str = ""


@dataclass(slots=True, kw_only=True)
class Round:
    """What came of some questions. Those without a ``said`` were not asked."""

    said: list[Said] = field(default_factory=list)
    rest_s: float | None = None
    """How long the model is to be left alone; None: it may be asked again."""


def ask(
    questions: Sequence[Question], config: LlmConfig, *, patience_s: float, clock: Callable[[], dt.datetime]
) -> Round:
    """Ask them in the given order until all are answered, ``patience_s`` are over, or the model does not answer."""
    return asyncio.run(_Asking(config, clock).ask(questions, patience_s))


class _Asking:
    def __init__(self, config: LlmConfig, clock: Callable[[], dt.datetime]) -> None:
        self._url = httpx2.URL(f"{config.url}/chat/completions")
        self._provider = Provider.at(config.url, source=NAME, label=config.model, pace_s=0)
        self._limits = Limits(silence_s=config.timeout_s, total_s=config.timeout_s, max_bytes=MAX_BYTES, set_by="")
        self._headers = {"Content-Type": "application/json"}
        if config.key:
            self._headers["Authorization"] = f"Bearer {config.key}"
        self._concurrency = config.concurrency
        self._clock = clock
        self._round = Round()
        self._failures = 0

    async def ask(self, questions: Sequence[Question], patience_s: float) -> Round:
        waiting = iter(questions)
        http = httpx2.AsyncClient(
            headers={"User-Agent": f"paper-digest/{__version__}"},
            timeout=httpx2.Timeout(self._limits.silence_s),
            follow_redirects=False,
        )
        async with http:
            try:
                async with asyncio.timeout(patience_s):
                    await asyncio.gather(*(self._work(http, waiting) for _ in range(self._concurrency)))
            except TimeoutError:
                pass  # what is missing was not answered in time, which _work has noted
        return self._round

    async def _work(self, http: httpx2.AsyncClient, waiting: Iterator[Question]) -> None:
        for question in waiting:
            if self._round.rest_s is not None:
                return
            try:
                said = await self._one(http, question)
            except asyncio.CancelledError:
                self._round.said.append(Said(question=question, failure="not answered within summaries.llm.patience"))
                raise
            self._round.said.append(said)
            self._failures = self._failures + 1 if said.failure else 0
            if self._failures >= FAILURES_IN_A_ROW and self._round.rest_s is None:
                self._round.rest_s = REST_S

    async def _one(self, http: httpx2.AsyncClient, question: Question) -> Said:
        """The boundary per question: whatever comes back says something of this question alone, but for a rest."""
        request = Request(
            first=self._url,
            provider=self._provider,
            payload=json.dumps(question.payload()).encode(),
            headers=self._headers,
        )
        try:
            answer = await exchange(http, request, self._url, limits=self._limits, now=self._clock, sent=lambda: None)
        except Transient as transient:
            if isinstance(transient.error, SourceRateLimited):
                self._round.rest_s = max(transient.error.retry_after_s if transient.told else REST_S, 1.0)
            return Said(question=question, failure=str(transient.error))
        except SourceError as error:
            return Said(question=question, failure=str(error))
        if not isinstance(answer, Answer):
            return Said(question=question, failure=f"it redirects to {answer}; set summaries.llm.url to that place")
        try:
            return Said(question=question, text=read_answer(answer.data))
        except ValueError as error:
            return Said(question=question, failure=str(error))
