"""Matching: which entries are one paper."""

from __future__ import annotations

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.catalog.identifiers import parse
from digest.catalog.matching import group, match, refusals
from digest.catalog.separation import Separation
from digest.model import Entry, Identifier

TITLE = "Sparse attention for long documents"


def entry(
    source: str,
    key: str,
    *names: str,
    title: str = TITLE,
    authors: tuple[str, ...] = ("Ada Lovelace",),
    abstract: str = "",
) -> Entry:
    identifiers: list[Identifier] = []
    for name in names:
        identifier = parse(name)
        assert identifier is not None, name
        identifiers.append(identifier)
    return Entry(
        source=source, key=key, identifiers=tuple(identifiers), title=title, authors=authors, abstract=abstract
    )


def test_a_shared_identifier_joins() -> None:
    """Entries with an identifier in common are one paper whatever their titles, through a third entry too."""
    entries = [
        entry("arxiv", "1", "2305.10430", title="An early title of it"),
        entry("feed", "a", "2305.10430", "10.1000/x", title="Something else entirely"),
        entry("crossref", "b", "10.1000/x", title="The final title of it"),
    ]
    assert group(entries) == ((0, 1, 2),)
    assert [(edge.rule, edge.evidence) for edge in match(entries)] == [
        ("arXiv id", "arxiv:2305.10430"),
        ("identifier", "doi:10.1000/x"),
    ]


def test_title_and_one_author_join() -> None:
    """The same title with an author in common is the same paper; without one it is not."""
    entries = [
        entry("arxiv", "1", "2305.10430"),
        entry("feed", "a", title="Sparse Attention for Long Documents.", authors=("X Y", "Lovelace, A.")),
        entry("feed", "b", authors=("Grace Hopper",)),
        entry("feed", "c", authors=()),
        entry("feed", "d", authors=()),
    ]
    assert group(entries) == ((0, 1), (2,), (3,), (4,))


def test_the_same_record_is_one_entry() -> None:
    """What a source says under one key is one record, even if it changed its mind about everything."""
    assert group([entry("feed", "a", "2305.10430"), entry("feed", "a", "2401.00001", title="Another")]) == ((0, 1),)


def test_two_arxiv_ids_need_strong_evidence() -> None:
    """Title and author do not join two arXiv ids, nor does a shared DOI; title, authors and abstract together do."""
    one = entry("arxiv", "1", "2305.10430", "10.1000/x", abstract="We sparsify.")
    other = entry("arxiv", "2", "2401.00001", title="Sparse attention for short documents", abstract="We shorten.")
    same_title = entry("arxiv", "3", "2402.00001", abstract="We do more.")
    same_doi = entry("arxiv", "4", "2403.00001", "10.1000/x", title="A sequel to sparse attention", abstract="More.")
    twin = entry("arxiv", "5", "2404.00001", abstract="We sparsify.")
    assert group([one, other, same_title, same_doi]) == ((0,), (1,), (2,), (3,))
    assert group([one, twin]) == ((0, 1),)
    assert group(
        [one, entry("arxiv", "6", "2405.00001", abstract="We sparsify.", authors=("Ada Lovelace", "B C"))]
    ) == (
        (0,),
        (1,),
    )


def test_a_bridge_does_not_join_two_arxiv_ids() -> None:
    """An entry that fits two arXiv papers joins one of them and never both."""
    entries = [
        entry("arxiv", "1", "2305.10430"),
        entry("arxiv", "2", "2401.00001"),
        entry("feed", "a"),
        entry("feed", "b", "2305.10430", "2401.00001"),
    ]
    groups = group(entries)
    assert not any({0, 1} <= set(members) for members in groups)
    assert (3,) in groups


def test_two_publishers_dois_are_two_papers() -> None:
    """A conference paper and its journal version stay apart; a preprint's DOI stands beside a publisher's."""
    assert group([entry("a", "1", "10.1000/x"), entry("b", "2", "10.1001/y")]) == ((0,), (1,))
    assert group([entry("a", "1", "10.1101/2020.01.01.123456"), entry("b", "2", "10.1001/y")]) == ((0, 1),)


def test_an_arxiv_id_outweighs_its_dois() -> None:
    """Two records of one arXiv id are one paper though they name different DOIs."""
    entries = [entry("arxiv", "1", "2305.10430", "10.1000/x"), entry("s2", "2", "2305.10430", "10.1001/y")]
    assert group(entries) == ((0, 1),)


def test_a_home_page_joins_nothing() -> None:
    """A web address that many items share joins only those with the same title."""
    entries = [
        entry("feed", "1", "https://lab.example/", title="First news of the lab"),
        entry("feed", "2", "https://lab.example/", title="Second news of the lab"),
        entry("blog", "3", "https://lab.example/", title="First news of the lab", authors=()),
    ]
    assert group(entries) == ((0, 2), (1,))


def test_notices_about_a_paper_are_not_the_paper() -> None:
    """Corrections and replies do not join each other by their titles."""
    entries = [entry("a", "1", title=f"Correction to: {TITLE}"), entry("b", "2", title=f"Correction to: {TITLE}")]
    assert group(entries) == ((0,), (1,))


_NAMES = (
    "2305.10430",
    "2401.00001",
    "2402.00001",
    "10.1000/x",
    "10.1001/y",
    "10.5281/zenodo.1",
    "pmid:1",
    "pmid:2",
    "https://lab.example/",
)
_ENTRIES = st.lists(
    st.builds(
        lambda source, key, names, title, authors, abstract: entry(
            source, key, *names, title=title, authors=tuple(authors), abstract=abstract
        ),
        st.sampled_from(["arxiv", "feed", "s2"]),
        st.sampled_from("1234567"),
        st.lists(st.sampled_from(_NAMES), max_size=3, unique=True),
        st.sampled_from([TITLE, "Another title of a paper", "News"]),
        st.lists(st.sampled_from(["Ada Lovelace", "Grace Hopper", "Li X"]), max_size=2, unique=True),
        st.sampled_from(["", "We sparsify.", "We do more."]),
    ),
    max_size=12,
)


@settings(max_examples=300)
@given(_ENTRIES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_makes_no_difference(entries: list[Entry], shuffler: random.Random) -> None:
    """Shuffled entries fall into the same groups, for the same reasons."""
    order = list(range(len(entries)))
    shuffler.shuffle(order)
    shuffled = [entries[index] for index in order]
    assert {frozenset(members) for members in group(entries)} == {
        frozenset(order[index] for index in members) for members in group(shuffled)
    }
    assert sorted((edge.rule, edge.evidence) for edge in match(entries)) == sorted(
        (edge.rule, edge.evidence) for edge in match(shuffled)
    )


@given(_ENTRIES)
def test_groups_are_a_partition_held_together_by_edges(entries: list[Entry]) -> None:
    """Every entry is in exactly one group, and a group of n has n - 1 edges within it."""
    groups = group(entries)
    assert sorted(index for members in groups for index in members) == list(range(len(entries)))
    edges = match(entries)
    assert len(edges) == len(entries) - len(groups)
    assert all(any({edge.a, edge.b} <= set(members) for members in groups) for edge in edges)


def test_twenty_thousand_entries_take_seconds_not_hours() -> None:
    """Matching is near-linear, also where thousands share a title or a web address without being one paper."""
    entries = [
        entry(
            "feed",
            str(number),
            "https://lab.example/",
            authors=(f"Author{number} A",),
            title=TITLE if number % 2 else f"Title number {number} of it",
        )
        for number in range(20_000)
    ]
    started = time.process_time()
    assert len(group(entries)) < 20_000
    assert time.process_time() - started < 8


_KEYS = st.frozensets(
    st.tuples(st.sampled_from(["arxiv", "feed", "s2"]), st.sampled_from("1234567")), min_size=1, max_size=6
)
_SEPARATIONS = st.lists(
    st.tuples(_KEYS, _KEYS)
    .map(lambda pair: (pair[0], pair[1] - pair[0]))
    .filter(lambda pair: bool(pair[1]))
    .map(lambda pair: Separation(one=pair[0], other=pair[1])),
    max_size=3,
)


@given(_ENTRIES, _SEPARATIONS, st.randoms(use_true_random=False))
def test_what_was_separated_never_joins_in_any_order(
    entries: list[Entry], separations: list[Separation], shuffler: random.Random
) -> None:
    """No group holds records of both sides, and the partition is the same for every order of entries and splits."""
    groups = group(entries, separations)
    for members in groups:
        keys = {(entries[index].source, entries[index].key) for index in members}
        assert not any(keys & separation.one and keys & separation.other for separation in separations)
    order = list(range(len(entries)))
    shuffler.shuffle(order)
    shuffled = group([entries[index] for index in order], shuffler.sample(separations, len(separations)))
    assert {frozenset(members) for members in groups} == {
        frozenset(order[index] for index in members) for members in shuffled
    }


def test_a_separation_outweighs_an_arxiv_id_and_a_bridge_joins_one_side() -> None:
    """Records of one arXiv id stay apart once split; a third that fits both joins the first in canonical order."""
    entries = [
        entry("arxiv", "1", "2305.10430"),
        entry("huggingface", "1", "2305.10430"),
        entry("s2", "1", "2305.10430"),
    ]
    split = Separation(one=frozenset({("arxiv", "1")}), other=frozenset({("huggingface", "1")}))
    assert group(entries) == ((0, 1, 2),)
    assert group(entries, [split]) == ((0, 2), (1,))
    assert group(entries, [Separation(one=split.other, other=split.one)]) == ((0, 2), (1,))


def test_a_refusal_says_what_stood_against_the_evidence() -> None:
    """Whoever asks why two papers were not joined learns the names that exclude each other, or that it was by hand."""
    entries = [
        entry("arxiv", "1", "2305.10430", "10.1000/x", title="The first title of three"),
        entry("arxiv", "2", "2401.00001", "10.1000/x", title="The second title of three"),
        entry("crossref", "a", "10.1000/y"),
        entry("pubmed", "b", "10.1000/z"),
        entry("huggingface", "2", "2401.00001", title="A third title of three"),
    ]
    split = Separation(one=frozenset({("arxiv", "2")}), other=frozenset({("huggingface", "2")}))
    assert [(found.rule, found.evidence, found.reason) for found in refusals(entries, [split])] == [
        ("identifier", "doi:10.1000/x", "different arXiv ids: 2305.10430, 2401.00001"),
        ("arXiv id", "arxiv:2401.00001", "split by hand"),
        ("title and author", "sparse attention for long documents", "different DOIs: 10.1000/y, 10.1000/z"),
    ]
    assert refusals([entry("arxiv", "1", "2305.10430"), entry("s2", "1", "2305.10430")]) == ()
