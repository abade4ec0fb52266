"""arXiv over OAI-PMH: what its records say, and lists that are resumed, interrupted, expired and cut off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import pytest

from digest.errors import SourceError, SourceRateLimited
from digest.model import Entry
from digest.settings.providers import ArxivOaiConfig
from digest.sources import arxiv_oai
from digest.sources.arxiv_harvest import ArxivOaiSource, set_of
from digest.sources.arxiv_oai import parse, parse_page
from digest.sources.contract.memory import START
from digest.sources.contract.running import Run
from digest.sources.contract.server import HttpServer, Reply, Seen
from tests.support import wire


def only(data: bytes) -> Entry:
    (entry,) = parse(data, now=START).entries
    return entry


# ── records ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_form_arxiv_is_read_in_full() -> None:
    """Names are put together, every DOI counts, and the key is that of the feeds."""
    entry = only(wire.oai(wire.oai_record()))
    assert (entry.source, entry.key) == ("arxiv-oai", "oai:arXiv.org:2608.00001")
    assert [str(one) for one in entry.identifiers] == ["arxiv:2608.00001", "doi:10.1234/x.1", "doi:10.1234/x.2"]
    assert entry.authors == ("Ada Lovelace Jr.", "CMS Collaboration")
    assert (entry.categories, entry.abstract, entry.comment) == (("cs.LG", "cs.CL"), "We measure it.", "12 pages")
    assert entry.published_at == dt.datetime(2026, 8, 18, tzinfo=dt.UTC)
    assert entry.announced_at is None  # a datestamp is the day of a change, which need not be news


def version(number: int, size: str = "12kb", kind: str = "D") -> str:
    date = f"<date>Mon, {number} Jun 2026 10:00:00 GMT</date>"
    return f'<version version="v{number}">{date}<size>{size}</size><source_type>{kind}</source_type></version>'


def test_the_form_arxiv_raw_tells_the_version() -> None:
    """The highest version is the version, the first one's date the date, in whatever order they stand."""
    entry = only(wire.oai(wire.oai_raw("2606.00001", version(10) + version(1) + version(9))))
    assert (entry.version, entry.published_at, entry.withdrawn) == (
        10,
        dt.datetime(2026, 6, 1, 10, tzinfo=dt.UTC),
        False,
    )
    assert entry.authors == ("Ada Lovelace", "Wei Li", "Jo Ng")


def test_a_last_version_without_source_is_a_withdrawal() -> None:
    """arXiv withdraws a paper by a version of 0 kB of type I; the comment need not say so."""
    assert only(wire.oai(wire.oai_raw("2606.00001", version(1) + version(2, "0kb", "I")))).withdrawn
    assert not only(wire.oai(wire.oai_raw("2606.00001", version(1, "0kb", "I") + version(2)))).withdrawn


def test_dublin_core_is_read_in_full() -> None:
    """Subjects become categories, the comment is told from the abstract, the journal from the other names."""
    entry = only(wire.oai(wire.oai_dublin_core("2608.00001")))
    assert (entry.categories, entry.abstract, entry.comment) == (("cs.LG", "math.CO"), "It is.", "3 pages")
    assert (entry.journal_ref, str(entry.identifiers[1])) == ("J. Core 1 (2026)", "doi:10.1234/core")
    assert entry.published_at == dt.datetime(2026, 8, 1, tzinfo=dt.UTC)


def test_sets_stand_in_for_missing_categories() -> None:
    """The header's sets name the categories where the metadata does not."""
    sets = "".join(f"<setSpec>{one}</setSpec>" for one in ("cs:cs:AI", "physics:hep-th", "physics:astro-ph:GA", "math"))
    record = wire.oai_record().replace("<categories>cs.LG cs.CL</categories>", "")
    assert only(wire.oai(record.replace("<setSpec>cs:cs:LG</setSpec>", sets))).categories == (
        "cs.AI",
        "hep-th",
        "astro-ph.GA",
        "math",
    )


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (wire.oai_deleted("x"), "deleted: the provider took this record back, and its name is no arXiv id"),
        ("<record><header><identifier>oai:arXiv.org:1</identifier></header></record>", "no metadata"),
        (wire.oai_record("x").replace("oai:arXiv.org:x", "oai:elsewhere:7"), "no arXiv id"),
        ("<record><metadata><marc/></metadata></record>", "metadata in the form 'marc', which is not known here"),
    ],
)
def test_what_is_no_paper_is_refused_by_name(record: str, reason: str) -> None:
    """Deleted records, empty ones, other archives' and other forms: each has its own reason."""
    batch = parse(wire.oai(record, wire.oai_record("2608.00002")), now=START)
    assert (batch.read, batch.announced, batch.rejected[0].reason) == (1, 2, reason)


def test_a_deleted_record_is_a_withdrawal() -> None:
    """It counts as read, names the paper in every spelling of the id, and is told once."""
    gone = [wire.oai_deleted("2608.00001"), wire.oai_deleted("cs/0503050"), wire.oai_deleted("2608.00001")]
    batch = parse(wire.oai(*gone, wire.oai_record("2608.00002")), now=START)
    assert [str(one.identifier) for one in batch.withdrawn] == ["arxiv:2608.00001", "arxiv:cs/0503050"]
    assert {one.source for one in batch.withdrawn} == {"arxiv-oai"}
    assert batch.announced == 4 == batch.read + len(batch.rejected)
    assert [one.reason for one in batch.rejected] == ["listed twice: joined with the other"]


def test_a_bare_record_is_read() -> None:
    """Archives keep records without the answer that they came in."""
    assert only(wire.oai_record().encode()).title == "Harvested"


def test_names_alone_are_no_papers() -> None:
    """ListIdentifiers is read and refused, header by header."""
    headers = '<header><identifier>a</identifier></header><header status="deleted"><identifier>b</identifier></header>'
    data = f"<OAI-PMH><ListIdentifiers>{headers}</ListIdentifiers></OAI-PMH>"
    batch = parse(data.encode(), now=START)
    assert (batch.announced, [one.id for one in batch.rejected]) == (2, ["a", "b"])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (wire.oai_error("badArgument", "no such set"), "said: badArgument \\(no such set\\)"),
        (b"<OAI-PMH><ListSets><set/></ListSets></OAI-PMH>", "answered ListSets, which brings no papers"),
        (b"broken xml", "sent something that is not an OAI-PMH answer"),
        (b"<OAI-PMH><ListRecords", "broken before its first item"),
    ],
)
def test_an_answer_without_papers_is_an_error(data: bytes, said: str) -> None:
    """The protocol's errors and other verbs are told in a line."""
    with pytest.raises(SourceError, match=said):
        parse(data, now=START)


def test_an_empty_list_is_no_error() -> None:
    """noRecordsMatch is how OAI-PMH says: nothing changed."""
    assert (parse(wire.oai_error("noRecordsMatch"), now=START).announced) == 0


def test_the_end_of_a_list_has_no_token() -> None:
    """An empty resumptionToken ends a list (protocol, section 3.5); its size is that of all parts."""
    last = parse_page(wire.oai(wire.oai_record(), token="", total=1440))
    assert (last.token, last.total) == (None, 1440)
    assert parse_page(wire.oai(token="a|b")).token == "a|b"


# ── lists ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def source_at(server: HttpServer, **options: object) -> ArxivOaiSource:
    config = ArxivOaiConfig.model_validate({"url": f"{server.url}/oai", "pace": "0s", **options})
    return ArxivOaiSource(config, first_look_back=dt.timedelta(days=7))


class Archive:
    """OAI-PMH over some papers, two to a part; may refuse tokens or fail at one."""

    def __init__(self, server: HttpServer, papers: int, *, told: bool = False) -> None:
        self.ids = [f"2608.{number:05}" for number in range(1, papers + 1)]
        self.queries: list[Mapping[str, str]] = []
        self.expired = False
        self.fail_at: Reply | None = None
        self.told = told
        self.tells: int | None = None
        """What it says that there are, when that is not true."""
        server.answer("/oai", self)

    def __call__(self, seen: Seen) -> Reply:
        self.queries.append(seen.query)
        token = seen.query.get("resumptionToken", "0")
        if self.fail_at and token != "0":
            return self.fail_at
        if self.expired and token != "0":
            return Reply(body=wire.oai_error("badResumptionToken", "expired"))
        start = int(token)
        more = start + 2 < len(self.ids)
        records = [wire.oai_record(one) for one in self.ids[start : start + 2]]
        total = (self.tells or len(self.ids)) if self.told else None
        return Reply(body=wire.oai(*records, token=str(start + 2) if more else "", total=total))


def test_a_list_is_read_to_its_end(server: HttpServer) -> None:
    """The first request has a day, a set and no end; the others have nothing but the token."""
    archive = Archive(server, 5)
    run = Run().fetch(source_at(server), "cs.LG")
    assert (run.error, len(run.ids), run.announced) == (None, 5, 5)
    assert archive.queries[0] == {
        "verb": "ListRecords",
        "metadataPrefix": "arXiv",
        "from": "2026-08-13",
        "set": "cs:cs:LG",
    }
    assert archive.queries[1] == {"verb": "ListRecords", "resumptionToken": "2"}


def test_a_told_size_is_announced_once(server: HttpServer) -> None:
    """Where the provider tells the size of the whole list, that is what must come."""
    archive = Archive(server, 5, told=True)
    assert Run().fetch(source_at(server), "cs.LG").announced == 5
    archive.fail_at = Reply(body=wire.oai())
    run = Run().fetch(source_at(server), "cs.LG")
    assert (run.announced, len(run.ids)) == (5, 2)  # which the pipeline reports as incomplete


def test_a_list_that_stays_short_is_read_anew(server: HttpServer) -> None:
    """Three of five told papers are incomplete: what came is kept, and the day does not move on."""
    archive = Archive(server, 3, told=True)
    archive.tells = 5
    run = Run().fetch(source_at(server), "cs.LG")
    assert "gave 3 of 5 papers; its list is read again next time" in str(run.error)
    assert len(run.ids) == 3
    archive.tells = None
    archive.queries.clear()
    assert run.fetch(source_at(server), "cs.LG").error is None
    assert archive.queries[0]["from"] == "2026-08-13"


def test_what_an_interrupted_list_still_owes_is_announced(server: HttpServer) -> None:
    """The run that goes on announces the rest, so that its numbers add up."""
    Archive(server, 5, told=True)
    run = Run().fetch(source_at(server), "cs.LG", crash_after=1)
    assert run.announced == 5
    run.fetch(source_at(server), "cs.LG")
    assert (run.error, run.announced, len(run.ids)) == (None, 3, 3)


def test_the_next_harvest_begins_a_day_before_the_last(server: HttpServer) -> None:
    """Datestamps are days, so the day of the last harvest is read again; a first run looks back."""
    archive = Archive(server, 1)
    run = Run().fetch(source_at(server), "cs.LG", look_back=dt.timedelta(days=30))
    run.fetch(source_at(server), "cs.LG", "math")
    assert [(query["set"], query["from"]) for query in archive.queries] == [
        ("cs:cs:LG", "2026-07-21"),
        ("cs:cs:LG", "2026-08-19"),
        ("math:math", "2026-08-13"),
    ]


def test_an_interrupted_list_goes_on_at_its_token(server: HttpServer) -> None:
    """After a crash the unfinished category comes first and nothing that was stored is asked for again."""
    archive = Archive(server, 5)
    run = Run().fetch(source_at(server), "cs.CL", "cs.LG", crash_after=4)  # one part into cs.LG
    archive.queries.clear()
    run.fetch(source_at(server), "cs.CL", "cs.LG")
    assert archive.queries[0] == {"verb": "ListRecords", "resumptionToken": "2"}
    assert [query.get("set") for query in archive.queries if "set" in query] == ["cs:cs:CL"]


def test_an_expired_token_begins_the_list_anew(server: HttpServer) -> None:
    """Tokens live for a day: the list is read again from its first day, once."""
    archive = Archive(server, 3)
    run = Run().fetch(source_at(server), "cs.LG", crash_after=1)
    archive.expired = True
    run.fetch(source_at(server), "cs.LG")
    assert [query.get("resumptionToken") for query in archive.queries] == [None, "2", None, "2"]
    assert "badResumptionToken" in str(run.error)


def test_a_part_that_breaks_off_is_asked_for_again(server: HttpServer) -> None:
    """What came is kept, the break is told, and the cursor stays before the part."""
    archive = Archive(server, 4)
    whole = wire.oai(wire.oai_record("2608.00003"), wire.oai_record("2608.00004"))
    archive.fail_at = Reply(body=whole[: whole.rindex(b"</record>")])
    run = Run().fetch(source_at(server), "cs.LG")
    assert run.ids == ["2608.00001", "2608.00002", "2608.00003"]
    assert "broke off" in str(run.error)
    archive.fail_at = None
    assert run.fetch(source_at(server), "cs.LG").ids == ["2608.00003", "2608.00004"]


def test_retry_after_is_waited_out(server: HttpServer) -> None:
    """503 with Retry-After is how OAI-PMH keeps harvesters at bay: short waits pass, long ones end the run."""
    server.serve("/oai", Reply(status=503, headers={"Retry-After": "20"}), Reply(body=wire.oai(wire.oai_record())))
    run = Run().fetch(source_at(server), "cs.LG")
    assert (run.error, len(run.ids), sum(run.clock.slept) >= 20) == (None, 1, True)
    server.serve("/oai", Reply(status=503, headers={"Retry-After": "900"}))
    run = Run().fetch(source_at(server), "cs.LG", "cs.CL")
    assert isinstance(run.error, SourceRateLimited)
    assert str(run.error).endswith("(cs.LG, cs.CL)")


def test_a_list_that_goes_round_in_circles_ends(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that leads to itself is noticed at once; longer ways round cost a bounded number of requests."""
    server.serve("/oai", Reply(body=wire.oai(wire.oai_record(), token="again")))
    run = Run().fetch(source_at(server), "cs.LG")
    assert (len(server.requests), "the same part of its list twice" in str(run.error)) == (2, True)
    monkeypatch.setattr("digest.sources.arxiv_harvest.MOST_PARTS", 5)
    server.answer("/oai", lambda seen: Reply(body=wire.oai(wire.oai_record(), token=str(len(server.requests)))))
    run = Run().fetch(source_at(server), "cs.LG")
    assert (len(server.requests), "a list without an end" in str(run.error)) == (7, True)


@pytest.mark.parametrize("cursor", [{"done": 3}, {"done": {"cs.LG": "x"}, "token": ["?"]}, {"begun": None}])
def test_a_cursor_of_garbage_counts_as_none(server: HttpServer, cursor: dict[str, object]) -> None:
    """Whatever stands in the store, the harvest begins."""
    Archive(server, 1)
    assert Run(cursor=cursor).fetch(source_at(server), "cs.LG").error is None


def test_sets_follow_arxivs_groups() -> None:
    """Physics is a group of archives; other archives are their own group."""
    names = [set_of(one) for one in ("cs.AI", "hep-th", "astro-ph.GA", "physics.optics", "math", "astro-ph")]
    assert names == ["cs:cs:AI", "physics:hep-th", "physics:astro-ph:GA", "physics:physics:optics", "math:math",
                     "physics:astro-ph"]  # fmt: skip


def test_the_source_shares_arxivs_pace(server: HttpServer) -> None:
    """One request per 3 s over RSS, API and OAI together: they share one key of the ledger."""
    run = Run()
    Archive(server, 3)
    run.fetch(source_at(server, pace="3s"), "cs.LG")
    assert [key for key, _ in run.ledger.given] == ["arxiv", "arxiv"]
    assert source_at(server).name == arxiv_oai.SOURCE
