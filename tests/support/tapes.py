"""A recording of every built-in source, taken at a loopback server that answers as its provider does."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from digest.config import ArxivConfig, HuggingFaceConfig
from digest.settings.providers import (
    ArxivOaiConfig,
    BiorxivConfig,
    CrossrefConfig,
    OpenAlexConfig,
    OpenReviewConfig,
    PubmedConfig,
)
from digest.sources.arxiv import ArxivSource
from digest.sources.arxiv_harvest import ArxivOaiSource
from digest.sources.base import FetchRequest, Source
from digest.sources.biorxiv_details import BiorxivSource
from digest.sources.contract.memory import START, MemoryLedger, SleepyClock
from digest.sources.contract.recording import Recorder, Tape, take
from digest.sources.contract.running import Detour
from digest.sources.contract.server import HttpServer, Reply, Script, Seen
from digest.sources.contract.subject import Subject
from digest.sources.crossref_works import CrossrefSource
from digest.sources.feed import FeedSource
from digest.sources.http import PoliteClient
from digest.sources.huggingface import HuggingFaceSource
from digest.sources.openalex_works import OpenAlexSource
from digest.sources.openreview_venues import OpenReviewSource
from digest.sources.pubmed_search import PubmedSource
from digest.sources.registry import FORMATS
from tests.support import wire

DAY = dt.timedelta(days=1)
IDS = tuple(f"2608.{number:05}" for number in range(1, 8))
"""What every provider here has to give; its pages hold three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Builtin:
    """A source of ours: how to make it, its parsers, and its provider."""

    make: Callable[[], Source]
    formats: tuple[str, ...]
    provider: Script


def _page(all_of_them: Sequence[str], start: int, size: int = 3) -> Sequence[str]:
    return all_of_them[start : start + size]


def _arxiv(seen: Seen) -> Reply:
    if seen.path.startswith("/rss/"):
        return Reply(body=wire.rss(*(wire.rss_item(one) for one in IDS[:2])), etag='"rss"')
    start = int(seen.query["start"])
    found = IDS if start == 0 else ()
    return Reply(body=wire.api_page([wire.api_entry(one) for one in found], total=len(IDS), start=start))


def _oai(seen: Seen) -> Reply:
    start = int(seen.query.get("resumptionToken", "0"))
    token = str(start + 3) if start + 3 < len(IDS) else ""
    return Reply(body=wire.oai(*(wire.oai_record(one) for one in _page(IDS, start)), token=token))


def _hugging_face(seen: Seen) -> Reply:
    return Reply(body=wire.hf_day(wire.hf_item(f"2608.000{seen.query['date'][8:]}")), etag=f'"{seen.query["date"]}"')


def _crossref(seen: Seen) -> Reply:
    start = 0 if seen.query["cursor"] == "*" else int(seen.query["cursor"])
    size = int(seen.query["rows"])
    works = [wire.crossref_work(f"10.1234/{one}") for one in _page(IDS, start, size)]
    return Reply(body=wire.crossref(*works, total=len(IDS), cursor=str(start + size)))


def _openalex(seen: Seen) -> Reply:
    start = 0 if seen.query["cursor"] == "*" else int(seen.query["cursor"])
    works = [wire.openalex_work(f"10.1234/{one}") for one in _page(IDS, start)]
    return Reply(body=wire.openalex(*works, total=len(IDS), cursor=str(start + 3) if works else None))


def _biorxiv(seen: Seen) -> Reply:
    start = int(seen.path.split("/")[-2])
    return Reply(body=wire.biorxiv(*(wire.biorxiv_item(f"10.1101/{one}") for one in _page(IDS, start)), total=len(IDS)))


def _openreview(seen: Seen) -> Reply:
    notes = [wire.openreview_note(one.replace(".", "-")) for one in _page(IDS, int(seen.query["offset"]))]
    return Reply(body=wire.openreview(*notes, count=len(IDS)))


def _pubmed(seen: Seen) -> Reply:
    if seen.path.endswith("esearch.fcgi"):
        return Reply(body=wire.esearch(*(str(number) for number in range(1, 8))))
    ids = seen.query["id"].split(",")
    return Reply(body=wire.pubmed(*(wire.pubmed_article(f"10.1234/p{one}", pmid=int(one)) for one in ids)))


def _feed(seen: Seen) -> Reply:
    items = [wire.feed_item(number, link=f"https://lab.example/post/{number}") for number in range(1, 4)]
    return Reply(body=wire.feed(*items), etag='"feed"')


BUILTINS: dict[str, Builtin] = {
    "arxiv": Builtin(
        make=lambda: ArxivSource(ArxivConfig(), first_look_back=DAY),
        formats=("arxiv-rss", "arxiv-atom"),
        provider=_arxiv,
    ),
    "huggingface": Builtin(
        make=lambda: HuggingFaceSource(HuggingFaceConfig(days=1)), formats=("hf-daily",), provider=_hugging_face
    ),
    "feed:lab.example": Builtin(
        make=lambda: FeedSource("https://lab.example/feed", name="feed:lab.example"),
        formats=("feed",),
        provider=_feed,
    ),
    "arxiv-oai": Builtin(make=lambda: ArxivOaiSource(ArxivOaiConfig()), formats=("arxiv-oai",), provider=_oai),
    "crossref": Builtin(
        make=lambda: CrossrefSource(CrossrefConfig(queries=("coral",), mailto="ada@uni.example")),
        formats=("crossref",),
        provider=_crossref,
    ),
    "pubmed": Builtin(
        make=lambda: PubmedSource(PubmedConfig(queries=("coral",))), formats=("pubmed",), provider=_pubmed
    ),
    "openalex": Builtin(
        make=lambda: OpenAlexSource(OpenAlexConfig(queries=("coral",), key="secret-key")),
        formats=("openalex",),
        provider=_openalex,
    ),
    "biorxiv": Builtin(make=lambda: BiorxivSource("biorxiv", BiorxivConfig()), formats=("biorxiv",), provider=_biorxiv),
    "openreview": Builtin(
        make=lambda: OpenReviewSource(OpenReviewConfig(venues=("ICLR.cc/2027/Conference",))),
        formats=("openreview",),
        provider=_openreview,
    ),
}


def recorded(make: Callable[[], Source], provider: Script) -> Tape:
    """What a source asks of a provider on a day with a look back of one day, and what it is answered."""
    request = FetchRequest(now=START, look_back=DAY, categories=("cs.LG", "cs.CL"))
    clock = SleepyClock()
    with HttpServer() as server:
        server.otherwise(provider)
        recorder = Recorder(Detour(server.url), clock=clock)
        client = PoliteClient(MemoryLedger(), clock=clock, sleep=clock.sleep, transport=recorder)
        error, _ = asyncio.run(take(make(), request, client, pages=1_000))
    assert error is None, error
    return Tape(answers=tuple(recorder.answers), request=request, source=make().name)


def subject(name: str) -> Subject:
    """A built-in source with its recording, ready to be examined."""
    builtin = BUILTINS[name]
    return Subject(
        make=builtin.make,
        parsers=tuple(FORMATS[form] for form in builtin.formats),
        tape=recorded(builtin.make, builtin.provider),
    )
