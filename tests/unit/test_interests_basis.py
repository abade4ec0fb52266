"""The text basis of the interests benchmark: axes are what words share, whatever stands often by itself."""

from __future__ import annotations

import numpy as np
import pytest

sp = pytest.importorskip("scipy.sparse", reason="needs the dev extra")
axes_of = pytest.importorskip("benchmarks.cooccurrence", reason="needs the dev extra").axes_of

TOPICS, WORDS_EACH, LONERS = 3, 8, 6


def bags(papers: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """(papers, words) rows of length 1, and each paper's topic: four words of it, and often one that goes with none."""
    rng = np.random.default_rng(0)
    topics = rng.integers(0, TOPICS, papers)
    counts = np.zeros((papers, TOPICS * WORDS_EACH + LONERS), dtype=np.float32)
    for row, topic in enumerate(topics):
        counts[row, topic * WORDS_EACH + rng.choice(WORDS_EACH, 4, replace=False)] = 1
        counts[row, -1 - rng.integers(LONERS)] = 3
    return counts / np.linalg.norm(counts, axis=1, keepdims=True), topics


def test_papers_on_one_subject_are_close_without_a_common_word() -> None:
    """Words that stand together are one axis, and heavy words that go with nothing in particular are none."""
    papers, topics = bags()
    axes = axes_of(sp.csr_matrix(papers), 4)
    assert axes.shape[0] == papers.shape[1]
    places = papers @ axes
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    likeness = places @ places.T
    apart = (papers[:, :-LONERS] @ papers[:, :-LONERS].T == 0) & (topics[:, None] == topics)
    other = topics[:, None] != topics
    assert np.median(likeness[apart]) > np.median(likeness[other]) + 0.5
    own = np.linalg.norm(axes, axis=1)
    assert own[-LONERS:].max() < 0.5 * own[:-LONERS].min()
