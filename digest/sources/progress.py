"""How far the reading of a source has got, and how that is said where no bar can be drawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from digest.sources.pace import in_words

EVERY_S = 30.0
"""Between two lines about one source: a back-fill of an hour is worth a hundred lines, a feed none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` papers were read or refused of ``total``; None: the provider does not say how many there are."""

    source: str
    words: str
    done: int = 0
    total: int | None = None


def nothing(progress: Progress) -> None:
    """For whoever does not want to know."""


def in_lines(
    say: Callable[[str], None], *, every_s: float = EVERY_S, clock: Callable[[], float] = time.monotonic
) -> Callable[[Progress], None]:
    """Progress as lines, for a log: ``arxiv-oai: 12,000 of 100,000 read, about 4 min left``.

    A source that is done within ``every_s`` (seconds) says nothing.
    """
    began: dict[str, float] = {}
    said: dict[str, float] = {}

    def tell(progress: Progress) -> None:
        now = clock()
        start = began.setdefault(progress.source, now)
        if not progress.done or now - said.get(progress.source, start) < every_s:
            return
        said[progress.source] = now
        if progress.total is None:
            say(f"{progress.source}: {progress.done:,} read")
            return
        left_s = (now - start) / progress.done * (progress.total - progress.done)
        say(f"{progress.source}: {progress.done:,} of {progress.total:,} read, about {in_words(left_s)} left")

    return tell
