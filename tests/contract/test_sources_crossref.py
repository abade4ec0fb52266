"""Crossref: what its works say, and lists by registration day that are paged, limited and cut short."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping

import pytest
from pydantic import ValidationError

from digest.errors import SourceError
from digest.model import Entry
from digest.settings.providers import CrossrefConfig
from digest.sources.contract.memory import START
from digest.sources.contract.running import Run
from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.sources.crossref import parse
from digest.sources.crossref_works import CrossrefSource, stated_pace_s
from digest.sources.jats import plain_abstract, plain_title
from tests.support import wire


def only(**more: object) -> Entry:
    (entry,) = parse(wire.crossref(wire.crossref_work(**more)), now=START).entries  # type: ignore[arg-type]
    return entry


# ── works ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_work_is_read_in_full() -> None:
    """Names are put together, markup goes, the day of registration is the day of the news."""
    entry = only()
    assert (entry.key, str(entry.identifiers[0])) == ("10.1234/x.1", "doi:10.1234/x.1")
    assert entry.authors == ("Ada Lovelace", "The Team")
    assert (entry.abstract, entry.journal_ref) == ("We measure H2O & it.", "Light: Science & Applications")
    assert entry.published_at == dt.datetime(2026, 8, 18, tzinfo=dt.UTC)
    assert entry.announced_at == dt.datetime(2026, 8, 19, 7, tzinfo=dt.UTC)
    assert [(one.signal.value, one.value) for one in entry.readings] == [("crossref.citations", 3.0)]


@pytest.mark.parametrize("date", [[[2026]], [[2026, 8]], [[None]], [], None, [[2026, 13, 1]]])
def test_a_date_without_a_day_is_no_date(date: object) -> None:
    """A year alone would make a paper look months old: the day of registration stands in."""
    assert only(published={"date-parts": date}).published_at == dt.datetime(2026, 8, 19, 7, tzinfo=dt.UTC)


def test_a_preprint_and_its_article_share_their_names() -> None:
    """``has-preprint`` and its inverse name the same paper; other relations do not."""
    relation = {
        "has-preprint": [{"id-type": "doi", "id": "10.1101/014852"}],
        "has-review": [{"id-type": "doi", "id": "10.9/r"}],
    }
    assert [one.value for one in only(relation=relation).identifiers] == ["10.1234/x.1", "10.1101/014852"]


def test_a_retracted_work_is_withdrawn() -> None:
    """What Crossref knows of retractions keeps a paper out of the mail; corrections do not."""
    assert only(**{"updated-by": [{"type": "retraction"}]}).withdrawn
    assert not only(**{"updated-by": [{"type": "correction"}]}).withdrawn


def test_a_preprint_names_its_server_and_group() -> None:
    """As bioRxiv's own source spells it, so that lanes work on either."""
    assert only(institution=[{"name": "bioRxiv"}], **{"group-title": "Cell Biology"}).categories == (
        "biorxiv/cell biology",
    )


def test_what_is_no_paper_is_refused() -> None:
    """Issues, components and reviews have DOIs too."""
    batch = parse(wire.crossref(wire.crossref_work(), wire.crossref_work("10.1/i", type="journal-issue")), now=START)
    assert [(one.id, one.reason) for one in batch.rejected] == [("10.1/i", "a journal issue, not a paper")]


def test_one_work_alone_is_read() -> None:
    """``/works/DOI`` answers without a list."""
    data = json.dumps({"status": "ok", "message-type": "work", "message": wire.crossref_work()}).encode()
    assert parse(data, now=START).announced == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"Resource not found.", "Crossref said: Resource not found."),
        (b'{"status":"failed","message-type":"validation-failure","message":[{"message":"too many"}]}', "too many"),
        (b'{"status":"ok","message-type":"work-agency","message":{}}', "work-agency, which brings no papers"),
        (b"<xml/>", "not JSON"),
        (b"[]", "answered something"),
    ],
)
def test_what_brings_no_works_is_an_error(data: bytes, said: str) -> None:
    """Errors and other kinds of answers are told in a line."""
    with pytest.raises(SourceError, match=said):
        parse(data, now=START)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<jats:title>Abstract</jats:title><jats:p>One.</jats:p><jats:p>Two.</jats:p>", "One. Two."),
        ("<jats:sec><jats:title>Aim</jats:title><jats:p>To see.</jats:p></jats:sec>", "Aim: To see."),
        ("<jats:list><jats:list-item><jats:p>a</jats:p></jats:list-item></jats:list>", "a"),
        ("<p>HTML &amp; so</p>", "HTML & so"),
        ("bare text", "bare text"),
        (
            "<jats:p>Let <jats:tex-math>$$x$$</jats:tex-math><mml:math><mml:mi>x</mml:mi></mml:math> be.</jats:p>",
            "Let $$x$$ be.",
        ),
        ("<jats:p>only <mml:math><mml:mi>x</mml:mi></mml:math></jats:p>", "only x"),
        ("<jats:p>broken", "broken"),
    ],
)
def test_jats_becomes_text(markup: str, text: str) -> None:
    """Headings stay but for the abstract's own, formulas come once, blocks are set apart."""
    assert plain_abstract(markup) == text


def test_titles_lose_the_publishers_tags() -> None:
    """Small capitals and line breaks are no part of a title."""
    assert plain_title("The role of\n <scp>AI</scp> in H<sub>2</sub>O") == "The role of AI in H2O"


def test_hostile_markup_costs_linear_time() -> None:
    """Tags that never close are read in no time."""
    for hostile in ("<jats:title>" * 50_000, "<mml:math>tex-math" * 30_000, "<mml:math>tex-math</mml:math" * 9_000):
        plain_abstract(hostile)


# ── lists ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def source_at(server: HttpServer, **options: object) -> CrossrefSource:
    wanted = {"queries": ["coral reefs"]} if "journals" not in options else {}
    return CrossrefSource(CrossrefConfig.model_validate({"url": server.url, "pace": "0s", **wanted, **options}))


class Works:
    """Crossref over a number of works, two to a page."""

    def __init__(self, server: HttpServer, works: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("digest.sources.crossref_works.ROWS", 2)
        self.dois = [f"10.1234/{number}" for number in range(works)]
        self.total = works
        self.queries: list[Mapping[str, str]] = []
        self.headers: dict[str, str] = {}
        server.answer("/works", self)

    def __call__(self, seen: Seen) -> Reply:
        self.queries.append(seen.query)
        start = 0 if seen.query["cursor"] == "*" else int(seen.query["cursor"])
        works = [wire.crossref_work(doi) for doi in self.dois[start : start + 2]]
        return Reply(body=wire.crossref(*works, total=self.total, cursor=str(start + 2)), headers=self.headers)


def test_a_list_is_read_to_its_end(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cursor by cursor, by registration day, and the whole is announced once."""
    works = Works(server, 5, monkeypatch)
    run = Run().fetch(source_at(server, mailto="ada@uni.example"), look_back=dt.timedelta(days=30))
    assert (run.error, len(run.ids), run.announced) == (None, 5, 5)
    assert [query["cursor"] for query in works.queries] == ["*", "2", "4"]
    assert works.queries[0]["query.bibliographic"] == "coral reefs"
    assert works.queries[0]["filter"].startswith("from-created-date:2026-07-21,type:journal-article,")
    assert works.queries[0]["mailto"] == "ada@uni.example"


def test_the_next_reading_begins_a_day_before_the_last(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day moves on with the last page; a new query looks back on its own."""
    works = Works(server, 1, monkeypatch)
    run = Run().fetch(source_at(server), look_back=dt.timedelta(days=30))
    run.fetch(source_at(server, journals=["1932-6203"], queries=["coral reefs"]))
    days = [query["filter"].partition(",")[0] for query in works.queries]
    assert days == [f"from-created-date:2026-{day}" for day in ("07-21", "08-19", "08-13")]
    assert works.queries[-1]["filter"].endswith(",issn:1932-6203")


def test_a_list_that_is_too_short_is_read_again(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came is kept; the day stays where it was until all of it came."""
    works = Works(server, 3, monkeypatch)
    works.total = 9
    run = Run().fetch(source_at(server))
    assert "gave 3 of 9 papers" in str(run.error)
    assert (len(run.ids), run.cursor) == (3, {})


def test_stated_limits_are_kept(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five requests in ten seconds mean two seconds between two."""
    works = Works(server, 6, monkeypatch)
    works.headers = {"X-Rate-Limit-Limit": "5", "X-Rate-Limit-Interval": "10s"}
    run = Run().fetch(source_at(server))
    starts = [start for _, start in run.ledger.given]
    assert starts[2] - starts[1] >= dt.timedelta(seconds=2)


@pytest.mark.parametrize(
    ("limit", "interval", "pace_s"),
    [("50", "1s", 0.02), ("0", "1s", 0.0), ("x", "1s", 0.0), ("1", "99999s", 60.0), ("1", "", 0.0)],
)
def test_limits_are_believed_within_reason(limit: str, interval: str, pace_s: float) -> None:
    """Nonsense in a header neither stops nor crashes the reading."""
    assert stated_pace_s({"x-rate-limit-limit": limit, "x-rate-limit-interval": interval}) == pace_s


@pytest.mark.parametrize("cursor", [{"done": []}, {"done": {"coral reefs": 7}}, {"done": {"coral reefs": "soon"}}])
def test_a_cursor_of_garbage_counts_as_none(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, cursor: dict[str, object]
) -> None:
    """Whatever stands in the store, the reading begins."""
    Works(server, 1, monkeypatch)
    assert Run(cursor=cursor).fetch(source_at(server)).error is None


@pytest.mark.parametrize("options", [{}, {"journals": ["12345678"]}])
def test_a_wish_is_needed(options: dict[str, object]) -> None:
    """All of Crossref is too much for a mail, and an ISSN has its shape."""
    with pytest.raises(ValidationError):
        CrossrefConfig.model_validate(options)
