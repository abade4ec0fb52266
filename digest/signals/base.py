"""What a provider of attention is: it says which papers it watches, and is asked about those whose mark has come.

    Inquiry ──SignalProvider.read(client)──▶ Findings, Findings, …   (each is one short transaction)

A paper counts as asked when a Findings names it, be it that nothing is known of it there. What no Findings names,
because the provider failed or the budget of requests was used up, stays due.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from digest.attention import PaperText, Watch
from digest.model import Paper, Reading

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """A paper to ask about; its age, as the provider counts it, began at ``since``."""

    paper: Paper
    since: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What the pipeline wants to know now. ``most_requests`` is the budget: a request more would be impolite."""

    now: dt.datetime
    subjects: tuple[Subject, ...]
    most_requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What one answer tells. ``answered`` are ids of papers, known there or not; the rest belongs to some of them."""

    answered: tuple[int, ...]
    readings: tuple[tuple[int, Reading], ...] = ()
    texts: tuple[tuple[int, PaperText], ...] = field(default=())

    @property
    def known(self) -> int:
        """How many papers anything was found about."""
        return len({paper_id for paper_id, _ in (*self.readings, *self.texts)})


class SignalProvider(Protocol):
    """A provider of attention that can be asked."""

    @property
    def watch(self) -> Watch:
        """Which papers, and when; its name is at most 64 characters and never changes: claims hang on it."""

    @property
    def per_request(self) -> int:
        """About how many papers one request covers."""

    def read(self, client: PoliteClient, inquiry: Inquiry) -> AsyncIterator[Findings]:
        """Findings as they come. What failed on the way is raised as one SourceError after the last of them.

        Raises:
            SourceError: with a line for people.
        """


def portions(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """``items`` in runs of at most ``size``."""
    return (items[start : start + size] for start in range(0, len(items), size))
