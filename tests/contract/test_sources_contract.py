"""Every built-in source keeps every promise of the importable contract suite."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import cache

import pytest

from digest.errors import SourceError
from digest.model import Batch, Entry
from digest.sources import crossref_works, pubmed_search
from digest.sources.base import FetchRequest, Page, Parser
from digest.sources.contract import PROMISES, NotTried, Promise, Recorded, Subject, Tape, examine, parsing
from digest.sources.contract.memory import START
from digest.sources.contract.recording import OneAddress
from digest.sources.entries import make_entry
from digest.sources.http import PoliteClient
from digest.sources.loose_json import mapping, read_json, sequence
from digest.sources.pace import Provider
from digest.sources.registry import FORMATS
from tests.support import tapes, wire

subject = cache(tapes.subject)


@pytest.fixture(scope="module", autouse=True)
def small_pages() -> Iterator[None]:
    """Three papers to a page where a source sets the size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossref_works, "ROWS", 3)
        patch.setattr(pubmed_search, "PER_FETCH", 3)
        yield


NOT_TRIED = {
    "feed:lab.example": {"breakdown", "crash"},
}
"""What a source gives no occasion for; everything else must be tried."""


@pytest.mark.parametrize("name", tapes.BUILTINS)
@pytest.mark.parametrize("promise", PROMISES, ids=[promise.name for promise in PROMISES])
def test_every_source_keeps_every_promise(name: str, promise: Promise) -> None:
    """Parsers and fetchers stand what providers do on their worst days."""
    if promise.name in NOT_TRIED.get(name, set()):
        with pytest.raises(NotTried):
            promise.check(subject(name))
        return
    try:
        promise.check(subject(name))
    except NotTried as reason:
        pytest.fail(f"not tried: {reason}")


SAVED = {
    "jsonl": wire.jsonl(
        *({"id": one, "title": f"Paper {one}", "published": "2026-08-19", "authors": ["Ada"]} for one in tapes.IDS)
    ),
    "semantic-scholar": wire.s2_batch(*(wire.s2_paper(one) for one in tapes.IDS)),
}
"""Formats that no fetcher asks for."""


@pytest.mark.parametrize("form", SAVED)
@pytest.mark.parametrize("promise", parsing.PROMISES, ids=[promise.name for promise in parsing.PROMISES])
def test_every_parser_keeps_every_promise(form: str, promise: Promise) -> None:
    """Formats that are read from files alone keep what parsers promise, too."""
    answer = Recorded(url="https://saved.example/", status=200, body=SAVED[form], at=START)
    tape = Tape(answers=(answer,), request=FetchRequest(now=START))
    promise.check(Subject(make=lambda: OneAddress(answer.url), parsers=(FORMATS[form],), tape=tape))


def test_every_format_is_examined() -> None:
    """A format that is added without a place here would not be."""
    examined = {form for builtin in tapes.BUILTINS.values() for form in builtin.formats}
    assert examined | set(SAVED) == set(FORMATS)


# ── the suite itself ────────────────────────────────────────────────────────────────────────────────────────


class Careless:
    """A source with the faults that newcomers' sources have; ``fault`` says which one."""

    name = "careless"

    def __init__(self, fault: str) -> None:
        self.fault = fault

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        provider = Provider.at("https://careless.example", source=self.name, label="Careless", pace_s=0)
        number = 0
        while True:
            try:
                answer = await client.get(f"https://careless.example/{number}", provider, conditional=False)
            except SourceError:
                if self.fault == "swallows errors":
                    return
                raise
            batch = careless(self.fault)(answer.data, now=request.now)
            yield Page(batch=batch)
            number += self.fault != "asks for ever"
            if number == 2:
                return


def careless(fault: str) -> Parser:
    """A parser for ``{"papers": [{"id", "title"}]}``, with a fault."""

    def parse(data: bytes, *, now: dt.datetime) -> Batch:
        if fault == "crashes":
            papers = json.loads(data)["papers"]
        else:
            found = mapping(read_json(data, source="careless", label="Careless"))
            papers = sequence(found.get("papers"))
            if "papers" not in found:
                raise SourceError("careless", "Careless sent no papers")
        entries = []
        for paper in papers:
            key = f"{paper['id']}-{now.year}" if fault == "keys change" else paper["id"]
            entry = make_entry(
                source="stranger" if fault == "another name" else "careless",
                key=key, title=paper["title"], spellings=[], url="https://careless.example/1",
                published_at=now.replace(tzinfo=None) if fault == "naive dates" else now,
            )  # fmt: skip
            assert isinstance(entry, Entry)
            entries.append(replace(entry, title="<b>Bold</b>") if fault == "markup" else entry)
        lost = 1 if fault == "loses items" else 0
        return Batch(entries=tuple(entries[lost:]), announced=len(entries))

    return parse


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ("none", set()),
        ("crashes", {"cut", "garbage", "huge", "entities", "half", "login-page", "nothing", "noise"}),
        ("keys change", {"keys"}),
        ("naive dates", {"dates"}),
        ("markup", {"plain-text"}),
        ("loses items", {"balanced", "replay"}),
        ("another name", {"replay"}),
        ("swallows errors", {"breakdown", "hangs", "server-error", "throttled", "unavailable", "gzip-bomb", "circle"}),
        ("asks for ever", {"circles"}),
    ],
)
def test_the_suite_sees_what_is_wrong(fault: str, broken: set[str]) -> None:
    """Each fault breaks the promises that name it, and a source without faults keeps all."""
    bodies = [json.dumps({"papers": [{"id": f"{at}", "title": f"T{at}"}]}).encode() for at in (1, 2)]
    answers = tuple(
        Recorded(url=f"https://careless.example/{at}", status=200, body=body, at=START)
        for at, body in enumerate(bodies)
    )
    if fault == "asks for ever":
        answers = answers[:1]
    subject = Subject(
        make=lambda: Careless(fault),
        parsers=(careless(fault),),
        tape=Tape(answers=answers, request=FetchRequest(now=START)),
    )
    wanted = [one for one in PROMISES if not broken or one.name in broken]
    found = {finding.promise.name for finding in examine(subject, wanted) if finding.outcome == "broken"}
    assert found == broken
