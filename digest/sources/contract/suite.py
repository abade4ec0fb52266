"""All promises in a row: for a checklist (``examine``) and for pytest (``SourceContract``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from digest.sources.base import Parser, Source
from digest.sources.contract import fetching, parsing
from digest.sources.contract.subject import Broken, NotTried, Promise, Subject
from digest.sources.contract.tapes import MANIFEST, load

PROMISES: tuple[Promise, ...] = (*parsing.PROMISES, *fetching.PROMISES)


class Outcome(StrEnum):
    KEPT = "kept"
    BROKEN = "broken"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of one promise: in words what was seen, what is wrong, or why it was not tried."""

    promise: Promise
    outcome: Outcome
    words: str
    took_s: float


def examine(subject: Subject, promises: Sequence[Promise] = PROMISES) -> Iterator[Finding]:
    """Try one promise after the other; a bug in the source breaks the promise it shows in, and the rest goes on."""
    for promise in promises:
        begun = time.monotonic()
        try:
            outcome, words = Outcome.KEPT, promise.check(subject)
        except NotTried as skipped:
            outcome, words = Outcome.NOT_TRIED, str(skipped)
        except Broken as broken:
            outcome, words = Outcome.BROKEN, str(broken)
        except Exception as bug:  # noqa: BLE001 - whatever a stranger's source raises is a finding, not our end
            outcome, words = Outcome.BROKEN, f"{type(bug).__name__}: {bug}"
        yield Finding(promise=promise, outcome=outcome, words=words, took_s=time.monotonic() - begun)


class _Metafunc(Protocol):
    """What is used of pytest's Metafunc."""

    @property
    def fixturenames(self) -> Sequence[str]: ...

    def parametrize(self, argnames: str, argvalues: Sequence[object], *, ids: Sequence[str]) -> None: ...


class SourceContract:
    """Subclass it in a test module, name the source, and pytest tries every promise on it.

    ``make`` gives the source anew for each; ``parse`` is its parser, None if it has none of its own; ``recordings`` is
    a folder that ``digest sources record`` wrote. A promise that cannot be tried without them is skipped.
    """

    make: Callable[[], Source]
    parse: Parser | None = None
    recordings: Path | None = None

    def pytest_generate_tests(self, metafunc: _Metafunc) -> None:
        """pytest's hook: one test a promise."""
        if "promise" in metafunc.fixturenames:
            metafunc.parametrize("promise", PROMISES, ids=[promise.name for promise in PROMISES])

    def subject(self) -> Subject:
        """What is examined; override it for a source with several parsers."""
        folder = self.recordings
        return Subject(
            make=type(self).make,
            parsers=(type(self).parse,) if type(self).parse is not None else (),  # type: ignore[arg-type]
            tape=load(folder) if folder is not None and (folder / MANIFEST).exists() else None,
        )

    def test_promise(self, promise: Promise) -> None:
        """The source keeps its promise."""
        promise.check(self.subject())
