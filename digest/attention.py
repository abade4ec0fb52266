"""When a stored paper's attention is read again: at marks of its age, each once, by whichever process comes first.

    listed ──8 h──▶ ● ──24 h──▶ ● ──3 d──▶ ● ──7 d──▶ ●   then never again

A mark that was missed (a laptop that slept, a provider that was down) is made up for as long as the next one has not
come; the last one, for as long again as it came after the one before. Readings of one mark therefore never pile up, and
an archive that is back-filled today is not asked about at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from digest.model import Scheme, Signal

SIGNAL_PREFIX = "signal:"
"""What the names of providers of attention begin with, among those of sources."""


SEMANTIC_SCHOLAR = "semantic-scholar"
TLDR = "tldr"
"""A maker of texts, and a kind of them, as they are stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Which stored papers a provider of attention is asked about, and when.

    ``name`` is the provider's (``signal:github``); ``marks`` are ages of a paper, ascending. A paper's age begins with
    its first reading of ``since``, and without such a reading it is not watched; if ``since`` is None, the age begins
    when the paper became news.
    """

    name: str
    marks: tuple[dt.timedelta, ...]
    signals: tuple[Signal, ...]
    """What the provider tells. A stored reading of one of these counts, whoever read it."""
    since: Signal | None = None
    schemes: tuple[Scheme, ...] = ()
    """Only papers with an identifier of one of these; empty = any paper."""
    code_host: str = ""
    """Only papers whose code is on this host."""

    @property
    def horizon(self) -> dt.timedelta:
        """Papers older than this are of no interest."""
        return self.marks[-1] + _grace(self.marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One paper as a :class:`Watch` sees it."""

    paper_id: int
    since: dt.datetime
    asked_at: dt.datetime | None = None
    """When the provider last answered about it, be it that it knows nothing."""
    read_at: dt.datetime | None = None
    """Its last stored reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperText:
    """What somebody wrote about a paper: ``kind`` such as ``tldr``, ``maker`` such as ``semantic-scholar``."""

    kind: str
    maker: str
    text: str
    made_at: dt.datetime
    """When it was first read as it is."""


def is_due(paper: Watched, marks: Sequence[dt.timedelta], now: dt.datetime) -> bool:
    """Whether a mark has passed that nobody has asked or read at since."""
    age = now - paper.since
    passed = [mark for mark in marks if mark <= age]
    if not passed or age > marks[-1] + _grace(marks):
        return False
    mark_at = paper.since + passed[-1]
    known = [at for at in (paper.asked_at, paper.read_at) if at is not None]
    return not known or max(known) < mark_at


def _grace(marks: Sequence[dt.timedelta]) -> dt.timedelta:
    """How long after the last mark it is made up for."""
    return marks[-1] - (marks[-2] if len(marks) > 1 else dt.timedelta(0))
