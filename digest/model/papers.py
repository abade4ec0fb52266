"""What a paper is, and what is known of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from digest.model.identity import Identifier, Scheme
from digest.model.sources import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One paper under all its names. ``title`` and ``abstract`` are readable Unicode, without TeX."""

    id: int
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    url: str
    identifiers: tuple[Identifier, ...]
    first_seen_at: dt.datetime
    announced_at: dt.datetime | None = None
    published_at: dt.datetime | None = None
    version: int | None = None
    code_url: str | None = None
    comment: str | None = None
    withdrawn: bool = False
    candidate: bool = True
    sources: tuple[str, ...] = ()

    @property
    def primary_category(self) -> str | None:
        return self.categories[0] if self.categories else None

    @property
    def label(self) -> str:
        """The shortest public name: the arXiv id if there is one, else the first identifier, else ``#id``."""
        for identifier in self.identifiers:
            if identifier.scheme is Scheme.ARXIV:
                return identifier.value
        return str(self.identifiers[0]) if self.identifiers else f"#{self.id}"


class Fact(StrEnum):
    """What a highlight is about."""

    TASK = "task"
    METHOD = "method"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Highlight:
    """A few words of the abstract, exactly as they stand there: a method's name, its figure on a benchmark."""

    fact: Fact
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a mail says of a paper in at most two sentences; ``more`` is empty if there is only one.

    ``by`` names who wrote it, where it is not the paper's own words; it must be shown with them. ``highlights`` are the
    abstract's own in any case.
    """

    tldr: str
    more: str = ""
    by: str = ""
    highlights: tuple[Highlight, ...] = ()

    @property
    def text(self) -> str:
        return f"{self.tldr} {self.more}".strip()


@dataclass(frozen=True, slots=True)
class Observation:
    """One reading of one paper's attention."""

    paper_id: int
    signal: Signal
    value: float
    observed_at: dt.datetime
