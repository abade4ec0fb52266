"""One reading of one provider of attention, as the pipeline does it, against whatever server a test has set up."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from digest.errors import SourceError
from digest.model import Identifier, Paper, Scheme
from digest.signals.base import Findings, Inquiry, SignalProvider, Subject
from digest.sources.contract.memory import START, MemoryLedger, SleepyClock
from digest.sources.http import PoliteClient


def subject(
    number: int, *names: Identifier, code_url: str | None = None, since: dt.datetime = START - dt.timedelta(days=1)
) -> Subject:
    """Paper ``number``, by default with the arXiv id 2608.0000N."""
    paper = Paper(
        id=number,
        title=f"Paper {number}",
        abstract="",
        authors=(),
        categories=(),
        url="https://papers.example",
        identifiers=names or (Identifier(Scheme.ARXIV, f"2608.{number:05}"),),
        first_seen_at=since,
        code_url=code_url,
    )
    return Subject(paper, since)


@dataclass
class Asked:
    """What a provider told, and the error at the end, if any."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    clock: SleepyClock = field(default_factory=SleepyClock)
    timeout_s: float = 5.0
    findings: list[Findings] = field(default_factory=list)
    error: SourceError | None = None

    def ask(self, provider: SignalProvider, subjects: Sequence[Subject], *, most_requests: int = 40) -> Asked:
        """One run at START."""
        self.findings, self.error = [], None
        inquiry = Inquiry(now=START, subjects=tuple(subjects), most_requests=most_requests)

        async def read() -> None:
            client = PoliteClient(
                self.ledger,
                timeout_s=self.timeout_s,
                max_bytes=2_000_000,
                backoff_s=0.001,
                clock=self.clock,
                sleep=self.clock.sleep,
            )
            async with client:
                async for findings in provider.read(client, inquiry):
                    self.findings.append(findings)

        try:
            asyncio.run(read())
        except SourceError as error:
            self.error = error
        return self

    @property
    def answered(self) -> list[int]:
        return sorted(paper_id for findings in self.findings for paper_id in findings.answered)

    @property
    def readings(self) -> dict[tuple[int, str], float]:
        return {(paper_id, one.signal.value): one.value for found in self.findings for paper_id, one in found.readings}

    @property
    def texts(self) -> dict[int, str]:
        return {paper_id: text.text for findings in self.findings for paper_id, text in findings.texts}
