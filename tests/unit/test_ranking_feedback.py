"""More and less like this: what it does to scores, what it must not do, and how it is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from digest.feedback import FORGOTTEN, HALF_LIFE, LEARNT, Feedback, Origin, Verb, with_feedback
from digest.model import Identifier, Lane, Paper, PartKind, Scheme
from digest.ranking.feedback import MOST, Opinion
from digest.ranking.selection import Ranker, Reader
from digest.ranking.text import TextBasis, features_of
from tests.support.ranking import NOW, fillers, own_words, paper, ranker_of, reader

LANE = Lane(name="Learning", categories=("cs.LG",))
ROBOTS = [
    paper(
        n, f"Dexterous robot grasping of {thing}", f"A robot arm with tactile fingers picks up {thing}. {own_words(n)}"
    )
    for n, thing in enumerate(("mugs", "wet fish", "garlic", "cables"), start=1)
]
PROTEINS = [
    paper(
        n,
        f"Protein structure prediction for {thing}",
        f"A network folds {thing} from amino acid sequences. {own_words(n)}",
    )
    for n, thing in enumerate(("kinases", "antibodies", "membranes", "toxins"), start=11)
]
SAID_ABOUT = paper(900, "Robot hands that grasp plates", "Tactile fingers let a robot arm grasp plates from clutter.")


def opinion(about: Paper = SAID_ABOUT, *, more: bool = True, weight: float = 1.0) -> Opinion:
    (features,) = features_of([about], TextBasis.shipped())
    return Opinion(more=more, weight=weight, features=features, title=about.title)


def said_part(ranker: Ranker, who: Reader, paper_id: int) -> tuple[float, str]:
    pick = ranker.explain(who, paper_id).pick
    assert pick is not None
    assert pick.score == pytest.approx(sum(part.value for part in pick.parts))
    return next(((part.value, part.note) for part in pick.parts if part.kind is PartKind.FEEDBACK), (0.0, ""))


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return ranker_of([*ROBOTS, *PROTEINS, *fillers()])


def test_more_lifts_what_is_like_it_and_leaves_the_rest_alone(ranker: Ranker) -> None:
    """Robots rise, proteins do not move, and the part names the paper that was spoken of."""
    who = replace(reader(LANE), opinions=(opinion(),))
    value, note = said_part(ranker, who, 1)
    assert 0.5 < value <= MOST
    assert note == "like “Robot hands that grasp plates”, which you wanted more of"
    assert said_part(ranker, who, 11)[0] == 0
    first = [pick.paper_id for pick in next(iter(ranker.select([who]))).picks][:4]
    assert set(first) == {1, 2, 3, 4}


def test_less_sinks_what_is_like_it_and_lifts_nothing(ranker: Ranker) -> None:
    """No paper gains by being unlike what was not wanted."""
    who = replace(reader(LANE), opinions=(opinion(more=False),))
    assert said_part(ranker, who, 1)[0] < -0.5
    assert "less of" in said_part(ranker, who, 1)[1]
    assert all(said_part(ranker, who, other.id)[0] <= 0 for other in PROTEINS)
    picks = [pick.paper_id for pick in next(iter(ranker.select([who]))).picks]
    assert set(picks[:4]) == {11, 12, 13, 14}


def test_faded_words_say_less(ranker: Ranker) -> None:
    """The part shrinks with the weight, and is gone with it."""
    parts = [said_part(ranker, replace(reader(LANE), opinions=(opinion(weight=w),)), 1)[0] for w in (1.0, 0.5, 0.1, 0)]
    assert parts == sorted(parts, reverse=True)
    assert parts[-1] == 0


def test_feedback_alone_can_bring_a_paper_to_the_shortlist(ranker: Ranker) -> None:
    """A reader of what trends, on a day without votes, still gets what is like what they wanted more of."""
    nothing = next(iter(ranker.select([reader()])))
    wanted = next(iter(ranker.select([replace(reader(), opinions=(opinion(),) * 3)])))
    assert not nothing.picks
    assert {pick.paper_id for pick in wanted.picks} == {1, 2, 3, 4}
    assert "which you wanted more of" in wanted.picks[0].reason


def test_a_reader_is_ranked_the_same_in_company(ranker: Ranker) -> None:
    """Feedback of one is nothing to another, and batches change nothing."""
    ada, bob = replace(reader(LANE), opinions=(opinion(),)), reader(LANE, name="bob")
    together = list(ranker.select([bob, ada, bob]))
    assert together[1] == next(iter(ranker.select([ada])))
    assert together[0].picks == together[2].picks == next(iter(ranker.select([bob]))).picks


# ── what follows for the settings ───────────────────────────────────────────────────────────────────────────


def said(verb: Verb, *, days_ago: float = 0, paper_id: int | None = 900, **more: str | None) -> Feedback:
    given = NOW - dt.timedelta(days=days_ago)
    return Feedback(verb=verb, paper_id=paper_id, given_at=given, origin=Origin.WEB, **more)  # type: ignore[arg-type]


NAME = {900: Identifier(Scheme.ARXIV, "2605.00900")}


def test_evidence_fades_and_mutes_do_not() -> None:
    """Half after one half-life, forgotten below the limit; a mute stands until it is undone."""
    assert said(Verb.MORE).weight(NOW) == 1
    assert said(Verb.LESS, days_ago=HALF_LIFE.days).weight(NOW) == 0.5
    assert said(Verb.MORE, days_ago=HALF_LIFE.days * 3.4).weight(NOW) == 0
    assert said(Verb.MORE, days_ago=HALF_LIFE.days * 3.3).weight(NOW) >= FORGOTTEN
    assert said(Verb.MUTE_WORD, days_ago=3000, paper_id=None, subject="survey").weight(NOW) == 1


def test_mutes_join_those_of_the_file() -> None:
    """The declared settings stay, what was asked for since comes on top."""
    who = reader(LANE).subscriber
    given = [
        said(Verb.MUTE_WORD, paper_id=None, subject="survey"),
        said(Verb.MUTE_AUTHOR, paper_id=None, subject="Eve"),
    ]
    meant = with_feedback(who, given, {}, now=NOW)
    assert (meant.mute.words, meant.mute.authors) == (("survey",), ("Eve",))
    assert meant.lanes == who.lanes


def test_more_of_what_no_lane_asked_for_becomes_a_lane() -> None:
    """From a pick outside the lanes only; not for a reader who has no lanes, and gets all that trends."""
    who = reader(LANE).subscriber
    assert [lane.name for lane in with_feedback(who, [said(Verb.MORE)], NAME, now=NOW).lanes] == ["Learning", LEARNT]
    assert with_feedback(who, [said(Verb.MORE, lane="Learning")], NAME, now=NOW) == who
    assert with_feedback(who, [said(Verb.SAVE), said(Verb.LESS)], NAME, now=NOW) == who
    assert with_feedback(who, [said(Verb.MORE, days_ago=400)], NAME, now=NOW) == who
    assert with_feedback(reader().subscriber, [said(Verb.MORE)], NAME, now=NOW).lanes == ()
