"""PubMed: what its articles say, and queries that are searched, fetched in portions, cut into spans and refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from digest.config import load_config
from digest.errors import ConfigError, SourceError
from digest.model import Entry
from digest.settings.providers import PubmedConfig
from digest.sources import pubmed_search
from digest.sources.contract.memory import START
from digest.sources.contract.running import Run
from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.sources.pubmed import parse
from digest.sources.pubmed_search import PubmedSource, parse_search
from tests.support import wire


def only(data: bytes) -> Entry:
    (entry,) = parse(data, now=START).entries
    return entry


# ── articles ────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_article_is_read_in_full() -> None:
    """Its own names and not its references', its authors and not their misspellings, the day it came in."""
    entry = only(wire.pubmed(wire.pubmed_article(pmid=123)))
    assert [str(one) for one in entry.identifiers] == ["pmid:123", "doi:10.1234/p.1", "pmcid:PMC77"]
    assert (entry.authors, entry.journal_ref) == (("Ada Lovelace Jr", "The Team"), "Journal of Trials")
    assert (entry.abstract, entry.key) == ("We treat it.", "123")
    assert entry.published_at == dt.datetime(2026, 8, 18, tzinfo=dt.UTC)
    assert entry.announced_at == dt.datetime(2026, 8, 19, tzinfo=dt.UTC)


def test_a_structured_abstract_keeps_its_labels() -> None:
    """Labels begin their part; those that say nothing go."""
    parts = [("BACKGROUND", "Known."), ("PURPOSE OF REVIEW", "Why."), ("UNLABELLED", "So.")]
    abstract = "".join(f'<AbstractText Label="{label}">{text}</AbstractText>' for label, text in parts)
    entry = only(wire.pubmed(wire.pubmed_article(abstract=f"{abstract}<CopyrightInformation>©</CopyrightInformation>")))
    assert entry.abstract == "Background: Known. Purpose of review: Why. So."


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("It works.", "It works"),
        ("[It works].", "It works"),
        ("Does it?", "Does it?"),
        ("And so on...", "And so on..."),
    ],
)
def test_titles_lose_what_pubmed_adds(written: str, title: str) -> None:
    """The full stop and the brackets of a translation are PubMed's, not the paper's."""
    assert only(wire.pubmed(wire.pubmed_article(title=written))).title == title


def test_an_untranslated_title_is_better_than_none() -> None:
    """``[Not Available].`` stands where only the original title is known."""
    article = wire.pubmed_article(title="[Not Available].").replace(
        "</Article>", "<VernacularTitle>Es geht.</VernacularTitle></Article>"
    )
    assert only(wire.pubmed(article)).title == "Es geht"


def test_a_preprint_s_article_has_both_names() -> None:
    """``UpdateOf`` names the preprint; a guideline's earlier edition, comments and errata are other papers."""
    notes = "".join(
        f'<Note RefType="{kind}"><RefSource>{source}</RefSource><PMID>{pmid}</PMID></Note>'
        for pmid, kind, source in (
            (11, "UpdateOf", "medRxiv. 2023 Mar 20"),
            (12, "UpdateOf", "Clin Infect Dis. 2022"),
            (13, "CommentOn", "bioRxiv. 2023"),
        )
    )
    more = f"<CommentsCorrectionsList>{notes}</CommentsCorrectionsList>"
    entry = only(wire.pubmed(wire.pubmed_article(pmid=123, more=more)))
    assert [str(one) for one in entry.identifiers if one.scheme == "pmid"] == ["pmid:123", "pmid:11"]


def test_a_retracted_article_is_withdrawn() -> None:
    """PubMed marks it among the types of publication."""
    kinds = (
        "<PublicationTypeList><PublicationType>Retracted Publication</PublicationType></PublicationTypeList></Article>"
    )
    assert only(wire.pubmed(wire.pubmed_article().replace("</Article>", kinds))).withdrawn


def test_a_book_is_read() -> None:
    """Books have another shape and the same names."""
    book = """<PubmedBookArticle><BookDocument><PMID>9</PMID><Book><BookTitle>GeneReviews</BookTitle>
      <PubDate><Year>2026</Year><Month>08</Month><Day>01</Day></PubDate></Book>
      <ArticleTitle>Ataxia</ArticleTitle><Abstract><AbstractText>It is.</AbstractText></Abstract>
      <AuthorList><Author><LastName>Bird</LastName><Initials>TD</Initials></Author></AuthorList></BookDocument>
      <PubmedBookData/></PubmedBookArticle>"""
    entry = only(wire.pubmed(book))
    assert (entry.title, entry.journal_ref, entry.authors) == ("Ataxia", "GeneReviews", ("TD Bird",))
    assert entry.published_at == dt.datetime(2026, 8, 1, tzinfo=dt.UTC)


def test_an_article_without_a_number_is_refused() -> None:
    """Nothing could be recognised again by its title alone."""
    batch = parse(wire.pubmed("<PubmedArticle/>", wire.pubmed_article()), now=START)
    assert (batch.read, [one.reason for one in batch.rejected]) == (1, ["no PMID"])


def test_an_error_of_efetch_is_told() -> None:
    """Errors come as XML, too."""
    with pytest.raises(SourceError, match="PubMed said: Empty id list"):
        parse(b"<eFetchResult><ERROR>Empty id list</ERROR></eFetchResult>", now=START)


# ── searches ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"error":"API key invalid"}', "PubMed said: API key invalid"),
        (b'{"esearchresult":{"ERROR":"Search Backend failed"}}', "Search Backend failed"),
        (b"{}", "without a count"),
        (b"<html>", "not JSON"),
    ],
)
def test_a_search_that_fails_is_told(data: bytes, said: str) -> None:
    """esearch's errors are told in a line."""
    with pytest.raises(SourceError, match=said):
        parse_search(data)


def test_ids_are_numbers() -> None:
    """What comes back goes into the next address, so only numbers do."""
    assert parse_search(wire.esearch("1", "2&x=y", "3")).ids == ("1", "3")


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def source_at(server: HttpServer, *queries: str, **options: object) -> PubmedSource:
    settings = {"url": server.url, "pace": "0s", "queries": list(queries) or ["ataxia"], **options}
    return PubmedSource(PubmedConfig.model_validate(settings))


class Entrez:
    """esearch and efetch over articles that came in on known days; the ones in ``lost`` are not given."""

    def __init__(self, server: HttpServer, days: Mapping[int, dt.date], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pubmed_search, "PER_FETCH", 2)
        monkeypatch.setattr(pubmed_search, "MOST_IDS", 4)
        self.days, self.lost = days, set[int]()
        self.searches: list[Mapping[str, str]] = []
        self.fetches: list[Mapping[str, str]] = []
        server.answer("/esearch.fcgi", self.search)
        server.answer("/efetch.fcgi", self.fetch)

    def search(self, seen: Seen) -> Reply:
        self.searches.append(seen.query)
        begin, end = (dt.date.fromisoformat(seen.query[at].replace("/", "-")) for at in ("mindate", "maxdate"))
        found = [str(pmid) for pmid, date in self.days.items() if begin <= date <= end]
        return Reply(body=wire.esearch(*found[: int(seen.query["retmax"])], count=len(found)))

    def fetch(self, seen: Seen) -> Reply:
        self.fetches.append(seen.query)
        wanted = [int(one) for one in seen.query["id"].split(",")]
        return Reply(
            body=wire.pubmed(*(wire.pubmed_article(f"10.1/{one}", pmid=one) for one in wanted if one not in self.lost))
        )


def days(count: int) -> dict[int, dt.date]:
    """So many articles, one a day, the last one today."""
    return {number: START.date() - dt.timedelta(days=count - number) for number in range(1, count + 1)}


def test_a_query_is_searched_and_fetched(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """By Entrez date, in portions, with the key on every request, and the whole is announced once."""
    entrez = Entrez(server, days(3), monkeypatch)
    run = Run().fetch(source_at(server, key="secret"), look_back=dt.timedelta(days=3))
    assert (run.error, run.ids, run.announced) == (None, ["1", "2", "3"], 3)
    assert entrez.searches[0]["datetype"] == "edat"
    assert (entrez.searches[0]["mindate"], entrez.searches[0]["maxdate"]) == ("2026/08/17", "2026/08/21")
    assert [query["id"] for query in entrez.fetches] == ["1,2", "3"]
    assert {query["api_key"] for query in [*entrez.searches, *entrez.fetches]} == {"secret"}


def test_a_list_beyond_the_limit_is_cut_into_spans(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """esearch gives 10,000 ids (here four), so more days than that are asked for in halves."""
    entrez = Entrez(server, days(11), monkeypatch)
    run = Run().fetch(source_at(server), look_back=dt.timedelta(days=30))
    assert (run.error, len(set(run.ids)), run.announced) == (None, 11, 11)
    assert len(entrez.searches) > 2


def test_articles_that_do_not_come_are_asked_for_again(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """efetch leaves out what it does not find just now: the day stays until all came."""
    entrez = Entrez(server, days(3), monkeypatch)
    entrez.lost = {2}
    run = Run().fetch(source_at(server))
    assert ("gave 2 of 3 papers" in str(run.error), run.cursor) == (True, {})
    entrez.lost = set()
    assert (run.fetch(source_at(server)).error, run.cursor) == (None, {"done": {"ataxia": "2026-08-20"}})


def test_one_query_failing_does_not_stop_the_others(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each query is a list of its own; those that fail are named."""
    entrez = Entrez(server, days(1), monkeypatch)
    server.answer(
        "/esearch.fcgi",
        lambda seen: Reply(body=b'{"error":"no"}') if seen.query["term"] == "bad" else entrez.search(seen),
    )
    run = Run().fetch(source_at(server, "bad", "good"))
    assert (run.ids, str(run.error)) == (["1"], "PubMed said: no (bad)")


def test_nothing_new_is_no_error(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty search moves the day on."""
    Entrez(server, {}, monkeypatch)
    run = Run().fetch(source_at(server))
    assert (run.error, run.announced, run.cursor) == (None, 0, {"done": {"ataxia": "2026-08-20"}})


def test_the_key_is_read_from_the_environment_and_never_shown(tmp_path: Path) -> None:
    """A key in the file is refused; a named one is taken, and no printout of the settings holds it."""
    path = tmp_path / "config.yaml"
    path.write_text("sources:\n  pubmed: {queries: ataxia, key: {env: NCBI}}\n")
    config = load_config(path, env={"NCBI": "s3cret"})
    assert config.sources.pubmed is not None
    assert (config.sources.pubmed.key, "s3cret" in repr(config)) == ("s3cret", False)
    path.write_text("sources:\n  pubmed: {queries: ataxia, key: s3cret}\n")
    with pytest.raises(ConfigError, match="secrets are not kept in this file"):
        load_config(path, env={})
    path.write_text("sources:\n  pubmed: true\n")
    with pytest.raises(ConfigError, match="needs queries"):
        load_config(path, env={})
