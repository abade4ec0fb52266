"""Semantic Scholar: papers in every wrapping, their names, their citations, and the model's sentence kept apart."""

from __future__ import annotations

import json

import pytest

from digest.errors import SourceError
from digest.sources.contract.memory import START
from digest.sources.semantic_scholar import batch, parse
from tests.support import wire


def test_a_paper_is_read_in_full() -> None:
    """All of its names, its citations as readings, and an abstract that is not the tldr."""
    (entry,) = parse(wire.s2_batch(wire.s2_paper()), now=START).entries
    assert [str(one) for one in entry.identifiers] == [
        "arxiv:2608.00001",
        "doi:10.1234/s.1",
        "s2:CorpusID:470667",
        "s2:" + "260800001".rjust(40, "0"),
    ]
    assert (entry.source, entry.abstract, entry.authors) == ("semanticscholar", "We cite it.", ("Ada Lovelace",))
    assert entry.journal_ref == "Journal of Citations"
    assert {one.signal.value: one.value for one in entry.readings} == {
        "s2.citations": 12.0,
        "s2.influential_citations": 2.0,
    }


def test_a_missing_abstract_stays_missing() -> None:
    """A sentence that a model wrote never stands in for the authors' words."""
    (entry,) = parse(wire.s2_batch(wire.s2_paper(abstract=None)), now=START).entries
    assert entry.abstract == ""


@pytest.mark.parametrize(
    "answer",
    [
        wire.s2_paper(),
        [wire.s2_paper()],
        {"total": 1, "offset": 0, "data": [wire.s2_paper()]},
        {"offset": 0, "data": [{"citingPaper": wire.s2_paper()}]},
        {"data": [{"citedPaper": wire.s2_paper()}]},
        {"recommendedPapers": [wire.s2_paper()]},
        {"authorId": "1", "papers": [wire.s2_paper()]},
        {"isInfluential": True, "citingPaper": wire.s2_paper()},
    ],
)
def test_every_wrapping_is_read(answer: object) -> None:
    """A paper, a batch, a search, citations, references, recommendations, an author's list, one citation."""
    assert parse(json.dumps(answer).encode(), now=START).read == 1


def test_what_it_does_not_know_is_refused() -> None:
    """A batch answers null for unknown ids; references may have a title alone."""
    batch = parse(wire.s2_batch(None, {"paperId": None, "title": "Only cited"}, wire.s2_paper()), now=START)
    assert [(one.id, one.reason) for one in batch.rejected] == [
        ("(no id)", "Semantic Scholar does not know this paper"),
        ("Only cited", "no id: Semantic Scholar has no page for it"),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"error":"Paper not found"}', "Semantic Scholar said: Paper not found"),
        (b'{"message":"Too Many Requests"}', "Too Many Requests"),
        (b"{}", "JSON without papers"),
        (b"3", "JSON without papers"),
        (b"<html>", "not JSON"),
    ],
)
def test_what_brings_no_papers_is_an_error(data: bytes, said: str) -> None:
    """Errors are told in a line."""
    with pytest.raises(SourceError, match=said):
        parse(data, now=START)


def test_a_batch_answers_each_name_in_its_place() -> None:
    """Citations, and the model's sentence where there is one; null is a paper that is not known."""
    first, second, third = batch(
        wire.s2_batch(wire.s2_paper(), wire.s2_paper("2608.00002", tldr=None), None), 3, now=START
    )
    assert first is not None
    assert second is not None
    assert (first.tldr, second.tldr, third) == ("It is cited.", "", None)
    assert {one.signal.value: one.value for one in first.readings} == {
        "s2.citations": 12.0,
        "s2.influential_citations": 2.0,
    }


def test_a_batch_of_another_length_is_refused() -> None:
    """Figures must not be given to the wrong papers."""
    with pytest.raises(SourceError, match="gave 1 answers to 2 names"):
        batch(wire.s2_batch(wire.s2_paper()), 2, now=START)


def test_a_batch_of_strangers_is_no_error() -> None:
    """The API refuses a question in which it knows no name."""
    assert batch(b'{"error":"No valid paper ids given"}', 2, now=START) == (None, None)
