"""What is expected of papers that nobody has voted on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Paper, PartKind
from digest.ranking.forecast import LEAST_CHANCE, WORTH, Authors, Forecast, expected_trend, past_of
from digest.ranking.people import author_hashes
from digest.ranking.reasons import FORECAST
from tests.support.ranking import corpus_of, fillers, paper, ranker_of, reader, votes

# An author whom everybody in the field knows; the shipped table has her under 32 bits of a hash, like everyone else.
KNOWN, UNKNOWN = "Luke Zettlemoyer", "Nemo Zzyzx Nobody"
ABSTRACT = (
    "We introduce an open multimodal large language model and release code, weights and data. Trained by reinforcement"
    " learning on verifiable rewards, it reasons over video and text, and beats the state of the art on ten benchmarks."
)


def born(number: int, author: str = KNOWN, *, category: str = "cs.CL", age_h: float = 1.0) -> Paper:
    title = f"OpenVision-R{number}: Scaling Reinforcement Learning for Multimodal Reasoning Agents"
    return paper(number, title, ABSTRACT, category=category, authors=(author,) * 1 + ("A. Person",), age_h=age_h)


def forecast(*papers: Paper, voted: int | None = None) -> dict[int, float]:
    corpus = corpus_of([*papers, *fillers()], [] if voted is None else [votes(voted, 30)])
    return dict(zip(corpus.ids.tolist(), corpus.forecast.tolist(), strict=True))


def test_authors_past_counts() -> None:
    """The same words are more to be expected of somebody whose papers were listed before."""
    found = forecast(born(1), born(2, UNKNOWN))
    assert found[1] > found[2] >= 0


def test_votes_take_the_forecasts_place() -> None:
    """A paper with votes has a trend, and nothing is foretold of it."""
    assert forecast(born(1), voted=1)[1] == 0
    assert forecast(born(1))[1] > 0


def test_nothing_is_foretold_outside_the_fields_that_were_learnt_from() -> None:
    """Unknown is neither good nor bad."""
    found = forecast(born(1, category="math.CO"))
    assert set(found.values()) == {0.0}


def test_a_forecast_fades() -> None:
    """What was not listed within days is less and less likely to be."""
    found = forecast(born(1), born(2, age_h=49))
    assert 0 < found[2] < found[1] / 3 or found[2] == 0 < found[1]


def test_it_is_a_part_with_its_reason() -> None:
    """In the score, in the sum, and in words where it mattered."""
    ranker = ranker_of([born(1), *fillers()])
    (selection,) = ranker.select([reader(balance=0)])
    (pick,) = [pick for pick in selection.picks if pick.paper_id == 1]
    (part,) = [part for part in pick.parts if part.kind is PartKind.FORECAST]
    assert part.value > 0.2
    assert FORECAST in pick.reason
    assert pick.score == sum(part.value for part in pick.parts)


def test_weights_of_another_basis_are_not_used() -> None:
    """Vectors of another basis mean something else."""
    corpus = corpus_of([born(1)])
    other = dataclasses.replace(corpus, basis=dataclasses.replace(corpus.basis, version="another"))
    assert not other.forecast.any()
    assert corpus.forecast.any()


def test_weights_survive_being_written() -> None:
    """And what is no forecast is refused."""
    shipped = Forecast.shipped()
    again = Forecast.read(shipped.dump())
    np.testing.assert_array_equal(again.weights, shipped.weights)
    np.testing.assert_array_equal(again.authors.keys, shipped.authors.keys)
    with pytest.raises(ValueError, match="not a forecast"):
        Forecast.read(corpus_of([]).basis.dump())


def test_looking_authors_up() -> None:
    """By the low 32 bits of the hash that tells given names apart; who is not there has no past."""
    key = author_hashes("Ada Lovelace")[1]
    table = Authors(
        keys=np.array([key & 0xFFFFFFFF], dtype=np.uint32),
        seen=np.array([4], dtype=np.uint8),
        listed=np.array([2], dtype=np.uint8),
        liking=np.array([3.0], dtype=np.float16),
    )
    names = np.array([key, author_hashes("Bob Unknown")[1]], dtype=np.uint64)
    past = table.past(names, np.array([1, 1], dtype=np.intp))
    np.testing.assert_array_equal(past[0], past_of(np.array([4.0]), np.array([2.0]), np.array([3.0]), np.array([1]))[0])
    assert past[0, 0] == pytest.approx(np.log(3))
    assert past[1, 0] == 0
    nobody = Authors(keys=table.keys[:0], seen=table.seen[:0], listed=table.listed[:0], liking=table.liking[:0])
    np.testing.assert_array_equal(nobody.past(names[1:], np.array([1])), past[1:])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 200), max_size=6), min_size=1, max_size=8))
def test_a_past_does_not_depend_on_the_other_papers(listed: list[list[int]]) -> None:
    """Papers without authors among them too; all numbers are finite."""
    flat = np.array([value for own in listed for value in own], dtype=np.float64)
    together = past_of(flat, flat, flat, np.array([len(own) for own in listed], dtype=np.intp))
    assert np.isfinite(together).all()
    for row, own in zip(together, listed, strict=True):
        alone = np.array(own, dtype=np.float64)
        np.testing.assert_allclose(row, past_of(alone, alone, alone, np.array([len(own)], dtype=np.intp))[0])


def test_the_scale_of_a_forecast() -> None:
    """A sure thing is worth an ordinary listed paper; a chance that is no news is worth nothing."""
    odds = np.array([[40.0, 0.0, np.log(LEAST_CHANCE / 2)], [0.0, 5.0, 0.0]])
    np.testing.assert_allclose(expected_trend(odds, np.zeros(3)), [WORTH, 0.75 * WORTH, 0.0])
