"""What is expected of papers that nobody has voted on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Paper, PartKind, Signal
from digest.ranking.authorship import NUMBERS
from digest.ranking.forecast import LEAST_CHANCE, WORTH, Forecast, Prospects
from digest.ranking.past import GROWN_DAYS, Listings, Past
from digest.ranking.people import author_hashes
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
    assert "likely to be talked about" in pick.reason
    assert pick.score == sum(part.value for part in pick.parts)


def test_weights_of_another_basis_are_not_used() -> None:
    """Vectors of another basis mean something else."""
    assert corpus_of([born(1)]).forecast.any()
    other = dataclasses.replace(Forecast.shipped(), basis="another")
    assert not corpus_of([born(1)], forecast=other).forecast.any()


def test_without_weights_nothing_is_foretold() -> None:
    """A service whose weights were taken out still ranks: by lanes and votes."""
    corpus = corpus_of([born(1), born(2)], [votes(2, 30)], forecast=Forecast.none())
    assert not corpus.forecast.any()
    assert corpus.trend.score[1] > 0


def test_growth_foretold_leans_young_votes_only() -> None:
    """Of two papers with like votes the one that is expected to grow stands higher, until the growing is over."""
    grows = dataclasses.replace(
        Forecast.shipped(),
        weights=np.zeros_like(Forecast.shipped().weights),
        directions=np.zeros_like(Forecast.shipped().directions),
        intercepts=np.array([0.0, 0.0, 1.0]),
    )

    def lean(hours: float) -> float:
        readings = [votes(1, 0, hours_ago=hours), votes(1, 20, hours_ago=0)]
        with_it, without = (corpus_of([born(1), *fillers()], readings, forecast=f) for f in (grows, Forecast.none()))
        return float(with_it.trend.score[0] / without.trend.score[0])

    assert lean(8) > 1.05
    assert 1 <= lean(24 * 20) < 1.01


def test_stars_stand_for_votes_that_are_not_there_yet() -> None:
    """A repository that is already starred raises what is expected; one without stars known changes nothing."""
    plain = corpus_of([born(1), *fillers()])
    starred = corpus_of([born(1), *fillers()], [votes(1, 900, signal=Signal.GITHUB_STARS)])
    assert starred.forecast[0] > plain.forecast[0] > 0


def test_weights_survive_being_written() -> None:
    """And what is no forecast is refused."""
    shipped = Forecast.shipped()
    again = Forecast.read(shipped.dump())
    np.testing.assert_array_equal(again.weights, shipped.weights)
    np.testing.assert_array_equal(again.past.keys, shipped.past.keys)
    np.testing.assert_array_equal(again.past.listings.names, shipped.past.listings.names)
    assert again.until == shipped.until
    with pytest.raises(ValueError, match="not a forecast"):
        Forecast.read(corpus_of([]).basis.dump())


ADA, BOB, EVE = (np.uint32(author_hashes(name)[1] & 0xFFFFFFFF) for name in ("Ada Lovelace", "Bob B", "Eve E"))
TODAY = 739_000


def past_with(*listings: tuple[int, int, list[np.uint32]], seen: int = 4) -> Past:
    """Listings as (paper, day, authors), all liked alike; Ada has announced ``seen`` papers."""
    count = len(listings)
    table = Listings(
        papers=np.array([paper for paper, _, _ in listings], dtype=np.int64),
        days=np.array([day for _, day, _ in listings], dtype=np.int32),
        liking=np.full(count, 2.0, dtype=np.float16),
        growth=np.full(count, 0.5, dtype=np.float16),
        counts=np.array([len(own) for _, _, own in listings], dtype=np.uint16),
        names=np.array([name for _, _, own in listings for name in own], dtype=np.uint32),
    )
    return Past.nothing().with_news(np.array([ADA]), np.array([seen]), table)


def row(past: Past, *names: np.uint32, paper: int = 99, day: int = TODAY) -> list[float]:
    found = past.numbers(
        np.array(names, dtype=np.uint32), np.array([len(names)]), np.array([day], dtype=np.int32), np.array([paper])
    )
    assert found.shape == (1, NUMBERS)
    return list(found[0].tolist())


def test_looking_authors_up() -> None:
    """Who is not there has no past, and nobody has one where nothing is known."""
    past = past_with((1, TODAY - 30, [ADA]), (2, TODAY - 20, [ADA]))
    assert row(past, ADA)[0] == pytest.approx(np.log(3))
    assert row(past, ADA)[14] == pytest.approx(np.log(5))
    assert row(past, EVE) == row(Past.nothing(), ADA)
    assert row(past)[0] == 0


def test_only_what_came_before_counts() -> None:
    """Neither a listing of the same day or later, nor the paper's own."""
    nothing = row(past_with(), ADA)
    assert row(past_with((1, TODAY, [ADA])), ADA) == nothing
    assert row(past_with((99, TODAY - 3, [ADA])), ADA, paper=99) == nothing
    assert row(past_with((1, TODAY - 1, [ADA])), ADA) != nothing


def test_growth_is_known_only_when_it_is_over() -> None:
    """A listing of last week says nothing yet about how its votes grew."""
    growth = slice(28, 31)
    assert row(past_with((1, TODAY - GROWN_DAYS + 1, [ADA])), ADA)[growth] == [0, 0, 0]
    assert min(row(past_with((1, TODAY - GROWN_DAYS, [ADA])), ADA)[growth]) > 0


def test_a_team_is_told_from_two_names() -> None:
    """A listing that both wrote together says more than two that each wrote with others; old ones fade."""
    together = row(past_with((1, TODAY - 9, [ADA, BOB])), ADA, BOB)[31:]
    apart = row(past_with((1, TODAY - 9, [ADA, EVE]), (2, TODAY - 9, [BOB])), ADA, BOB)[31:]
    long_ago = row(past_with((1, TODAY - 900, [ADA, BOB])), ADA, BOB)[31:]
    assert together[0] > apart[0] == 0
    assert together[2] > 10 * long_ago[2]


def test_news_continue_a_past() -> None:
    """Counts add up, new authors are found, and all listings count."""
    past = past_with((1, TODAY - 30, [ADA])).with_news(
        np.array([ADA, EVE]), np.array([2, 70_000]), past_with((2, TODAY - 3, [EVE])).listings
    )
    np.testing.assert_array_equal(past.announced(np.array([ADA, EVE, BOB])), [6, 65_535, 0])
    assert row(past, EVE)[0] == pytest.approx(np.log(2))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from([int(ADA), int(BOB), int(EVE), 7]), max_size=6), min_size=1, max_size=8))
def test_a_past_does_not_depend_on_the_other_papers(authors: list[list[int]]) -> None:
    """Papers without authors among them too; all numbers are finite."""
    past = past_with((1, TODAY - 9, [ADA, BOB]), (2, TODAY - 40, [ADA]), (3, TODAY - 2, [EVE, BOB, ADA]))
    together = past.numbers(
        np.array([name for own in authors for name in own], dtype=np.uint32),
        np.array([len(own) for own in authors]),
        np.full(len(authors), TODAY, dtype=np.int32),
        np.arange(100, 100 + len(authors)),
    )
    assert np.isfinite(together).all()
    for found, own in zip(together, authors, strict=True):
        np.testing.assert_allclose(found, row(past, *(np.uint32(name) for name in own)))


def test_the_scale_of_a_forecast() -> None:
    """A sure thing is worth an ordinary listed paper; a chance that is no news, or unknown, is worth nothing."""
    odds = np.array([40.0, 0.0, np.log(LEAST_CHANCE / 2), np.nan])
    prospects = Prospects(odds=odds, votes=np.array([0.0, 5.0, 0.0, np.nan]), growth=np.zeros(4))
    np.testing.assert_allclose(prospects.expected_trend(np.zeros(4), np.zeros(4)), [WORTH, 0.75 * WORTH, 0.0, 0.0])
