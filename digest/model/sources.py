"""What sources say: entries, batches of them, and how a source did."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from digest.model.identity import Identifier


class AnnounceType(StrEnum):
    """arXiv's announcement types (rss.arxiv.org specification, ``arxiv:announce_type``)."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"


class Signal(StrEnum):
    """Kinds of attention that are observed over time."""

    HF_UPVOTES = "huggingface.upvotes"
    HF_COMMENTS = "huggingface.comments"
    GITHUB_STARS = "github.stars"
    CROSSREF_CITATIONS = "crossref.citations"
    OPENALEX_CITATIONS = "openalex.citations"
    S2_CITATIONS = "s2.citations"
    S2_INFLUENTIAL_CITATIONS = "s2.influential_citations"
    HN_POINTS = "hackernews.points"
    HN_COMMENTS = "hackernews.comments"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a signal, as an entry brings it; it becomes an Observation once the paper is known."""

    signal: Signal
    value: float
    observed_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one provider says about one paper, before anyone knows which paper it is.

    Text is plain: markup is stripped, white space folded, control characters gone; TeX is still TeX.
    ``key`` is the provider's own name for the entry and, with ``source``, unique in the store.
    """

    source: str
    key: str
    identifiers: tuple[Identifier, ...]
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """Primary category first, in the provider's spelling (``cs.LG``, ``biorxiv/biophysics``)."""
    url: str | None = None
    published_at: dt.datetime | None = None
    announced_at: dt.datetime | None = None
    version: int | None = None
    announce_type: AnnounceType | None = None
    comment: str | None = None
    journal_ref: str | None = None
    code_url: str | None = None
    withdrawn: bool = False
    readings: tuple[Reading, ...] = ()
    candidate: bool = True
    """False for a paper that is known only as somebody's example and must never be sent."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """An item that a parser refused: its id as far as it could be read, and why in one line."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A provider took its record of a paper back, and tells nothing of it but the name."""

    source: str
    identifier: Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One parsed response. ``announced`` is how many items the provider says there are, None if it does not say.

    A withdrawal is read, like an entry: ``announced == read + len(rejected)`` where all came.
    """

    entries: tuple[Entry, ...]
    rejected: tuple[Rejection, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()
    announced: int | None = None

    @property
    def read(self) -> int:
        return len(self.entries) + len(self.withdrawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request for a URL conditional (RFC 9110 section 8.8)."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRefused:
    """A provider may not be asked now; ask for the turn again at ``until``. ``held``: another process has it."""

    until: dt.datetime
    held: bool


class SourceStatus(StrEnum):
    OK = "ok"
    UNCHANGED = "unchanged"
    """The provider answered 304, or the same ids as before."""
    QUIET = "quiet"
    """Nothing was announced, and nothing was to be expected (weekend, holiday)."""
    INCOMPLETE = "incomplete"
    STALE = "stale"
    WAITING = "waiting"
    """Not asked: the provider's pace or Retry-After is not over yet."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """How one source did in one run; ``error`` is a line a reader can understand."""

    source: str
    started_at: dt.datetime
    finished_at: dt.datetime
    status: SourceStatus
    announced: int | None = None
    read: int = 0
    new: int = 0
    updated: int = 0
    rejected: int = 0
    error: str | None = None
