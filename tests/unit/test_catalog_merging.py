"""Merging: what a paper's fields are taken from."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.catalog.combining import combine
from digest.catalog.identifiers import parse
from digest.catalog.merging import Record, code_link, merge, provenance
from digest.model import AnnounceType, Entry, Identifier

DAY = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)


def name(text: str) -> Identifier:
    identifier = parse(text)
    assert identifier is not None
    return identifier


def record(source: str, day: int = 0, **fields: Any) -> Record:
    filled = {"key": "1", "identifiers": (name("2605.00001"),), "title": f"Title by {source}"} | fields
    return Record(Entry(source=source, **filled), DAY + dt.timedelta(days=day))


def test_fields_come_from_the_most_trusted_provider() -> None:
    """arXiv tells title, abstract and authors, Hugging Face the code; a feed fills what nobody else says."""
    records = [
        record(
            "feed:lab",
            abstract="By the lab",
            authors=("L",),
            comment="8 pages",
            code_url="https://github.com/lab/wrong",
        ),
        record("huggingface", abstract="By HF", authors=("H",), code_url="https://github.com/hf/right"),
        record("arxiv.api", authors=("Müller, Jörg (ETH)",), categories=("cs.LG", "cs.AI")),
        record(
            "arxiv.rss", abstract=r"By $\alpha$", authors=("A",), categories=("cs.CL",), announce_type=AnnounceType.NEW
        ),
    ]
    paper = merge(7, records)
    assert (paper.id, paper.title, paper.abstract) == (7, "Title by arxiv.api", "By α")
    assert paper.authors == ("Jörg Müller",)
    assert paper.categories == ("cs.LG", "cs.AI", "cs.CL")
    assert paper.code_url == "https://github.com/hf/right"
    assert paper.comment == "8 pages"
    assert paper.url == "https://arxiv.org/abs/2605.00001"
    assert paper.sources == ("arxiv.api", "arxiv.rss", "feed:lab", "huggingface")
    assert dict(provenance(records)) == {
        "title": "arxiv.api",
        "abstract": "arxiv.rss",
        "authors": "arxiv.api",
        "categories": "arxiv.api",
        "comment": "feed:lab",
        "code_url": "huggingface",
    }


def test_the_latest_version_wins_within_a_provider() -> None:
    """A replacement's title counts, and so does its withdrawal; a later version may take that back."""
    first = record("arxiv.rss", version=1, title="First title")
    second = record("arxiv.rss", version=2, key="2", title="Second title", withdrawn=True)
    third = record("arxiv.rss", version=3, key="3", title="Third title", announce_type=AnnounceType.REPLACE)
    assert merge(1, [second, first]).title == "Second title"
    assert merge(1, [second, first]).withdrawn
    paper = merge(1, [second, third, first])
    assert (paper.title, paper.version, paper.withdrawn) == ("Third title", 3, False)


def test_a_feed_can_not_withdraw_an_arxiv_paper() -> None:
    """Only the most trusted record that knows the paper's version says whether it is withdrawn."""
    assert not merge(1, [record("arxiv.rss", version=1), record("feed", withdrawn=True)]).withdrawn
    assert merge(1, [record("feed", withdrawn=True)]).withdrawn


def test_replacements_are_no_news() -> None:
    """The announcement is the earliest new or cross one; a paper known from a replacement alone has none."""
    replaced = record("arxiv.rss", 0, announce_type=AnnounceType.REPLACE, announced_at=DAY)
    crossed = record("arxiv.rss", 2, key="2", announce_type=AnnounceType.CROSS, announced_at=DAY + dt.timedelta(days=2))
    assert merge(1, [replaced]).announced_at is None
    paper = merge(1, [crossed, replaced])
    assert paper.announced_at == DAY + dt.timedelta(days=2)
    assert paper.first_seen_at == DAY


def test_an_example_becomes_a_candidate_when_it_is_announced() -> None:
    """One candidate record makes the paper a candidate."""
    assert not merge(1, [record("arxiv.api", candidate=False)]).candidate
    assert merge(1, [record("arxiv.api", candidate=False), record("arxiv.rss")]).candidate


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"identifiers": (name("10.1000/x"), name("https://lab.example/p"))}, "https://doi.org/10.1000/x"),
        ({"identifiers": (name("https://lab.example/p"),)}, "https://lab.example/p"),
        ({"identifiers": (), "url": "https://lab.example/p?utm_source=feed"}, "https://lab.example/p"),
        ({"identifiers": (), "url": "javascript:alert(1)"}, ""),
    ],
)
def test_the_address_is_the_abstract_page(fields: dict[str, Any], url: str) -> None:
    """The address follows from the best name, else from a harmless link of the record."""
    assert merge(1, [record("feed", **fields)]).url == url


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("Code: https://github.com/a/b.", "https://github.com/a/b"),
        (r"at \url{https://github.com/a/b\_c}", "https://github.com/a/b_c"),
        ("(github.com/a/b.git)", "https://github.com/a/b"),
        ("http://www.GitHub.com/A/B/tree/main", "https://github.com/A/B"),
        ("https://gitlab.com/g/p and https://github.com/a/b", "https://gitlab.com/g/p"),
        ("https://huggingface.co/datasets/o/d", "https://huggingface.co/datasets/o/d"),
        ("https://huggingface.co/papers/2605.00001", None),
        ("https://notgithub.com/a/b and https://github.com/a", None),
    ],
)
def test_code_is_found_in_the_text(text: str, link: str | None) -> None:
    """A repository named in the abstract or the comment is the paper's code."""
    assert code_link(record("arxiv.api", abstract=text).entry) == link
    assert code_link(record("arxiv.api", comment=text).entry) == link


def test_a_paper_needs_a_record() -> None:
    """Nothing can't be merged."""
    with pytest.raises(ValueError, match="at least one record"):
        merge(1, [])


_RECORDS = st.lists(
    st.builds(
        record,
        st.sampled_from(["arxiv.rss", "arxiv.api", "huggingface", "feed"]),
        st.integers(0, 5),
        title=st.sampled_from(["", "One", "Two"]),
        abstract=st.sampled_from(["", "https://github.com/a/b", "$x$"]),
        version=st.sampled_from([None, 1, 2]),
        withdrawn=st.booleans(),
        categories=st.sampled_from([(), ("cs.LG",), ("cs.AI", "cs.LG")]),
        announce_type=st.sampled_from([None, *AnnounceType]),
        announced_at=st.sampled_from([None, DAY]),
    ),
    min_size=1,
    max_size=5,
)


@given(_RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_records_makes_no_difference(records: list[Record], shuffler: random.Random) -> None:
    """Shuffled records merge into the same paper, for the same reasons."""
    shuffled = list(records)
    shuffler.shuffle(shuffled)
    assert merge(1, shuffled) == merge(1, records)
    assert provenance(shuffled) == provenance(records)


def test_a_record_without_versions_is_the_present_state_of_things() -> None:
    """OAI-PMH says withdrawn and no old version speaks against it; a venue's withdrawal is not arXiv's."""
    first = record("arxiv", key="v1", version=1)
    assert merge(1, [first, record("arxiv-oai", withdrawn=True)]).withdrawn
    assert not merge(1, [first, record("arxiv-oai")]).withdrawn
    assert not merge(1, [first, record("openreview/iclr.cc", withdrawn=True)]).withdrawn
    assert merge(1, [record("huggingface"), record("openreview/iclr.cc", withdrawn=True)]).withdrawn


def test_a_feed_that_tells_less_does_not_take_a_withdrawal_back() -> None:
    """The API's comment says that v2 is withdrawn, the feed has no comments; without versions it may come back."""
    gone = record("arxiv", version=2, withdrawn=True, comment="withdrawn by the author").entry
    told = record("arxiv", version=2).entry
    assert combine(gone, told).withdrawn
    assert combine(told, gone).withdrawn
    assert not combine(record("arxiv-oai", withdrawn=True).entry, record("arxiv-oai").entry).withdrawn
