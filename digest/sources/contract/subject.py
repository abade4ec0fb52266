"""What is examined, and what an examination can say."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from dataclasses import dataclass, field

from digest.errors import SourceError
from digest.model import Batch
from digest.sources.base import FetchRequest, Parser, Source
from digest.sources.contract.memory import START
from digest.sources.contract.recording import Recorded, Tape

LOOKED_AT = 40
"""Recorded answers that are examined; more would only take longer."""


class Broken(AssertionError):
    """A promise that is not kept, and how it shows."""


class NotTried(unittest.SkipTest):
    """A promise that this source gives no occasion to try; pytest shows it as skipped."""


class Untaken(NotTried):
    """No parser takes what was recorded: broken for the promise that it does, no occasion for all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A source to examine: how to make it anew, its parsers, and what was recorded of its provider."""

    make: Callable[[], Source]
    parsers: tuple[Parser, ...] = ()
    tape: Tape | None = None
    plain_request: FetchRequest = field(
        default_factory=lambda: FetchRequest(now=START, categories=("cs.LG", "q-bio.NC"))
    )

    @property
    def request(self) -> FetchRequest:
        """What the recording was asked for, else an ordinary day."""
        return self.tape.request if self.tape else self.plain_request

    @property
    def pages(self) -> int | None:
        """After how many pages a replay must stop, because the recording did."""
        return self.tape.pages if self.tape else None

    @property
    def answers(self) -> tuple[Recorded, ...]:
        """The recorded answers that are not redirects."""
        return tuple(one for one in self.tape.answers if not 300 <= one.status < 400) if self.tape else ()

    def samples(self) -> list[tuple[Parser, bytes, Batch]]:
        """The recorded bodies that one of the parsers takes: parser, bytes, and what it makes of them.

        Raises:
            NotTried: there is no parser, nothing is recorded, or no parser takes any of it.
        """
        if not self.parsers:
            raise NotTried("no parser was given")
        bodies = [one.content for one in self.answers if one.status == 200 and one.whole][:LOOKED_AT]
        if not bodies:
            raise NotTried("nothing is recorded: digest sources record NAME")
        found, said = [], ""
        for body in bodies:
            for parser in self.parsers:
                try:
                    found.append((parser, body, parser(body, now=self.request.now)))
                    break
                except SourceError as error:
                    said = str(error)
        if not found:
            raise Untaken(f"the parser takes none of the recorded answers: {said}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One thing that a source promises. ``check`` returns what was seen, in a few words.

    ``check`` raises Broken or NotTried; any other exception is a bug of the source, and breaks the promise too.
    """

    name: str
    says: str
    check: Callable[[Subject], str]
