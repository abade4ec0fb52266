"""What a service learns from its own observations."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import pytest

from digest.model import Observation, Signal
from digest.ranking.experience import BELIEF, Experience
from digest.ranking.forecast import Forecast
from digest.ranking.people import author_hashes
from tests.support.ranking import NOW, corpus_of, paper

TODAY = NOW.date().toordinal()
ADA = author_hashes("Ada Lovelace")[1] & 0xFFFFFFFF


def read(number: int, value: float, hours: float) -> Observation:
    """A reading some hours after midnight of NOW's day."""
    midnight = NOW.replace(hour=0)
    return Observation(number, Signal.HF_UPVOTES, value, midnight + dt.timedelta(hours=hours))


GROWING = (read(1, 0, 1), read(1, 20, 9), read(1, 90, 72))


def folded(readings: Sequence[Observation], *, papers: int = 3, start: Experience | None = None) -> Experience:
    corpus = corpus_of([paper(n, f"Paper number {n}", age_h=1) for n in range(1, papers + 1)])
    experience = start or Experience.none()
    return experience.folded(corpus.born, corpus.prospects, readings, first=TODAY, last=TODAY)


def test_a_settled_day_becomes_past() -> None:
    """Papers are counted for their authors, and those with votes are listings with their first votes and growth."""
    experience = folded(GROWING)
    assert experience.names.tolist() == [ADA]
    assert experience.seen.tolist() == [3]
    assert experience.listings.papers.tolist() == [1]
    assert experience.listings.liking[0] == pytest.approx(np.log(21), abs=0.01)
    assert experience.listings.growth[0] == pytest.approx(np.log(93 / 23) - 0.9, abs=0.01)
    assert experience.until == TODAY


def test_it_counts_in_the_forecast() -> None:
    """Whose paper was listed here is expected to be listed again."""
    corpus = corpus_of([paper(n, f"Paper number {n}", "Words of an abstract. " * 30, age_h=1) for n in (7, 8)])
    before = corpus.prospects.odds[0]
    forecast = folded(GROWING, papers=1).applied_to(Forecast.shipped(), corrected=False)
    later = corpus_of([paper(7, "Paper number 7", "Words of an abstract. " * 30, age_h=-24)], forecast=forecast)
    assert later.prospects.odds[0] > before


def test_an_unread_day_teaches_nothing() -> None:
    """Unread is not unlisted: nobody's rate falls because a source did not answer."""
    experience = folded([])
    assert not len(experience.names)
    assert experience.shift == 0
    assert experience.until == TODAY


def test_time_goes_by_the_same_with_and_without_unread_papers() -> None:
    """Days without any reading need no papers to be passed over: nothing is learnt, and what was learnt fades."""
    learnt = dataclasses.replace(folded(GROWING), until=TODAY - 1, listed=8.0, foretold=4.0)
    looked_at, passed = folded([], start=learnt), learnt.passed(first=TODAY, last=TODAY)
    assert passed.dump() == looked_at.dump()
    assert passed.listed < learnt.listed


def test_chances_are_set_right_slowly() -> None:
    """One listed paper more than foretold moves little; the correction is bounded."""
    once = folded(GROWING)
    assert 0 < once.shift <= np.log(1 + 1 / BELIEF)
    assert dataclasses.replace(once, listed=0.0, foretold=1e9).shift == -1.5


def test_days_are_folded_once_and_in_order() -> None:
    """Twice the same day would count papers twice."""
    with pytest.raises(ValueError, match="folded already"):
        folded(GROWING, start=folded(GROWING))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -3.0])
def test_broken_readings_make_no_listing(value: float) -> None:
    """Nothing hostile gets into what is learnt."""
    assert not len(folded([read(1, value, 9)]).listings)


def test_it_survives_being_written() -> None:
    """And what is no experience is refused, however it is broken."""
    experience = folded(GROWING)
    again = Experience.read(experience.dump())
    assert str(again) == str(experience)
    np.testing.assert_array_equal(again.listings.names, experience.listings.names)
    for broken in (b"", b"nonsense", experience.dump()[:-30], Forecast.none().dump()):
        with pytest.raises(ValueError, match="not an experience"):
            Experience.read(broken)


def test_nothing_learnt_changes_nothing() -> None:
    """Without history the shipped forecast stands, and without a forecast nothing is foretold."""
    assert Experience.none().applied_to(Forecast.shipped()) is Forecast.shipped()
    none = Forecast.none()
    assert folded(GROWING).applied_to(none) is none
