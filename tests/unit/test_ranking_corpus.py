"""The corpus: looking up papers, phrases, people and categories in arrays."""

from __future__ import annotations

import numpy as np
import pytest

from digest.ranking.corpus import CandidateRow, Corpus
from digest.ranking.people import person
from digest.ranking.text import TextBasis
from digest.ranking.tokens import token_hashes
from tests.support.ranking import NOW, corpus_of, fillers, paper

PAPERS = [
    paper(30, "Sparse attention is sparse", "Attention, sparse attention.", authors=("D. Baker", "Li Wei")),
    paper(10, "Attention", "Sparse rewards. KV caches.", category="cs.CL", more_categories=("stat.ML",)),
    paper(20, "Sparse", "attention", authors=("David Baker",)),
]


def ids(corpus: Corpus, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[int]:
    return [int(number) for number in corpus.ids[rows]]


def test_phrases_are_found_where_the_words_stand_together() -> None:
    """Order counts, a title is told apart, and nothing reaches from a title into its abstract or another paper."""
    corpus = corpus_of(PAPERS)
    hits = corpus.phrase(token_hashes("sparse-attention").tolist())
    assert ids(corpus, hits.rows) == [30]
    assert hits.counts.tolist() == [2]
    assert hits.in_title.tolist() == [True]
    abstract_only = corpus.phrase(token_hashes("KV cache").tolist())
    assert ids(corpus, abstract_only.rows) == [10]
    assert abstract_only.in_title.tolist() == [False]


@pytest.mark.parametrize("phrase", ["", "absent", "attention is all", "cache cache"])
def test_phrases_that_are_nowhere(phrase: str) -> None:
    """An empty or unknown phrase, and one that runs off the end, hits nothing."""
    assert len(corpus_of(PAPERS).phrase(token_hashes(phrase).tolist()).rows) == 0


def test_words_are_found_whether_asked_together_or_one_by_one() -> None:
    """Preparing many words at once gives what looking them up singly gives."""
    papers = [*PAPERS, *fillers()]
    together, single = corpus_of(papers), corpus_of(papers)
    words = sorted({int(word) for item in papers for word in token_hashes(f"{item.title} {item.abstract}")})
    together.prepare(words)
    for word in words:
        found = single.word(word).tolist()
        assert together.word(word).tolist() == found
        assert found == [
            row for row in range(len(single)) if word in single.tokens[single.starts[row] : single.starts[row + 1]]
        ]


def test_people_and_categories() -> None:
    """Authors are found by full name or perhaps by initials; categories also by archive, and the first one is known."""
    corpus = corpus_of(PAPERS)
    david = person("David Baker")
    assert ids(corpus, corpus.by_author(david.certain)) == [20]
    assert david.perhaps is not None
    assert ids(corpus, corpus.by_author(david.perhaps)) == [30]
    assert ids(corpus, corpus.by_category("CS.CL").rows) == [10]
    assert corpus.by_category("stat.ML").is_primary.tolist() == [False]
    assert ids(corpus, corpus.by_category("cs").rows) == [10, 20, 30]
    assert corpus.by_category("cs").is_primary.tolist() == [True, True, True]
    assert ids(corpus, corpus.by_category("stat").rows) == [10]
    assert ids(corpus, corpus.by_category("nowhere").rows) == []


def test_rows_of_papers() -> None:
    """Papers that are not candidates are passed over."""
    corpus = corpus_of(PAPERS)
    assert corpus.row_of(20) == 1
    assert corpus.row_of(99) is corpus.row_of(-1) is None
    assert corpus.rows_of([30, 99, 10]).tolist() == [0, 2]
    assert corpus.rows_of([]).tolist() == []


def test_an_empty_corpus() -> None:
    """No candidates at all is a quiet day, not an error."""
    corpus = corpus_of([])
    assert len(corpus) == 0
    assert corpus.row_of(1) is None
    assert corpus.rows_of([1]).tolist() == []
    assert len(corpus.phrase(token_hashes("sparse attention").tolist()).rows) == 0
    assert len(corpus.by_category("cs.LG").rows) == 0


def test_features_of_another_basis_are_refused() -> None:
    """Vectors of another length, cut-off blobs and doubled papers are errors that say so."""
    good = corpus_of(PAPERS)
    row = CandidateRow(paper_id=1, seen_at=NOW, primary_category="", features=b"\x01\xf5" + bytes(14))
    for features, match in ((row.features, "another text basis"), (b"x", "cut off")):
        broken = CandidateRow(paper_id=1, seen_at=NOW, primary_category="", features=features)
        with pytest.raises(ValueError, match=match):
            Corpus.build([broken], [], basis=good.basis, now=NOW)


def test_a_paper_stands_once() -> None:
    """The same paper twice among the candidates is a mistake of the caller."""
    with pytest.raises(ValueError, match="twice"):
        corpus_of([PAPERS[0], PAPERS[0]])


def test_the_order_of_rows_does_not_matter() -> None:
    """A corpus is the same whatever order the store gives its candidates in."""
    one, other = corpus_of(PAPERS), corpus_of(PAPERS[::-1])
    assert one.ids.tolist() == other.ids.tolist() == [10, 20, 30]
    np.testing.assert_array_equal(one.matrix, other.matrix)
    np.testing.assert_array_equal(one.tokens, other.tokens)
    assert one.matrix.shape == (3, TextBasis.shipped().dims)
