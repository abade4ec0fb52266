"""Libraries of examples as directions, whatever the basis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.ranking.examples import COARSE, FINE, MOST_EXAMPLES, Background, Manner, Vectors


def papers(count: int = 2_000, dims: int = 12, seed: int = 0) -> Vectors:
    """A cloud that is wide along its first axes and not around zero."""
    widths = np.geomspace(3, 0.2, dims)
    return (np.random.default_rng(seed).standard_normal((count, dims)) * widths + 0.5).astype(np.float32)


@pytest.mark.parametrize("manner", [COARSE, FINE])
def test_similarity_is_in_deviations(manner: Manner) -> None:
    """Over papers at large it has mean 0 and deviation 1, for one example as for many."""
    vectors = papers()
    background = Background.of_papers(vectors, manner)
    coordinates = background.coordinates(vectors)
    for count in (1, 30):
        similarity = coordinates @ background.direction(coordinates[:count])
        assert similarity.mean() == pytest.approx(0, abs=1e-3)
        assert similarity.std() == pytest.approx(1, abs=1e-3)


def test_directions_carry_over_to_vectors_as_they_are() -> None:
    """In the basis, less the shift, a direction gives the same similarity as in coordinates."""
    vectors = papers()
    background = Background.of_papers(vectors, FINE)
    coordinates = background.coordinates(vectors)
    direction = background.direction(coordinates[:7])
    back, shift = background.in_basis(direction)
    np.testing.assert_allclose(vectors @ back - shift, coordinates @ direction, atol=1e-4)


def test_like_examples_are_not_counted_twice() -> None:
    """Nine copies of one paper do not drown the one that differs."""
    background = Background.of_moments(np.zeros(4), np.eye(4))
    one, other = background.coordinates(np.eye(4, dtype=np.float32)[:2])
    direction = background.direction(np.stack([one] * 9 + [other]))
    assert other @ direction > 4 / 9 * (one @ direction)


def test_axes_along_which_all_papers_differ_count_for_less_in_the_fine_manner() -> None:
    """An example that is unusual along a narrow axis is found along it."""
    vectors = papers()
    example = vectors.mean(axis=0)
    example[[0, -1]] += 1.0
    share = {}
    for manner in (COARSE, FINE):
        background = Background.of_papers(vectors, manner)
        direction, _ = background.in_basis(background.direction(background.coordinates(example[None])))
        share[manner] = abs(direction[-1]) / abs(direction[0])
    assert share[FINE] > 2 * share[COARSE]


def test_nothing_to_go_by_gives_zeros() -> None:
    """An empty library, and one that is exactly the mean."""
    background = Background.of_moments(np.zeros(4), np.eye(4))
    assert not background.direction(np.zeros((0, 4), dtype=np.float32)).any()
    assert not background.direction(np.zeros((3, 4), dtype=np.float32)).any()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 1000))
def test_the_order_of_examples_does_not_matter(count: int, seed: int) -> None:
    """A library is a set."""
    background = Background.of_papers(papers(200))
    library = background.coordinates(papers(count, seed=seed))
    np.testing.assert_allclose(background.direction(library), background.direction(library[::-1]), atol=1e-4)


def test_a_huge_library_is_bounded() -> None:
    """What stands after the first hundreds changes nothing."""
    background = Background.of_papers(papers(200))
    library = background.coordinates(papers(MOST_EXAMPLES + 300))
    np.testing.assert_array_equal(background.direction(library), background.direction(library[:MOST_EXAMPLES]))
