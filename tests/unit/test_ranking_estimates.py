"""Estimates for many readers at once: close enough to the exact scores that nothing which matters is missed."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from digest.model import Lane
from digest.ranking.estimates import MARGIN, Common, best, passing, relevances
from digest.ranking.interests import LaneBuilder
from digest.ranking.scoring import THRESHOLD, Profile, Scored
from tests.support.ranking import corpus_of, fillers, paper, votes

CORPUS = corpus_of(
    [paper(n, f"KV cache eviction, part {n}", "Sparse attention for long context.") for n in range(1, 8)] + fillers(),
    [votes(3, 40), votes(1001, 90)],
)
LANES = (
    Lane(name="KV", phrases=("KV cache", "sparse attention")),
    Lane(name="CO", categories=("math.CO",)),
    Lane(name="nobody", authors=("Nemo Nobody",)),
)


def test_estimates_are_the_exact_scores_but_for_rounding() -> None:
    """In each lane and in sum, for every paper; what is excluded is out of reach."""
    builder = LaneBuilder(CORPUS)
    lanes = tuple(builder.build(lane, {}) for lane in LANES)
    excluded = np.arange(len(CORPUS)) % 5 == 0
    profile = Profile(lanes=lanes, balance=0.6, followed={}, excluded=excluded)
    novelty = np.linspace(0.0, 1.0, len(CORPUS), dtype=np.float64)
    exact = Scored.of(CORPUS, profile, np.arange(len(CORPUS)), novelty)
    # Other readers' lanes in the same product change nothing.
    estimates = relevances((*lanes, *lanes[::-1]), CORPUS.matrix)
    np.testing.assert_allclose(estimates[:3], exact.relevance, atol=MARGIN)
    assert (estimates[:2] > 0).any(axis=1).all()
    scores = Common.of(CORPUS, novelty).scores(profile, estimates[:3])
    np.testing.assert_allclose(scores[~excluded], exact.score[~excluded], atol=MARGIN)
    assert np.isneginf(scores[excluded]).all()


def test_a_reader_without_lanes_has_the_trend_alone() -> None:
    """No lanes, no relevance: attention and novelty are left."""
    profile = Profile(lanes=(), balance=0.0, followed={}, excluded=np.zeros(len(CORPUS), dtype=bool))
    estimates = relevances((), CORPUS.matrix)
    assert estimates.shape == (0, len(CORPUS))
    scores = Common.of(CORPUS, np.zeros(len(CORPUS))).scores(profile, estimates)
    np.testing.assert_allclose(scores, CORPUS.trend.score + CORPUS.forecast, atol=MARGIN)


def test_each_lane_keeps_its_best() -> None:
    """Where many pass, a lane of high scores does not crowd another out."""
    estimates = np.zeros((2, 100), dtype=np.float32)
    estimates[0, :90] = estimates[1, 90:] = 1
    scores = np.where(np.arange(100) < 90, 9, THRESHOLD + 1).astype(np.float32)
    assert sorted(passing(scores, estimates, 5).tolist()) == [*range(5), *range(90, 95)]
    assert sorted(passing(scores, estimates, 100).tolist()) == list(range(100))


def test_of_equals_the_first_are_kept() -> None:
    """Ties go to the smaller paper id, and a thousand equal papers are not all scored."""
    scores = np.ones(1000, dtype=np.float32)
    scores[500] = 2
    assert sorted(best(np.arange(1000), scores, 4).tolist()) == [0, 1, 2, 3, 500]


@settings(deadline=None)
@given(
    arrays.arrays(np.int32, st.integers(0, 60), elements=st.integers(-5, 5)),
    st.integers(1, 20),
    st.integers(0, 1 << 30),
)
def test_the_exact_best_are_among_the_estimated(values: np.ndarray, count: int, seed: int) -> None:
    """Whatever float32 is wrong by within the margin, and whatever is equal."""
    noise = np.random.default_rng(seed).uniform(-MARGIN / 3, MARGIN / 3, len(values))
    found = best(np.arange(len(values)), (values + noise).astype(np.float32), count)
    exact = np.lexsort((np.arange(len(values)), -values))[:count]
    assert set(exact.tolist()) <= set(found.tolist())
    assert len(found) == len(set(found.tolist())) <= 2 * count
