"""The bundled demo: its papers are sound, its abstracts our own, and the real parsers read its answers."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from digest.demo.sample import NOW, PRESS_DAY, RSS_CATEGORIES, Sample, load_sample
from digest.demo.wire import arxiv_api, arxiv_rss, hf_daily
from digest.model import AnnounceType, Signal
from digest.sources import arxiv_atom
from digest.sources import arxiv_rss as rss_parser
from digest.sources import hf_daily as hf_parser

DATA = Path(os.environ.get("DIGEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
WEEK_AGO = PRESS_DAY - dt.timedelta(days=7)
BUDGET_BYTES = 300_000


@pytest.fixture(scope="module")
def sample() -> Sample:
    return load_sample()


# ── papers and votes ────────────────────────────────────────────────────────────────────────────────────────


def test_sample_is_rich_and_small(sample: Sample) -> None:
    """At least sixty papers with unique arXiv ids in order, both voted and unvoted, in less than 300 kB."""
    ids = [paper.id for paper in sample.papers]
    assert len(ids) >= 60
    assert ids == sorted(set(ids))
    assert sum(paper.listing is not None for paper in sample.papers) >= 40
    assert sum(paper.listing is None for paper in sample.papers) >= 24
    folder = Path(__file__).parents[2] / "digest" / "demo"
    assert (
        sum(path.stat().st_size for path in folder.rglob("*") if path.suffix in {".json", ".csv", ".md"}) < BUDGET_BYTES
    )


def test_abstracts_are_of_a_readable_length(sample: Sample) -> None:
    """Every abstract has between 60 and 140 words in several sentences and ends one."""
    for paper in sample.papers:
        assert 60 <= len(paper.abstract.split()) <= 140, paper.id
        assert len(re.findall(r"[.?!](?= |$)", paper.abstract)) >= 3, paper.id
        assert paper.abstract.endswith("."), paper.id


def test_dates_are_possible(sample: Sample) -> None:
    """A paper is submitted, then announced on a working day, then listed; ids carry the month of submission."""
    for paper in sample.papers:
        assert paper.published_on < paper.announced_on <= PRESS_DAY, paper.id
        assert paper.announced_on.weekday() < 5, paper.id
        assert paper.id.startswith("2605."), paper.id
        if paper.listing:
            assert paper.published_on <= paper.listing.listed_on <= PRESS_DAY, paper.id
        if paper.replaced:
            assert paper.replaced.version > paper.version, paper.id


def test_votes_only_grow(sample: Sample) -> None:
    """Readings belong to listed papers, come in order of time, never fall, and end before the demo's moment."""
    assert sample.votes.keys() == {paper.id for paper in sample.papers if paper.listing}
    for id_, readings in sample.votes.items():
        for earlier, later in pairwise(readings):
            assert earlier.observed_at < later.observed_at, id_
            assert earlier.value <= later.value, id_
        assert readings[-1].observed_at <= NOW, id_
    assert sum(readings[-1].value >= 3 * max(1, readings[0].value) for readings in sample.votes.values()) >= 5


def test_abstracts_are_not_the_authors_text(sample: Sample) -> None:
    """No abstract shares more than five words in a row with the one it retells."""
    zstandard = pytest.importorskip("zstandard")
    originals: dict[str, list[str]] = {}
    for name, key in (
        ("arxiv_announced/papers/2026-05.jsonl.zst", "abstract"),
        ("hf_daily_papers/papers.jsonl.zst", "summary"),
        ("hf_daily_papers/papers_rss_only.jsonl.zst", "summary"),
    ):
        if not (DATA / name).exists():
            pytest.skip(f"no {name} under {DATA}")
        wanted = {paper.id for paper in sample.papers}
        with (DATA / name).open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
            # Most lines are other papers: look at the id before decoding all of them.
            for line in io.TextIOWrapper(stream, encoding="utf-8"):
                found = re.search(r'"id": ?"([^"]+)"', line)
                if found and found[1] in wanted:
                    originals.setdefault(found[1], []).append(json.loads(line)[key])
    assert originals.keys() == {paper.id for paper in sample.papers}
    for paper in sample.papers:
        for original in originals[paper.id]:
            assert not _runs(paper.abstract) & _runs(original), paper.id


def _runs(text: str, length: int = 6) -> set[tuple[str, ...]]:
    words = [word.strip(".,;:()\"'") for word in text.lower().split()]
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


# ── wire forms ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("category", RSS_CATEGORIES)
def test_rss_is_read_by_the_real_parser(sample: Sample, category: str) -> None:
    """Every item of the morning's feed is read, new ones first, all with the category they were announced in."""
    data = arxiv_rss(category, sample.papers, day=PRESS_DAY)
    assert etree.fromstring(data).tag == "rss"
    batch = rss_parser.parse(data, now=NOW)
    assert batch.entries
    assert not batch.rejected
    assert all(category in entry.categories for entry in batch.entries)
    order = [list(AnnounceType).index(entry.announce_type) for entry in batch.entries if entry.announce_type]
    assert len(order) == len(batch.entries)
    assert order == sorted(order)


def test_rss_of_a_weekend_is_empty(sample: Sample) -> None:
    """A day without announcements gives a valid feed without items."""
    batch = rss_parser.parse(arxiv_rss("cs.LG", sample.papers, day=PRESS_DAY - dt.timedelta(days=1)), now=NOW)
    assert batch.entries == ()


def test_a_cross_listed_paper_is_in_several_feeds(sample: Sample) -> None:
    """One paper is new in its primary category's feed and a cross-list in another."""
    feeds = {
        category: {
            entry.key: entry.announce_type
            for entry in rss_parser.parse(arxiv_rss(category, sample.papers, day=PRESS_DAY), now=NOW).entries
        }
        for category in ("cs.RO", "cs.CV")
    }
    assert feeds["cs.CV"]["oai:arXiv.org:2605.22882"] is AnnounceType.NEW
    assert feeds["cs.RO"]["oai:arXiv.org:2605.22882"] is AnnounceType.CROSS


def test_a_replacement_is_v1_in_the_back_fill_and_v2_in_the_feed(sample: Sample) -> None:
    """The same paper comes in two versions from two endpoints, as it did that week."""
    before = arxiv_atom.parse(arxiv_api(sample.papers, since=WEEK_AGO, before=PRESS_DAY), now=NOW)
    morning = rss_parser.parse(arxiv_rss("cs.CV", sample.papers, day=PRESS_DAY), now=NOW)
    seen = {
        (entry.version, entry.announce_type)
        for entry in (*before.entries, *morning.entries)
        if str(entry.identifiers[0]) == "arxiv:2605.21487"
    }
    assert seen == {(1, None), (2, AnnounceType.REPLACE)}


def test_the_back_fill_is_read_by_the_real_parser(sample: Sample) -> None:
    """The API's answer holds the week before the announcement, every entry of it readable."""
    data = arxiv_api(sample.papers, since=WEEK_AGO, before=PRESS_DAY)
    assert etree.fromstring(data).tag == "{http://www.w3.org/2005/Atom}feed"
    batch = arxiv_atom.parse(data, now=NOW)
    assert not batch.rejected
    assert len(batch.entries) == sum(WEEK_AGO <= paper.announced_on < PRESS_DAY for paper in sample.papers)


def test_pages_of_the_api_add_up(sample: Sample) -> None:
    """Asking page by page and for one category gives the same entries as asking once, and the true total."""

    def page(start: int, max_results: int) -> arxiv_atom.ApiPage:
        data = arxiv_api(
            sample.papers, since=WEEK_AGO, before=PRESS_DAY, categories=["cs.LG"], start=start, max_results=max_results
        )
        return arxiv_atom.parse_page(data)

    whole = page(0, 100)
    assert whole.total == len(whole.batch.entries) > 10
    pages = [page(start, 7) for start in range(0, whole.total, 7)]
    assert [entry.key for part in pages for entry in part.batch.entries] == [entry.key for entry in whole.batch.entries]
    assert {part.total for part in pages} == {whole.total}
    assert all("cs.LG" in entry.categories for entry in whole.batch.entries)


def test_lists_are_read_by_the_real_parser(sample: Sample) -> None:
    """Every listed paper is on exactly one day's list, with its last votes."""
    seen: dict[str, float] = {}
    for day in sample.listing_days:
        data = hf_daily(day, sample.papers, sample.votes, as_of=NOW)
        assert isinstance(json.loads(data), list)
        batch = hf_parser.parse(data, now=NOW)
        assert not batch.rejected
        for entry in batch.entries:
            assert entry.key not in seen
            votes = [reading for reading in entry.readings if reading.signal is Signal.HF_UPVOTES]
            assert (votes[0].value, votes[-1].observed_at) == (0, NOW), "none when it was listed, counted now"
            seen[entry.key] = votes[-1].value
    assert seen == {id_: readings[-1].value for id_, readings in sample.votes.items()}


def test_a_list_fills_and_grows(sample: Sample) -> None:
    """Nobody is on the list before the first reading; at eight hours the votes are fewer than at the end."""
    day = dt.date(2026, 5, 22)

    def votes(as_of: dt.datetime) -> dict[str, int]:
        items = json.loads(hf_daily(day, sample.papers, sample.votes, as_of=as_of))
        return {item["paper"]["id"]: item["paper"]["upvotes"] for item in items}

    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    early, late = votes(midnight + dt.timedelta(hours=12)), votes(NOW)
    assert votes(midnight) == {}
    assert early.keys() < late.keys()
    assert (early["2605.21467"], late["2605.21467"]) == (63, 192)


def test_no_personal_fields(sample: Sample) -> None:
    """The lists name authors, and no users of the site."""
    for day in sample.listing_days:
        for item in json.loads(hf_daily(day, sample.papers, sample.votes, as_of=NOW)):
            assert not {"submittedBy", "submittedOnDailyBy"} & (item.keys() | item["paper"].keys())
