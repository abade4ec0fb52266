"""OpenAlex: what its works say, and lists that are paged by cursor and need a key."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from digest.checkup import examine
from digest.config import SourcesConfig
from digest.errors import SourceError
from digest.model import Entry
from digest.settings.providers import OpenAlexConfig
from digest.sources.contract.memory import START
from digest.sources.contract.running import Run
from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.sources.openalex import from_inverted_index, parse
from digest.sources.openalex_works import OpenAlexSource
from digest.sources.registry import build_sources
from tests.support import wire


def only(**more: object) -> Entry:
    (entry,) = parse(wire.openalex(wire.openalex_work(**more)), now=START).entries  # type: ignore[arg-type]
    return entry


def test_a_work_is_read_in_full() -> None:
    """The abstract is put together, names and places are those of OpenAlex's own records."""
    entry = only()
    assert [str(one) for one in entry.identifiers] == ["doi:10.1234/o.1", "openalex:W1112341"]
    assert (entry.key, entry.abstract, entry.authors) == ("W1112341", "We index and We it.", ("Ada Lovelace",))
    assert (entry.journal_ref, entry.announced_at) == ("Journal of Indexes", dt.datetime(2026, 8, 19, tzinfo=dt.UTC))
    assert [(one.signal.value, one.value) for one in entry.readings] == [("openalex.citations", 3.0)]


def test_a_copy_at_arxiv_is_a_name() -> None:
    """A journal's article that can be read at arXiv is the same paper as the preprint."""
    places = [{"landing_page_url": "https://j.example/1"}, {"landing_page_url": "http://arxiv.org/abs/2608.00001"}]
    assert "arxiv:2608.00001" in [str(one) for one in only(locations=places).identifiers]


def test_retracted_works_are_withdrawn_and_paratext_is_refused() -> None:
    """Tables of contents and reviews are works there, too."""
    assert only(is_retracted=True).withdrawn
    batch = parse(wire.openalex(wire.openalex_work(type="paratext")), now=START)
    assert batch.rejected[0].reason == "of the type paratext, not a paper"


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (None, ""),
        ([], ""),
        ({"b": [1], "a": [0]}, "a b"),
        ({"gap": [9], "a": [0]}, "a gap"),
        ({"x": [10**12, -1, True, "3", None]}, "x"),
        ({"a": [0], "b": [0]}, "a"),
        ({"a": 0}, ""),
    ],
)
def test_an_inverted_index_of_any_kind_is_read(index: object, text: str) -> None:
    """Gaps close; positions that cannot be are passed over (True is position 1 in JSON's mind, and harmless)."""
    assert from_inverted_index(index) == text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"error":"Invalid query parameters error.","message":"x"}', "OpenAlex said: Invalid query"),
        (b"{}", "no work and no list"),
        (b"<html>", "not JSON"),
    ],
)
def test_what_brings_no_works_is_an_error(data: bytes, said: str) -> None:
    """Errors are told in a line."""
    with pytest.raises(SourceError, match=said):
        parse(data, now=START)


def test_one_work_alone_is_read() -> None:
    """``/works/W…`` answers without a list."""
    assert parse(json.dumps(wire.openalex_work()).encode(), now=START).read == 1


# ── lists ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def source_at(server: HttpServer, **options: object) -> OpenAlexSource:
    settings = {"url": server.url, "pace": "0s", "key": "secret", "queries": ["coral"], **options}
    return OpenAlexSource(OpenAlexConfig.model_validate(settings))


class Works:
    """OpenAlex over a number of works, two to a page; the page after the last one is empty, as there."""

    def __init__(self, server: HttpServer, works: int) -> None:
        self.dois = [f"10.1/{number}" for number in range(works)]
        self.total = works
        self.queries: list[Mapping[str, str]] = []
        server.answer("/works", self)

    def __call__(self, seen: Seen) -> Reply:
        self.queries.append(seen.query)
        start = 0 if seen.query["cursor"] == "*" else int(seen.query["cursor"])
        works = [wire.openalex_work(doi) for doi in self.dois[start : start + 2]]
        return Reply(body=wire.openalex(*works, total=self.total, cursor=str(start + 2) if works else None))


def test_lists_are_read_to_their_end(server: HttpServer) -> None:
    """Queries and filters, each from a week before its day, with the key, announced once."""
    works = Works(server, 3)
    run = Run().fetch(source_at(server, filters=["type:article"]), look_back=dt.timedelta(days=3))
    assert (run.error, len(run.ids), run.announced) == (None, 6, 6)
    first, *_, last = works.queries
    assert (first["search"], first["filter"]) == (
        "coral",
        "from_publication_date:2026-08-10,to_publication_date:2026-08-20",
    )
    assert ("search" in last, last["filter"].endswith(",type:article")) == (False, True)
    assert {query["api_key"] for query in works.queries} == {"secret"}
    assert run.cursor == {"done": {"coral": "2026-08-20", "filter type:article": "2026-08-20"}}


def test_a_list_that_is_too_short_is_read_again(server: HttpServer) -> None:
    """The count must match, or the day stays."""
    Works(server, 3).total = 4
    run = Run().fetch(source_at(server))
    assert ("gave 3 of 4 papers" in str(run.error), run.cursor) == (True, {})


def test_an_error_does_not_show_the_key(server: HttpServer) -> None:
    """The key is in the address, so no message may hold the address."""
    server.serve("/works", Reply(status=403, body=b'{"error":"Unauthorized"}'))
    assert str(Run().fetch(source_at(server)).error) == "OpenAlex said: Unauthorized (coral)"
    server.serve("/works", Reply(status=500))
    assert "secret" not in str(Run().fetch(source_at(server)).error)


def test_without_a_key_the_source_is_off_and_check_says_so(tmp_path: Path) -> None:
    """A source that cannot work is no error, and no silence either."""
    sources = SourcesConfig(arxiv=None, huggingface=None, openalex=OpenAlexConfig(queries=("coral",)))
    assert build_sources(sources) == ()
    (tmp_path / "subscribers").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text("sources:\n  openalex: {queries: coral}\n")
    found = examine(path, env={}, now=START, check_templates=lambda config: None)
    assert any(
        "sources.openalex: is off: it needs a key; key: {env: OPENALEX_API_KEY}" in str(one) for one in found.hints
    )
