"""Sentences that a language model writes for papers that are picked: cached → asked, within bounds → judged → kept.

A mail never waits for them longer than ``summaries.llm.patience`` in a whole pass, whatever the number of readers; a
paper without one keeps its abstract's own sentence. Nothing that the model says goes out unjudged.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from digest.model import Paper, Summary
from digest.pipeline.rooms import Rooms
from digest.settings.summaries import LlmConfig
from digest.summaries.faithful import objections

if TYPE_CHECKING:
    from digest.signals.llm import Round, Said
    from digest.summaries.asking import Prompts, Question

logger = logging.getLogger(__name__)


class Ask(Protocol):
    """:func:`digest.signals.llm.ask`."""

    def __call__(
        self, questions: Sequence[Question], config: LlmConfig, *, patience_s: float, clock: Callable[[], dt.datetime]
    ) -> Round: ...


def written(rooms: Rooms, papers: Iterable[Paper], *, until: dt.datetime) -> dict[int, Summary]:
    """The model's kept sentences about these papers, as far as they were there at ``until``; nothing is asked."""
    llm = rooms.config.summaries.llm
    if llm is None:
        return {}
    questions = _questions(rooms.prompts(), llm.model, papers)
    kept = rooms.written.answers({paper_id: one.key for paper_id, one in questions.items()}, until=until)
    return {paper_id: Summary(text, by=llm.model) for paper_id, text in kept.items() if text}


class Writer:
    """Has sentences written in one pass.

    Args:
        ask: asks the model; see :func:`digest.signals.llm.ask`.
    """

    def __init__(self, rooms: Rooms, llm: LlmConfig, *, ask: Ask) -> None:
        self._rooms = rooms
        self._llm = llm
        self._ask = ask
        self._left_s = llm.patience_s

    def write(self, papers: Iterable[Paper]) -> None:
        """Ask about those of ``papers`` that nobody has asked about, the first ones first."""
        llm, store = self._llm, self._rooms.written
        questions = _questions(self._rooms.prompts(), llm.model, papers)
        known = store.answers({paper_id: one.key for paper_id, one in questions.items()}, until=self._rooms.clock())
        missing = [question for paper_id, question in questions.items() if paper_id not in known]
        if not missing or self._left_s <= 0:
            return
        granted = store.take(llm.model, len(missing), budget=llm.budget, now=self._rooms.clock())
        if granted:
            begun = time.monotonic()
            answered = self._ask(missing[:granted], llm, patience_s=self._left_s, clock=self._rooms.clock)
            self._left_s -= time.monotonic() - begun
            self._keep(answered, granted)
        if granted < len(missing):
            logger.info(
                "%d papers keep their abstract's sentence: %s rests, or its %d questions of today are asked",
                len(missing) - granted,
                llm.model,
                llm.budget,
            )

    def _keep(self, answered: Round, granted: int) -> None:
        now = self._rooms.clock()
        judged = {said.question.paper_id: (said.question.key, _judged(said)) for said in answered.said if said.text}
        failures = [said.failure for said in answered.said if said.failure]
        kept = sum(bool(text) for _, text in judged.values())
        self._rooms.written.keep(judged, now=now)
        rest = None if answered.rest_s is None else now + dt.timedelta(seconds=answered.rest_s)
        self._rooms.written.settle(
            self._llm.model,
            now=now,
            kept=kept,
            refused=len(judged) - kept,
            failed=len(failures),
            unasked=granted - len(answered.said),
            failure=failures[-1] if failures else "",
            rests_until=rest,
        )
        log = logger.warning if failures else logger.info
        log(
            "%s wrote %d summaries; %d refused, %d failed, %d not asked%s%s",
            self._llm.model,
            kept,
            len(judged) - kept,
            len(failures),
            granted - len(answered.said),
            f"; the last failure: {failures[-1]}" if failures else "",
            f"; it is left alone until {rest:%H:%M} UTC" if rest else "",
        )


def _questions(prompts: Prompts, model: str, papers: Iterable[Paper]) -> Mapping[int, Question]:
    asked = ((paper.id, prompts.about(paper, model=model)) for paper in papers)
    return {paper_id: question for paper_id, question in asked if question is not None}


def _judged(said: Said) -> str:
    """The text, or nothing where it says what the abstract does not."""
    found = objections(said.text, title=said.question.title, abstract=said.question.abstract)
    if found:
        logger.info("paper #%d: a written summary was refused: %s", said.question.paper_id, "; ".join(found)[:300])
    return "" if found else said.text
