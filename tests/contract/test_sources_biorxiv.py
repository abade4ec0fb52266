"""bioRxiv and medRxiv (provisional: no recordings): versions, published articles, and pages of uneven size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from digest.config import SourcesConfig
from digest.errors import SourceError
from digest.model import AnnounceType, Entry
from digest.settings.providers import BiorxivConfig
from digest.sources.biorxiv import parse
from digest.sources.biorxiv_details import BiorxivSource
from digest.sources.contract.memory import START
from digest.sources.contract.running import Run
from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.sources.registry import build_sources
from tests.support import wire


def only(*items: object) -> Entry:
    (entry,) = parse(wire.biorxiv(*items), now=START).entries
    return entry


def test_a_preprint_is_read_in_full() -> None:
    """Names, category and day as the API tells them."""
    entry = only(wire.biorxiv_item())
    assert (entry.source, entry.key) == ("biorxiv", "10.1101/2026.08.18.000001")
    assert (entry.authors, entry.categories) == (("Lovelace, A.", "Babbage, C. J."), ("biorxiv/cell biology",))
    assert (entry.announced_at, entry.announce_type) == (dt.datetime(2026, 8, 19, tzinfo=dt.UTC), AnnounceType.NEW)


def test_medrxiv_is_a_source_of_its_own() -> None:
    """The server is told per item."""
    entry = only(wire.biorxiv_item(server="medRxiv"))
    assert (entry.source, entry.categories) == ("medrxiv", ("medrxiv/cell biology",))


def test_a_published_preprint_has_both_names() -> None:
    """The journal's DOI names the same paper; NA names nothing."""
    assert [one.value for one in only(wire.biorxiv_item(published="10.1038/s1")).identifiers][1:] == ["10.1038/s1"]
    assert len(only(wire.biorxiv_item()).identifiers) == 1


def test_a_later_version_alone_is_no_news() -> None:
    """Version 2 of a preprint that was news before must not be sent as new."""
    assert only(wire.biorxiv_item(version="2")).announce_type is AnnounceType.REPLACE


def test_two_versions_on_one_page_are_news_with_the_text_of_the_later() -> None:
    """Whatever their order, the preprint is new, its day the first one's, its title the last one's."""
    first = wire.biorxiv_item(date="2026-08-17")
    second = wire.biorxiv_item(version="2", title="Grown better")
    for items in ([first, second], [second, first]):
        entry = only(*items)
        assert (entry.title, entry.version, entry.announce_type) == ("Grown better", 2, AnnounceType.NEW)
        assert entry.announced_at == dt.datetime(2026, 8, 17, tzinfo=dt.UTC)


def test_a_withdrawn_preprint_is_withdrawn() -> None:
    """The servers say it in the title or at the beginning of the abstract."""
    assert only(wire.biorxiv_item(title="WITHDRAWN: Grown")).withdrawn
    assert only(wire.biorxiv_item(abstract="This manuscript has been withdrawn by the authors.")).withdrawn


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"messages":[{"status":"Error: invalid interval"}],"collection":[]}', "said: Error: invalid interval"),
        (b"{}", "no list of preprints"),
        (b"<html>", "not JSON"),
    ],
)
def test_what_brings_no_preprints_is_an_error(data: bytes, said: str) -> None:
    """Errors are told in a line; an empty span of days is none."""
    with pytest.raises(SourceError, match=said):
        parse(data, now=START)
    assert parse(b'{"messages":[{"status":"no posts found"}],"collection":[]}', now=START).announced == 0


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def source_at(server: HttpServer, name: str = "biorxiv") -> BiorxivSource:
    return BiorxivSource(name, BiorxivConfig.model_validate({"url": server.url, "pace": "0s"}))


def serve(server: HttpServer, sizes: list[int], *, total: object, name: str = "biorxiv") -> None:
    """Pages of these sizes; a page anywhere else than where the last one ended is not there."""
    start = 0
    for size in [*sizes, 0]:
        items = [wire.biorxiv_item(f"10.1101/{start + at}", server="") for at in range(size)]
        server.serve(
            f"/details/{name}/2026-08-13/2026-08-20/{start}/json", Reply(body=wire.biorxiv(*items, total=total))
        )
        start += size


@pytest.mark.parametrize("total", ["7", 7, None, "?"])
def test_the_cursor_moves_on_by_what_came(server: HttpServer, total: object) -> None:
    """Pages of 100, at times of 30, are read to the end, whether or not the count is told."""
    serve(server, [4, 1, 2], total="?" if total is None else total)
    run = Run().fetch(source_at(server))
    assert (run.error, len(run.ids), run.announced) == (None, 7, 7)
    assert run.cursor == {"done": {"biorxiv": "2026-08-20"}}


def test_a_list_that_is_too_short_is_read_again(server: HttpServer) -> None:
    """The count must match, or the day stays."""
    serve(server, [2], total=3)
    run = Run().fetch(source_at(server))
    assert ("gave 2 of 3 papers" in str(run.error), run.cursor) == (True, {})


def test_entries_carry_the_name_of_the_server_asked(server: HttpServer) -> None:
    """Also where items do not say it."""
    serve(server, [1], total=1, name="medrxiv")
    run = Run().fetch(source_at(server, "medrxiv"))
    assert [entry.source for page in run.pages for entry in page.batch.entries] == ["medrxiv"]


def test_a_list_that_never_ends_is_left(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the server answers, the number of requests is bounded."""
    monkeypatch.setattr("digest.sources.harvest.LONGEST", 3)

    def again(seen: Seen) -> Reply:
        return Reply(body=wire.biorxiv(wire.biorxiv_item(f"10.1101/{len(server.requests)}"), total=99))

    for start in range(9):
        server.answer(f"/details/biorxiv/2026-08-13/2026-08-20/{start}/json", again)
    run = Run().fetch(source_at(server))
    assert (len(server.requests), "a list without an end" in str(run.error), run.cursor) == (4, True, {})


def test_each_server_is_named_by_itself() -> None:
    """One may be read without the other."""
    sources = SourcesConfig(arxiv=None, huggingface=None, biorxiv=BiorxivConfig(), medrxiv=BiorxivConfig())
    assert [source.name for source in build_sources(sources)] == ["biorxiv", "medrxiv"]
