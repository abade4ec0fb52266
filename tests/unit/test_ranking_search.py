"""The search index by itself: what is found, in which order, and what stays true as papers come, change and go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Paper
from digest.ranking.clusters import HEAD, Clusters
from digest.ranking.questions import Question, parse_question
from digest.ranking.search import Filters, SearchIndex, SearchRow
from digest.ranking.text import TextBasis, features_of

BASIS = TextBasis.shipped()
NOW = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)


def rows(*texts: tuple[int, str, str], authors: Sequence[str] = ("Ada Lovelace",)) -> list[SearchRow]:
    papers = [
        Paper(
            id=number, title=title, abstract=abstract, authors=tuple(authors), categories=("cs.LG",), url="",
            identifiers=(), first_seen_at=NOW,
        )
        for number, title, abstract in texts
    ]  # fmt: skip
    blobs = features_of(papers, BASIS)
    return [SearchRow(paper.id, paper.id, paper.authors, blob) for paper, blob in zip(papers, blobs, strict=True)]


TEXTS = (
    (1, "Sparse attention", "We keep the largest keys."),
    (2, "Keys and values", "Attention that is sparse keeps keys. Sparse attention is fast."),
    (3, "Proteins", "Folding by diffusion of residues."),
    (4, "Attention, please", "An opinion on sparse budgets and human attention spans."),
)


def found(index: SearchIndex, text: str, filters: Filters | None = None) -> list[int]:
    question = parse_question(text)
    vector = BASIS.embed([question.text])[0]
    return [hit.paper_id for hit in index.search(question, vector, filters or Filters()).hits]


def test_all_words_before_some_and_neighbours_before_scattered() -> None:
    """The title counts more than the abstract; words side by side more than far apart."""
    index = SearchIndex().with_papers(rows(*TEXTS), BASIS.dims)
    assert found(index, "sparse attention")[:3] == [1, 2, 4]
    assert found(index, "folding")[0] == 3
    assert set(found(index, '"sparse attention"')) == {1, 2}
    assert 4 not in found(index, 'attention -"human attention"')
    assert found(index, '"attention sparse"') == []


def test_an_index_is_the_same_however_it_grew() -> None:
    """In one portion or paper by paper; changed papers stand once, as they are now, and those that are gone do not."""
    whole = SearchIndex().with_papers(rows(*TEXTS), BASIS.dims)
    grown = SearchIndex()
    for text in ((3, "Attention", "Old words of sparse attention."), (9, "Gone", "Sparse attention."), *TEXTS):
        grown = grown.with_papers(rows(text), BASIS.dims)
    grown = grown.with_papers([], BASIS.dims, gone={9})
    assert len(grown) == len(whole) == 4
    assert grown.ids() == {1, 2, 3, 4}
    assert set(found(grown, "sparse attention")) == set(found(whole, "sparse attention"))
    assert found(grown, "old words") == found(whole, "old words")
    assert [hit.paper_id for hit in grown.like(1, 2)] == [hit.paper_id for hit in whole.like(1, 2)]


def test_an_empty_index_finds_nothing() -> None:
    """Neither words, nor filters, nor neighbours."""
    assert found(SearchIndex(), "sparse") == []
    assert found(SearchIndex(), "") == []
    assert SearchIndex().like(1, 5) == ()
    nobody = (
        SearchIndex().with_papers(rows(*TEXTS), BASIS.dims, gone={1}).with_papers([], BASIS.dims, gone={1, 2, 3, 4})
    )
    assert found(nobody, "sparse attention") == []


def test_filters_alone_find_the_newest() -> None:
    """In their order, within the bounds of time: the first is in, the last is not."""
    index = SearchIndex().with_papers(rows(*TEXTS), BASIS.dims)
    assert found(index, "", Filters(since=2, until=4)) == [3, 2]
    assert found(index, "", Filters(category="cs", author="lovelace")) == [4, 3, 2, 1]
    assert found(index, "attention", Filters(author="Babbage")) == []


@given(st.text(max_size=200))
def test_any_text_is_a_question(text: str) -> None:
    """Of words that tokenise makes; what is said twice is meant once."""
    question = parse_question(text)
    assert len(set(question.words)) == len(question.words)
    assert question.empty == (not question.text)
    assert {word for phrase in question.phrases for word in phrase} <= set(question.words)


def test_what_a_question_says() -> None:
    """Hyphens inside a word are no minus; a quote that is never closed reaches to the end; curly ones are quotes."""
    assert parse_question("KV-caches") == Question(words=("kv", "cache"), text="KV-caches")
    assert parse_question('"sparse attention').phrases == (("sparse", "attention"),)
    assert parse_question("“sparse attention” -“deep survey” -x").without == (("deep", "survey"), ("x",))
    assert np.array_equal(BASIS.embed([parse_question("").text])[0], np.zeros(BASIS.dims))


def test_the_nearest_are_found_in_few_clusters() -> None:
    """Most of the nearest of many vectors, though a small part is looked into; of few vectors, all."""
    chance = np.random.default_rng(1)
    topics = chance.normal(size=(40, 256))
    vectors = (topics[chance.integers(0, 40, 4000)] + 0.7 * chance.normal(size=(4000, 256))).astype(np.float16)
    vectors /= np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True).astype(np.float16)
    clusters = Clusters.of(vectors)
    assert sorted(clusters.order.tolist()) == list(range(4000))
    for vector in vectors[:20].astype(np.float32):
        chosen = np.argsort(-(clusters.centres @ vector))[:3]
        rows, products = clusters.look_into(chosen, vector)
        assert len(rows) < 1500
        assert np.allclose(products, vectors[rows, :HEAD].astype(np.float32) @ vector[:HEAD], atol=1e-3)
        exact = np.argsort(-(vectors.astype(np.float32) @ vector))[:20]
        assert len(set(exact.tolist()) & set(rows.tolist())) >= 15
    assert sorted(Clusters.of(vectors[:1]).order.tolist()) == [0]
    assert len(Clusters.of(vectors[:0]).order) == 0
