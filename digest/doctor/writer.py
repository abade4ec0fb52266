"""The language model that writes summaries, where one is configured: does it answer, and how often is it believed?"""

from __future__ import annotations

from collections.abc import Iterator

from digest.doctor.findings import Finding, hint, ok, unknown
from digest.doctor.patient import Patient

ABOUT = "summaries.llm"
FEWEST = 10
"""Answers that say something of the model as a whole."""
_KEPT_SHARE = 0.5


def writer(patient: Patient) -> Iterator[Finding]:
    """What it did within a week. That it is down is never a problem: mails have the abstracts' sentences then."""
    llm = patient.config.summaries.llm if patient.config is not None else None
    if llm is None:
        return
    store = patient.store
    if store is None or store.health is None or not store.health.current:
        yield unknown(ABOUT, f"{llm.model}; what it did, nobody can say without a database")
        return
    days = store.writing
    asked, kept = sum(day.asked for day in days), sum(day.kept for day in days)
    refused, failed = sum(day.refused for day in days), sum(day.failed for day in days)
    if not asked:
        yield ok(ABOUT, f"{llm.model}: not asked this week; it is when mails are built")
        return
    today = next((day.asked for day in days if day.day == patient.now.date()), 0)
    said = (
        f"{llm.model}: {asked} questions this week, {kept} summaries kept, {refused} refused, {failed} failed; "
        f"{today} of {llm.budget} asked today"
    )
    failure = next((day.failure for day in days if day.failure), "")
    rests = max((day.rests_until for day in days if day.rests_until is not None), default=None)
    if rests is not None and rests > patient.now:
        yield hint(ABOUT, f"{said}; left alone until {rests:%H:%M} UTC: {failure}", "see whether the endpoint works")
    elif failed > kept:
        yield hint(ABOUT, f"{said}; last: {failure}", "see whether the endpoint works, and knows JSON schemas")
    elif kept + refused >= FEWEST and kept < _KEPT_SHARE * (kept + refused):
        advice = "the log says why each was refused; try another model or your own templates/prompts/system.txt.j2"
        yield hint(ABOUT, said, advice)
    elif today >= llm.budget:
        yield hint(
            ABOUT, said, "the rest of today's papers keep their abstracts' sentences; raise summaries.llm.budget"
        )
    else:
        yield ok(ABOUT, said)
