"""What a source is: something with a name that, asked politely, gives pages of entries.

    FetchRequest ──Source.fetch(client)──▶ Page, Page, … ──pipeline──▶ one transaction each

A page carries what must be written together: the entries, the validators that make the next request conditional, and
the cursor that says how far a back-fill got. A crash between two pages therefore never marks unread things as read.
A new source is one class with these two members; ``docs/add-a-source.md`` walks through one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from digest.errors import SourceError, SourceRateLimited
from digest.model import Batch, Identifier, Validators

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

__all__ = [
    "EXAMPLES",
    "FetchRequest",
    "Page",
    "Parser",
    "Portion",
    "Source",
    "SourceUnreachable",
    "Troubles",
    "Validators",
    "named",
]

EXAMPLES = "examples"
"""The source that asks by name for readers' examples; it brings nothing that could be in a mail."""
FITTING = 120
"""Characters of an error that still fits the footer of a mail."""
MOST_PARTS = 6
"""Parts of a source that are named in an error before the rest is only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One stored unit. ``cursor`` replaces the source's cursor; None leaves it as it is."""

    batch: Batch
    validators: tuple[Validators, ...] = ()
    cursor: Mapping[str, object] | None = None
    not_modified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """One answer of a list that comes in several. ``total`` is the size of the whole list, None if nobody says.

    ``then`` is where the next answer begins, a cursor or an offset; None after the last one.
    """

    batch: Batch
    total: int | None = None
    then: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """What the pipeline wants of a source now.

    ``look_back`` is set on a first run or after a long outage: back-fill that far. ``cursor`` is what the source's last
    page said. ``categories`` are the union of all readers' lanes, in arXiv's spelling; a source may ignore them.
    ``wanted`` are papers that readers name as examples and the store does not hold, for the source that asks by name.
    """

    now: dt.datetime
    look_back: dt.timedelta | None = None
    cursor: Mapping[str, object] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    wanted: tuple[Identifier, ...] = ()


class Source(Protocol):
    """A provider that can be asked."""

    @property
    def name(self) -> str:
        """Unique, at most 64 characters, never changed: stored entries hang on it."""

    def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """Pages as they come. What failed on the way is raised as one SourceError after the last page.

        Raises:
            SourceError: with a line fit for a reader's mail.
        """


class Parser(Protocol):
    """A wire format: pure, and never stopped by one bad item.

    ``announced`` of the batch is None when the response breaks off; else it is what was read and rejected together.

    Raises:
        SourceError: the response as a whole is unusable (not the format, entity declarations, an error message).
    """

    def __call__(self, data: bytes, *, now: dt.datetime) -> Batch: ...


class SourceUnreachable(SourceError):
    """Nobody answers there at all: asking the same provider for more would only take long."""


def named(parts: Sequence[str], *, most: int) -> str:
    """``cs.LG, cs.CV and 7 more``; of dates, runs: ``8 days, 16 to 23 Nov``. Parts that are not shown are counted."""
    try:
        days = sorted({dt.date.fromisoformat(part) for part in parts})
    except ValueError:
        shown, left = list(parts[:most]), len(parts[most:])
    else:
        runs = _runs(days)
        shown = [_run_in_words(run) for run in runs[:most]]
        left = sum(len(run) for run in runs[most:])
    return ", ".join(shown) + (f" and {left} more" if left else "")


def _runs(days: Sequence[dt.date]) -> list[list[dt.date]]:
    """Ascending days → those that follow each other, together."""
    runs: list[list[dt.date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == dt.timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _run_in_words(run: Sequence[dt.date]) -> str:
    first, last = run[0], run[-1]
    end = f"{last.day} {last:%b}"
    if first == last:
        return end
    begin = f"{first.day}" if (first.year, first.month) == (last.year, last.month) else f"{first.day} {first:%b}"
    return f"{len(run)} days, {begin} to {end}"


class Troubles:
    """Collects what failed while a source was read, so that the rest still comes; told at the end in one line."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._failed: dict[str, list[str]] = {}
        self._retry_after_s: float | None = None

    def add(self, part: str, error: SourceError) -> None:
        """Note that ``part`` (a category, a date, …) could not be read."""
        self._failed.setdefault(str(error), []).append(part)
        if isinstance(error, SourceRateLimited):
            self._retry_after_s = max(self._retry_after_s or 0.0, error.retry_after_s)

    def tell(self) -> None:
        """Raise one error that names all that failed; nothing failed, nothing raised."""
        if not self._failed:
            return
        for most in (MOST_PARTS, 3, 2, 1):
            message = "; ".join(f"{line} ({named(parts, most=most)})" for line, parts in self._failed.items())
            if len(message) <= FITTING:
                break
        if self._retry_after_s is not None:
            raise SourceRateLimited(self._source, message, self._retry_after_s)
        raise SourceError(self._source, message)
