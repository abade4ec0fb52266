"""Readers' example papers that no source has brought: asked for by name on loopback, stored, never sent."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.app import App
from digest.catalog.identifiers import parse
from digest.checkup import examine
from digest.model import Identifier, SourceReport, SourceStatus
from digest.pipeline.ingest import ingest
from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.sources.examples import ExampleSource
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry
from tests.support.wire import api_entry, api_page

MORNING = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)


class Library:
    """arXiv's API and Crossref on loopback: they know some papers, and refuse a request that names ``spoiled``."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.arxiv: set[str] = set()
        self.dois: set[str] = set()
        self.spoiled = ""
        self.forgets_once = False
        server.answer("/api/query", self._query)
        server.answer("/works", self._works)

    @property
    def asked(self) -> list[str]:
        return [seen.query["id_list"] for seen in self.server.asked("/api/query")]

    def config(self, more: str = "") -> str:
        base = self.server.url
        return f"""\
sources:
  arxiv: {{api_url: "{base}/api/query", pace: 0s}}
  crossref: {{queries: [x], url: "{base}", pace: 0s}}
{more}"""

    def _query(self, seen: Seen) -> Reply:
        names = seen.query["id_list"].split(",")
        assert int(seen.query["max_results"]) >= len(names), "the API gives ten otherwise"
        if self.spoiled in names:
            said = f"<summary>incorrect id format for {self.spoiled}</summary>"
            error = f"<entry><id>http://arxiv.org/api/errors#x</id>{said}</entry>"
            return Reply(status=400, body=api_page([error], total=1))
        known = [] if self.forgets_once else [name for name in names if name in self.arxiv]
        self.forgets_once = False
        return Reply(body=api_page([api_entry(name, title=f"Paper {name}") for name in known], total=len(known)))

    def _works(self, seen: Seen) -> Reply:
        names = [part.removeprefix("doi:") for part in seen.query["filter"].split(",")]
        items = [
            {"DOI": name, "type": "journal-article", "title": [f"Work {name}"], "abstract": "We work."}
            for name in names
            if name in self.dois
        ]
        message = {"total-results": len(items), "items": items}
        return Reply(body=json.dumps({"message-type": "work-list", "message": message}).encode())


@pytest.fixture
def library() -> Iterator[Library]:
    with HttpServer() as server:
        yield Library(server)


@pytest.fixture
def clock() -> Hands:
    return Hands(MORNING)


def open_(folder: Path, clock: Hands, library: Library, *names: str, sources: tuple[FakeSource, ...] = ()) -> App:
    reader = f"""\
email: ada@uni.example
timezone: Europe/Berlin
frequency: daily
explore: false
lanes: [{{name: Sparse, examples: [{", ".join(names)}]}}]
"""
    app = make_app(folder, clock, readers={"ada": reader}, sources=sources, more=library.config())
    app.reread()
    return app


def ids(*texts: str) -> tuple[Identifier, ...]:
    found = tuple(parse(text) for text in texts)
    return tuple(one for one in found if one is not None)


def missing(app: App) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(waiting, unknown, unasked) of the reader's lane, as ``digest check`` sees them."""
    told = app.missing_examples()(app.subscriber("ada").lanes[0])
    waiting, unknown, unasked = (tuple(map(str, some)) for some in (told.waiting, told.unknown, told.unasked))
    return waiting, unknown, unasked


def only(reports: list[SourceReport]) -> SourceReport:
    (report,) = reports
    return report


def test_examples_come_with_the_next_reading_and_are_never_candidates(
    tmp_path: Path, clock: Hands, library: Library
) -> None:
    """arXiv ids and DOIs are stored with their text and features, so the lane learns from them and nobody gets them."""
    library.arxiv, library.dois = {"2305.10430"}, {"10.1000/x"}
    app = open_(tmp_path, clock, library, "2305.10430", "10.1000/x")
    assert missing(app)[0] == ("arxiv:2305.10430", "doi:10.1000/x")
    report = only(app.ingest())
    assert (report.source, report.status, report.announced, report.read, report.new) == (
        "examples",
        SourceStatus.OK,
        2,
        2,
        2,
    )
    names = ids("2305.10430", "10.1000/x")
    found = app.rooms.papers.find(names)
    papers = app.rooms.papers.get(found.values())
    assert {paper.title for paper in papers.values()} == {"Paper 2305.10430", "Work 10.1000/x"}
    assert not any(paper.candidate for paper in papers.values())
    assert set(app.rooms.papers.features_of(app.basis.version, list(found.values()))) == set(found.values())
    assert missing(app) == ((), (), ())
    assert app.ingest() == [], "nothing is missing any more"
    app.close()


def test_the_lane_finds_what_is_like_an_example_at_once(tmp_path: Path, clock: Hands, library: Library) -> None:
    """The first preview after the first reading already uses the example, and does not show it."""
    library.arxiv = {"2305.10430"}
    like = arxiv_entry("2605.00001", "Paper again", abstract="We went back. We went back once more.")
    other = [
        arxiv_entry(f"2605.0000{n}", f"Proteins fold {n}", abstract="Proteins fold in cells.", authors=[f"P {n}"])
        for n in range(2, 6)
    ]
    app = open_(tmp_path, clock, library, "2305.10430", sources=(FakeSource("arxiv", page_of(like, *other)),))
    app.ingest()
    clock.now += dt.timedelta(hours=3)
    mail = app.preview("ada").message()
    assert b"Paper again" in mail
    assert b"Paper 2305.10430" not in mail
    assert b"examples" not in mail.lower(), "the source of examples is no source of the mail"
    app.close()


def test_what_a_provider_does_not_know_is_not_asked_for_ever(tmp_path: Path, clock: Hands, library: Library) -> None:
    """Asked twice at once, since the API forgets now and then; then again only after a week, and it says so."""
    app = open_(tmp_path, clock, library, "2305.99999", "10.1000/nowhere", "10.18653/v1/x", '"acl:P19-1001"')
    report = only(app.ingest())
    assert (report.status, report.read, report.rejected) == (SourceStatus.OK, 0, 3)
    assert library.asked == ["2305.99999"] * 2
    waiting, unknown, unasked = missing(app)
    assert waiting == ()
    assert set(unknown) == {"arxiv:2305.99999", "doi:10.1000/nowhere", "doi:10.18653/v1/x"}
    assert unasked == ("acl:P19-1001",)
    clock.now += dt.timedelta(days=6)
    assert app.ingest() == []
    library.arxiv = {"2305.99999"}
    clock.now += dt.timedelta(days=2)
    assert only(app.ingest()).new == 1
    app.close()


def test_a_forgetful_answer_does_not_make_a_paper_unknown(tmp_path: Path, clock: Hands, library: Library) -> None:
    """An empty page is asked for again before anything is concluded from it."""
    library.arxiv, library.forgets_once = {"2305.10430"}, True
    app = open_(tmp_path, clock, library, "2305.10430")
    report = only(app.ingest())
    assert (report.new, report.rejected) == (1, 0)
    app.close()


def test_one_refused_name_does_not_keep_the_others_out(tmp_path: Path, clock: Hands, library: Library) -> None:
    """arXiv refuses a whole request for one bad id; halving finds it."""
    names = [f"2305.0000{number}" for number in range(1, 8)]
    library.arxiv, library.spoiled = set(names), "2305.00004"
    app = open_(tmp_path, clock, library, *names)
    report = only(app.ingest())
    assert (report.new, report.rejected) == (6, 1)
    assert missing(app)[1] == ("arxiv:2305.00004",)
    app.close()


def test_a_silent_provider_makes_nothing_unknown(tmp_path: Path, clock: Hands, library: Library) -> None:
    """A server error leaves the examples waiting for the next reading."""
    app = open_(tmp_path, clock, library, "2305.10430")
    library.server.serve("/api/query", Reply(status=404))
    report = only(app.ingest("examples"))  # as the daemon does, source by source
    assert report.status is SourceStatus.FAILED
    assert "404" in (report.error or "")
    assert missing(app)[:2] == (("arxiv:2305.10430",), ())
    app.close()


def test_a_large_library_is_asked_for_in_parts(tmp_path: Path, clock: Hands, library: Library) -> None:
    """A hundred ids a request, and no more requests in one run than leave turns for the feeds."""
    names = [f"2301.{number:05d}" for number in range(1, 251)]
    library.arxiv = set(names)
    app = open_(tmp_path, clock, library, *names)
    source = ExampleSource(app.config.sources, most_requests=2)

    def read() -> int:
        return only(ingest(app.rooms, (), client=app.client, categories=(), examples=source)).new

    assert (read(), read()) == (200, 50)
    assert [asked.count(",") + 1 for asked in library.asked] == [100, 100, 50]
    app.close()


def test_an_example_that_is_announced_later_becomes_news_for_others(
    tmp_path: Path, clock: Hands, library: Library
) -> None:
    """Known first as an example, then from a feed: a candidate like every other."""
    library.arxiv = {"2605.10430"}
    app = open_(tmp_path, clock, library, "2605.10430")
    app.ingest()
    app.__dict__["sources"] = (FakeSource("arxiv", page_of(arxiv_entry("2605.10430", "Paper 2605.10430"))),)
    app.ingest()
    (paper,) = app.rooms.papers.get(app.rooms.papers.find(ids("2605.10430")).values()).values()
    assert paper.candidate
    app.close()


def test_nobody_is_asked_when_it_is_switched_off(tmp_path: Path, clock: Hands, library: Library) -> None:
    """``sources.examples: false`` leaves the lane to what sources bring, and the check says so."""
    app = make_app(
        tmp_path,
        clock,
        readers={"ada": "email: ada@uni.example\ntimezone: Europe/Berlin\nexamples: [2305.10430]\n"},
        more=library.config("  examples: false"),
    )
    app.reread()
    assert app.ingest() == []
    assert missing(app) == ((), (), ("arxiv:2305.10430",))
    app.close()


def test_check_says_what_a_lane_does_not_learn_from(tmp_path: Path, clock: Hands, library: Library) -> None:
    """Before the first reading: fetched next; after it: nobody knows this paper. Each at its line."""
    app = open_(tmp_path, clock, library, "2305.10430", "2305.99999")
    library.arxiv = {"2305.10430"}

    def hints() -> list[str]:
        told = examine(
            tmp_path / "config.yaml",
            env={},
            now=MORNING,
            check_templates=lambda config: None,
            examples=app.missing_examples(),
        )
        return [f"{hint.line}: {hint.message}" for hint in told.hints if "examples" in hint.message]

    assert hints() == ["5: 2 of 2 examples of 'Sparse' not known yet; `digest ingest` fetches them"]
    app.ingest()
    assert hints() == ["5: no paper is known as arxiv:2305.99999, examples of 'Sparse'; spelled right?"]
    app.close()
