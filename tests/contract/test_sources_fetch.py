"""What every source promises, tried against a loopback server: pages as they come, failures named at the end."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from digest.config import ArxivConfig, FirstRunConfig, HuggingFaceConfig, SourcesConfig
from digest.errors import SourceError
from digest.model import Signal
from digest.sources import arxiv
from digest.sources.arxiv import ArxivSource, Backfill, plan
from digest.sources.base import FetchRequest, Source
from digest.sources.contract.memory import START
from digest.sources.contract.running import Run
from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.sources.feed import FeedSource
from digest.sources.files import FileSource
from digest.sources.huggingface import HuggingFaceSource
from digest.sources.plugins import MAX_NAME
from digest.sources.registry import build_sources
from tests.support import wire

WEEK = dt.timedelta(days=7)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def arxiv_at(server: HttpServer, **options: object) -> ArxivSource:
    config = ArxivConfig.model_validate(
        {"rss_url": server.url, "api_url": f"{server.url}/api/query", "pace": "0s", **options}
    )
    return ArxivSource(config, first_look_back=WEEK)


def hugging_face_at(server: HttpServer, *, days: int = 1) -> HuggingFaceSource:
    return HuggingFaceSource(HuggingFaceConfig.model_validate({"url": server.url, "days": days, "pace": "0s"}))


def serve_everything(server: HttpServer) -> None:
    """One paper everywhere, with an ETag where the real hosts give one."""
    server.serve("/rss/cs.LG", Reply(body=wire.rss(wire.rss_item()), etag='"rss"'))
    server.serve("/api/daily_papers", Reply(body=wire.hf_day(wire.hf_item()), etag='"hf"'))
    server.serve("/feed", Reply(body=wire.feed(wire.feed_item()), etag='"feed"'))


def every_source(server: HttpServer) -> list[Source]:
    return [
        arxiv_at(server),
        hugging_face_at(server, days=1),
        FeedSource(f"{server.url}/feed", name="feed:lab", pace_s=0),
    ]


names = pytest.mark.parametrize("number", range(3), ids=["arxiv", "huggingface", "feed"])


# ── all sources ─────────────────────────────────────────────────────────────────────────────────────────────


@names
def test_entries_carry_the_name_of_their_source(server: HttpServer, number: int) -> None:
    """What is stored hangs on (source, key), so both are given and the name is the source's own."""
    serve_everything(server)
    source = every_source(server)[number]
    run = Run().fetch(source, "cs.LG")
    assert run.error is None
    assert {entry.source for page in run.pages for entry in page.batch.entries} == {source.name}
    assert run.announced == len(run.titles) > 0


@names
def test_the_second_run_is_told_that_nothing_changed(server: HttpServer, number: int) -> None:
    """With the validators of the first run every page is not_modified."""
    serve_everything(server)
    run = Run()
    run.fetch(every_source(server)[number], "cs.LG")
    run.fetch(every_source(server)[number], "cs.LG")
    assert run.titles == []
    assert all(page.not_modified for page in run.pages)
    assert run.pages


@names
def test_silence_is_told_in_words_for_the_reader(server: HttpServer, number: int) -> None:
    """That all trouble is told is part of the contract suite; these are the words."""
    for path in ("/rss/cs.LG", "/api/daily_papers", "/feed"):
        server.serve(path, Reply(hang=True))
    run = Run(timeout_s=0.3).fetch(every_source(server)[number], "cs.LG")
    assert "did not answer within 1 s" in str(run.error)


# ── arXiv ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_category_failing_does_not_stop_the_others(server: HttpServer) -> None:
    """Each category is asked for on its own; those that fail are named at the end."""
    server.serve("/rss/cs.LG", Reply(body=wire.rss(wire.rss_item("2608.00001"))))
    server.serve("/rss/cs.CL", Reply(status=500))
    server.serve("/rss/cs.CV", Reply(body=wire.rss(wire.rss_item("2608.00003"))))
    run = Run().fetch(arxiv_at(server), "cs.LG", "cs.CL", "cs.CV")
    assert run.ids == ["2608.00001", "2608.00003"]
    assert str(run.error) == "arXiv said 500 (Internal Server Error) (cs.CL)"


def test_a_host_that_is_gone_is_not_asked_for_every_category(server: HttpServer) -> None:
    """After two time-outs the remaining categories count as unanswered too."""
    for category in ("cs.LG", "cs.CL", "cs.CV", "cs.AI"):
        server.serve(f"/rss/{category}", Reply(hang=True))
    run = Run(timeout_s=0.3).fetch(arxiv_at(server), "cs.LG", "cs.CL", "cs.CV", "cs.AI")
    assert str(run.error) == "arXiv did not answer within 1 s (cs.LG, cs.CL, cs.CV, cs.AI)"
    assert len(server.requests) == 2


def test_categories_of_others_are_not_asked_for(server: HttpServer) -> None:
    """Lanes may name bioRxiv's categories, and nonsense; arXiv gets its own only, each once."""
    server.serve("/rss/cs.LG", Reply(body=wire.rss()))
    run = Run().fetch(arxiv_at(server), "biorxiv/biophysics", "cs.LG", "../etc", "cs.LG", "")
    assert (run.error, len(server.requests)) == (None, 1)


def test_configured_categories_win(server: HttpServer) -> None:
    """A list in config.yaml replaces the union of the lanes."""
    server.serve("/rss/math.OC", Reply(body=wire.rss()))
    assert Run().fetch(arxiv_at(server, categories=["math.OC"]), "cs.LG").error is None


class Api:
    """arXiv's API over a list of papers, wherever ``submittedDate`` says; it may fail or lose entries on request."""

    def __init__(self, server: HttpServer, papers: int) -> None:
        self.ids = [f"2607.{number:05}" for number in range(1, papers + 1)]
        self.queries: list[Mapping[str, str]] = []
        self.fail_at: set[int] = set()
        self.lose_at: dict[int, int] = {}
        server.answer("/api/query", self)
        server.serve("/rss/cs.LG", Reply(body=wire.rss()))
        server.serve("/rss/cs.CL", Reply(body=wire.rss()))

    def __call__(self, seen: Seen) -> Reply:
        self.queries.append(seen.query)
        start, size = int(seen.query["start"]), int(seen.query["max_results"])
        if start in self.fail_at:
            return Reply(status=500)
        ids = self.ids[start : start + size]
        if self.lose_at.get(start):
            self.lose_at[start] -= 1
            ids = ids[:-1]
        return Reply(body=wire.api_page([wire.api_entry(one) for one in ids], total=len(self.ids), start=start))

    @property
    def starts(self) -> list[int]:
        return [int(query["start"]) for query in self.queries]


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three results per request instead of a thousand."""
    monkeypatch.setattr(arxiv, "SLICE", 3)


@pytest.mark.usefixtures("small_slices")
def test_the_first_run_goes_back(server: HttpServer) -> None:
    """All categories in one query over the last seven days, page after page until the total is reached."""
    api = Api(server, papers=7)
    run = Run().fetch(arxiv_at(server), "cs.LG", "cs.CL", look_back=WEEK)
    assert (run.error, run.ids, run.announced) == (None, api.ids, 7)
    assert api.starts == [0, 3, 6]
    expected = "(cat:cs.LG OR cat:cs.CL) AND submittedDate:[202608130800 TO 202608200800]"
    assert {query["search_query"] for query in api.queries} == {expected}


@pytest.mark.usefixtures("small_slices")
def test_an_interrupted_back_fill_goes_on_where_it_was(server: HttpServer) -> None:
    """After a crash between two pages, the cursor of the last stored page is where the next run begins."""
    api = Api(server, papers=7)
    run = Run().fetch(arxiv_at(server), "cs.LG", look_back=WEEK, crash_after=2)  # the feed and one slice
    assert run.ids == api.ids[:3]
    run.fetch(arxiv_at(server), "cs.LG", look_back=WEEK)
    assert run.ids == api.ids[3:]
    run.fetch(arxiv_at(server), "cs.LG")
    assert (run.error, api.starts) == (None, [0, 3, 6])


@pytest.mark.usefixtures("small_slices")
def test_a_failed_back_fill_keeps_what_came(server: HttpServer) -> None:
    """An error in the middle is told; the announcements and the pages before it stay, and the sum shows the gap."""
    api = Api(server, papers=7)
    api.fail_at = {3}
    run = Run().fetch(arxiv_at(server), "cs.LG", look_back=WEEK)
    assert str(run.error) == "arXiv said 500 (Internal Server Error) (back-fill)"
    assert (run.ids, run.announced) == (api.ids[:3], 7)
    api.fail_at = set()
    assert run.fetch(arxiv_at(server), "cs.LG", look_back=WEEK).ids == api.ids[3:]


@pytest.mark.usefixtures("small_slices")
def test_a_page_with_too_few_entries_is_asked_for_again(server: HttpServer) -> None:
    """The API now and then loses entries: the same page is asked for twice more, then the loss is told."""
    api = Api(server, papers=5)
    api.lose_at = {0: 1}
    assert Run().fetch(arxiv_at(server), "cs.LG", look_back=WEEK).ids == api.ids
    api.lose_at = {3: 9}
    run = Run().fetch(arxiv_at(server), "cs.LG", look_back=WEEK)
    assert str(run.error) == "arXiv gave 1 of 2 papers; the rest is asked for next time (back-fill)"
    assert run.cursor["start"] == 3


def test_a_window_with_too_many_results_is_halved(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """More results than one query may give are had from shorter windows."""
    monkeypatch.setattr(arxiv, "MOST_RESULTS", 4)
    api = Api(server, papers=0)
    midnight = "202608"

    def by_window(seen: Seen) -> Reply:
        api.queries.append(seen.query)
        begin, end = seen.query["search_query"].split("[")[1].rstrip("]").split(" TO ")
        assert begin.startswith(midnight)
        found = [f"2608.{day:05}" for day in range(13, 21) if begin <= f"202608{day:02}1200" < end]
        return Reply(body=wire.api_page([wire.api_entry(one) for one in found], total=len(found)))

    server.answer("/api/query", by_window)
    run = Run().fetch(arxiv_at(server), "cs.LG", look_back=WEEK)
    assert run.ids == [f"2608.{day:05}" for day in range(13, 20)]
    assert run.announced == 7
    assert len(api.queries) == 3


def test_a_category_wanted_later_is_back_filled_too(server: HttpServer) -> None:
    """A new lane shows papers at once: its category is fetched as far back as a first run goes, once."""
    api = Api(server, papers=1)
    run = Run().fetch(arxiv_at(server), "cs.LG", look_back=WEEK)
    run.fetch(arxiv_at(server), "cs.LG", "cs.CL")
    run.fetch(arxiv_at(server), "cs.LG", "cs.CL")
    asked = [query["search_query"].split(" AND ")[0] for query in api.queries]
    assert asked == ["(cat:cs.LG)", "(cat:cs.CL)"]


def test_an_api_error_is_told_in_its_own_words(server: HttpServer) -> None:
    """HTTP 400 with an error entry says what arXiv says."""
    Api(server, papers=0)
    error = "<entry><id>https://arxiv.org/api/errors#x</id><title>Error</title><summary>bad query</summary></entry>"
    server.serve("/api/query", Reply(status=400, body=wire.api_page([error], total=1)))
    run = Run().fetch(arxiv_at(server), "cs.LG", look_back=WEEK)
    assert str(run.error) == "arXiv said: bad query (back-fill)"


def test_plans() -> None:
    """An outage is searched from before it began, a fresh back-fill is not repeated, garbage in a cursor is ignored."""
    done = Backfill(covered=("cs.LG",), until=START - dt.timedelta(days=3)).to_cursor()
    outage = plan(
        FetchRequest(now=START, look_back=dt.timedelta(days=3), cursor=done), ("cs.LG",), first_look_back=WEEK
    )
    assert outage.windows == ((START - dt.timedelta(days=7), START),)
    fresh = Backfill(covered=("cs.LG",), until=START - dt.timedelta(hours=1)).to_cursor()
    assert plan(FetchRequest(now=START, look_back=WEEK, cursor=fresh), ("cs.LG",), first_look_back=WEEK).windows == ()
    garbage = {"windows": [[1], "x", ["2026-01-01", None]], "start": -3, "covered": 7, "until": {}, "categories": None}
    assert Backfill.from_cursor(garbage) == Backfill()


# ── Hugging Face ────────────────────────────────────────────────────────────────────────────────────────────


def test_hugging_face_reads_today_and_the_days_before(server: HttpServer) -> None:
    """Votes keep growing, so past days are read again, newest first; a first run goes back further."""
    server.answer(
        "/api/daily_papers",
        lambda seen: Reply(body=wire.hf_day(wire.hf_item(f"26{seen.query['date'][5:7]}.000{seen.query['date'][8:]}"))),
    )
    source = hugging_face_at(server, days=2)
    assert Run().fetch(source).ids == ["2608.00020", "2608.00019", "2608.00018"]
    assert server.requests[0].query == {"date": "2026-08-20", "limit": "100"}
    assert len(Run().fetch(source, look_back=WEEK).ids) == 8


def test_hugging_face_lists_of_several_pages(server: HttpServer) -> None:
    """A full page means that there may be another."""
    pages = {None: [wire.hf_item(f"2608.{n:05}") for n in range(100)], "1": [wire.hf_item("2608.00100")]}
    server.answer("/api/daily_papers", lambda seen: Reply(body=wire.hf_day(*pages[seen.query.get("p")])))
    run = Run().fetch(hugging_face_at(server, days=1))
    assert len(run.ids) == 202
    assert {one.signal for page in run.pages for entry in page.batch.entries for one in entry.readings} >= {
        Signal.HF_UPVOTES
    }


def test_a_date_that_is_still_to_come_there_is_skipped(server: HttpServer) -> None:
    """400 for today is not an error; 400 for a past day is."""

    def reply(seen: Seen) -> Reply:
        return Reply(status=400) if seen.query["date"] == "2026-08-20" else Reply(body=wire.hf_day(wire.hf_item()))

    server.answer("/api/daily_papers", reply)
    source = hugging_face_at(server, days=1)
    run = Run().fetch(source)
    assert (run.error, run.ids) == (None, ["2608.00001"])
    server.serve("/api/daily_papers", Reply(status=400))
    assert str(Run().fetch(source).error) == "Hugging Face said 400 (Bad Request) (19 Aug)"


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_is_read_when_it_changed(tmp_path: Path) -> None:
    """An unchanged file is not parsed again; gzip is known by its first bytes."""
    path = tmp_path / "papers.jsonl"
    path.write_bytes(wire.jsonl({"id": "2608.00001", "title": "One"}))
    run, source = Run(), FileSource(path, name="file:papers.jsonl")
    assert run.fetch(source).titles == ["One"]
    assert run.pages[0].batch.entries[0].source == "file:papers.jsonl"
    assert run.fetch(source).pages[0].not_modified
    path.write_bytes(gzip.compress(wire.jsonl({"id": "2608.00001", "title": "Two"})))
    assert run.fetch(source).titles == ["Two"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "papers.jsonl: no such file"),
        (gzip.compress(bytes(5_000_000)), "papers.jsonl is larger than 1 MB; sources.max_bytes sets the limit"),
        (gzip.compress(b"x" * 1000)[:-9], "papers.jsonl cannot be read"),
    ],
    ids=["missing", "bomb", "cut"],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    """What is wrong with a file is said with its name."""
    path = tmp_path / "papers.jsonl"
    if content is not None:
        path.write_bytes(content)
    assert told in str(Run().fetch(FileSource(path, name="file:x", max_bytes=1_000_000)).error)


# ── the registry ────────────────────────────────────────────────────────────────────────────────────────────


def test_sources_have_short_names_that_differ() -> None:
    """Feeds are named by host, by host and path where hosts repeat, and no name outgrows its column."""
    feeds = (
        "https://a.example/x",
        "https://b.example/1",
        "https://b.example/2?y=1",
        "https://c.example/1",
        f"https://c.example/{'z' * 99}",
    )
    config = SourcesConfig.model_construct(
        arxiv=ArxivConfig(), huggingface=None, feeds=feeds,
        files=(Path("d/p.jsonl"), Path("e/p.jsonl"), Path("q.jsonl")), first_run=FirstRunConfig(), max_bytes=9,
    )  # fmt: skip
    names = [source.name for source in build_sources(config)]
    assert names[:5] == ["arxiv", "feed:a.example", "feed:b.example/1", "feed:b.example/2?y=1", "feed:c.example/1"]
    assert names[6:] == ["file:d/p.jsonl", "file:e/p.jsonl", "file:q.jsonl"]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) == MAX_NAME


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        ("no_such_module:make", "write module:callable"),
        ("digest.sources.arxiv", "write module:callable"),
        ("digest.sources.arxiv:nothing", "write module:callable"),
        ("digest.sources.arxiv:NAME", "is not callable"),
        ("builtins:dict", "has no name and fetch"),
    ],
)
def test_a_plug_in_that_is_none_is_told(plugin: str, told: str) -> None:
    """What is wrong with module:callable is said before anything is fetched."""
    config = SourcesConfig(arxiv=None, huggingface=None)
    with pytest.raises(SourceError, match=told):
        build_sources(config, plugins=[plugin])


def _full_feed() -> Reply:
    """As many items as a feed can hold, which means that there were more."""
    items = [wire.rss_item(f"2608.{number:05}") for number in range(1, 2_001)]
    return Reply(body=gzip.compress(wire.rss(*items), 1), headers={"Content-Encoding": "gzip"}, etag='"full"')


def test_a_feed_at_its_limit_is_completed_from_the_api(server: HttpServer) -> None:
    """2,000 items mean that the newest are missing: the API is asked for them in the same run, at every run."""
    api = Api(server, 3)
    server.serve("/rss/cs.LG", _full_feed())
    server.serve("/rss/cs.CL", Reply(body=wire.rss()))
    run = Run(cursor=Backfill(covered=("cs.CL", "cs.LG")).to_cursor()).fetch(arxiv_at(server), "cs.CL", "cs.LG")
    assert (run.error, len(run.titles)) == (None, 2_003)
    assert "cat:cs.LG" in api.queries[0]["search_query"]
    assert "cs.CL" not in api.queries[0]["search_query"]
    assert run.cursor["until"] is None, "this was no back-fill of everything"
    assert len(run.fetch(arxiv_at(server), "cs.CL", "cs.LG").titles) == 2_003


def test_a_feed_at_its_limit_that_cannot_be_completed_is_told(server: HttpServer) -> None:
    """Without the API what came is kept, and the source is not called read."""
    server.serve("/rss/cs.LG", _full_feed())
    run = Run(cursor=Backfill(covered=("cs.LG",)).to_cursor()).fetch(arxiv_at(server), "cs.LG")
    assert len(run.titles) == 2_000
    assert "arXiv cut its feed at 2,000 papers (cs.LG)" in str(run.error)


def test_what_was_back_filled_is_not_asked_for_again(server: HttpServer) -> None:
    """A category that always fails makes every outage look longer: nothing before the last back-fill is read twice."""
    request = FetchRequest(
        now=START,
        look_back=dt.timedelta(days=30),
        cursor=Backfill(covered=("cs.LG",), until=START - dt.timedelta(days=2)).to_cursor(),
    )
    ((begin, end),) = plan(request, ("cs.LG",), first_look_back=dt.timedelta(days=7)).windows
    assert (START - begin, end) == (dt.timedelta(days=6), START)
    ((begin, _),) = plan(request, ("cs.LG", "cs.CV"), first_look_back=dt.timedelta(days=7)).windows
    assert START - begin == dt.timedelta(days=34)
