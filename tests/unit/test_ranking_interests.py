"""Lanes as models: what counts as evidence that a paper is mine."""

from __future__ import annotations

import numpy as np
import pytest

from digest.model import Identifier, Lane, Paper
from digest.ranking.corpus import Corpus
from digest.ranking.interests import PRIOR, LaneBuilder
from digest.ranking.text import TextBasis, features_of
from tests.support.ranking import corpus_of, fillers, paper

KV = paper(1, "KV cache eviction at long contexts", "We drop keys and values that are never attended to.")
MENTIONS = paper(2, "Serving long prompts", "The KV cache of a transformer grows with the prompt.")
APART = paper(3, "A cache for tuples", "Each KV pair is hashed twice.")
SPARSE = paper(4, "Sparse attention patterns in transformers", "Sparse attention halves the cost.")
PAPERS = [KV, MENTIONS, APART, SPARSE, *fillers()]


def relevance(lane: Lane, papers: list[Paper] | None = None, examples: tuple[Paper, ...] = ()) -> dict[int, float]:
    """Relevance by paper id."""
    corpus = corpus_of(papers or PAPERS)
    packed: dict[Identifier, bytes] = {
        p.identifiers[0]: blob for p, blob in zip(examples, features_of(examples, TextBasis.shipped()), strict=True)
    }
    return dict(zip(corpus.ids.tolist(), exact(corpus, lane, packed).tolist(), strict=True))


def exact(
    corpus: Corpus, lane: Lane, examples: dict[Identifier, bytes]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    model, rows = LaneBuilder(corpus).build(lane, examples), np.arange(len(corpus))
    return PRIOR + model.likeness_of(corpus.matrix[rows]) + model.bonus_of(rows)


def test_a_phrase_counts_by_where_it_stands() -> None:
    """In the title most, in the abstract less, its words apart least, and an alien paper is at the prior."""
    found = relevance(Lane(name="KV", phrases=("KV caches",)))
    assert found[1] > found[2] > found[3] > PRIOR
    assert found[1] > 0.5
    assert min(found[p.id] for p in fillers()) == PRIOR


def test_more_phrases_are_more_evidence() -> None:
    """A paper with two of the lane's phrases beats the same lane's papers with one."""
    both = paper(5, "KV cache eviction by sparse attention", "We drop keys and values that are never attended to.")
    found = relevance(Lane(name="KV", phrases=("KV cache", "sparse attention")), [*PAPERS, both])
    assert found[5] > max(found[1], found[4])


def test_a_rare_phrase_tells_more_than_a_common_one() -> None:
    """What stands in every third paper is weak evidence."""
    common = [paper(100 + n, f"Language model number {n}", "It is large.") for n in range(300)]
    builder = LaneBuilder(corpus_of([*PAPERS, *common]))
    rare = builder.build(Lane(name="rare", phrases=("tuples",)), {})
    often = builder.build(Lane(name="often", phrases=("language model",)), {})
    assert rare.bonus.min() > 1.5 * often.bonus.max()


def test_examples_find_their_like() -> None:
    """A lane of one example paper puts the papers on its subject above all others."""
    example = paper(900, "Evicting tokens from the KV cache", "Transformers attend to few keys; we drop the others.")
    found = relevance(Lane(name="ex", examples=example.identifiers), examples=(example,))
    assert found[1] > 0
    assert found[1] > max(found[p.id] for p in fillers())


def test_unknown_examples_are_left_out() -> None:
    """A lane whose examples could not be found scores nothing, without an error."""
    found = relevance(Lane(name="ex", examples=KV.identifiers))
    assert set(found.values()) == {PRIOR}


def test_a_category_settles_only_a_lane_of_categories() -> None:
    """Alone it is enough, the primary one a little more; beside phrases it is a hint."""
    cross = paper(6, "On something else", category="math.CO", more_categories=("cs.LG",))
    alone = relevance(Lane(name="LG", categories=("cs.LG",)), [*PAPERS, cross])
    assert alone[1] > alone[6] > 0 > alone[fillers()[0].id]
    hinted = relevance(Lane(name="LG", categories=("cs.LG",), phrases=("tuples",)), [*PAPERS, cross])
    assert PRIOR < hinted[6] < 0


@pytest.mark.parametrize(
    "lane",
    [
        Lane(name="empty"),
        Lane(name="signs", phrases=("…", "")),
        Lane(name="unknown", phrases=("zzqx vvbn",), categories=("no.where",), authors=("",)),
    ],
)
def test_lanes_that_say_nothing(lane: Lane) -> None:
    """A lane without anything to go by leaves every paper at the prior."""
    assert set(relevance(lane).values()) == {PRIOR}


def test_the_estimate_agrees_with_the_exact_score() -> None:
    """The matrix product for all readers and the exact sum for a few papers differ by rounding only."""
    corpus = corpus_of(PAPERS)
    lane = Lane(name="KV", phrases=("KV cache", "sparse attention"), categories=("cs.LG",))
    model = LaneBuilder(corpus).build(lane, {})
    estimate = corpus.matrix @ model.direction
    model.to_relevance(estimate)
    np.testing.assert_allclose(estimate, exact(corpus, lane, {}), atol=1e-4)


def test_one_phrase_and_many_examples_share_a_scale() -> None:
    """A lane of one phrase and one of 30 papers call the same paper theirs, within a few units."""
    phrases = ("KV cache", "cache eviction", "key value cache", "long contexts", "drop keys and values")
    examples = tuple(
        paper(800 + n, f"{phrases[n % 5]} in transformers", f"We study {phrases[(n + 1) % 5]} and {phrases[n % 5]}.")
        for n in range(30)
    )
    by_phrase = relevance(Lane(name="p", phrases=("KV cache",)))[1]
    names = tuple(p.identifiers[0] for p in examples)
    by_examples = relevance(Lane(name="e", examples=names), examples=examples)[1]
    assert abs(by_phrase - by_examples) < 4
    assert min(by_phrase, by_examples) > 1
