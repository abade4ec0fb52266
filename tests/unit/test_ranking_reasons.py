"""Reasons: short, readable, and true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digest.languages import language
from digest.model import Attention, Lane
from digest.ranking.reasons import join
from digest.ranking.text import TextBasis, features_of
from digest.ranking.told import age_reason, attention_reason
from tests.support.ranking import corpus_of, fillers, paper, ranker_of, reader, votes

ENGLISH = language("en")


@pytest.mark.parametrize(
    ("attention", "line"),
    [
        (Attention(), ""),
        (Attention(votes=0, cohort="cs.CV", share_above=0.5), ""),
        (Attention(votes=1, cohort="cs.CV", share_above=0.5), "1 vote"),
        (Attention(votes=181, hours=9.2, cohort="cs.CV", share_above=0.0189), "181 votes in 9 h, top 2 % of cs.CV"),
        (Attention(votes=181, hours=0.2, cohort="cs.CV", share_above=0.0201), "181 votes in 1 h, top 3 % of cs.CV"),
        (Attention(votes=181, hours=50, cohort="cs.CV", share_above=0.0), "181 votes in 2 days, first in cs.CV"),
        (Attention(votes=9, cohort="all papers", share_above=0.0), "9 votes, first of all papers"),
        (Attention(votes=9, cohort="all papers", share_above=0.2), "9 votes, top 20 % of all papers"),
    ],
)
def test_attention_in_words(attention: Attention, line: str) -> None:
    """Figures are rounded against the paper, and a poor place is not told."""
    assert attention_reason(attention, ENGLISH) == line


def test_ages() -> None:
    """Hours, then days."""
    assert [age_reason(hours, ENGLISH) for hours in (0.2, 5, 70)] == [
        "announced just now",
        "announced 5 h ago",
        "announced 3 days ago",
    ]


def test_joining() -> None:
    """Empty reasons leave no dots behind."""
    assert join("", "a", "", "b") == "a · b"
    assert join("", "") == ""


@pytest.mark.parametrize(
    ("lane", "start"),
    [
        (Lane(name="x", phrases=("KV caches",)), '"KV caches" in the title'),
        (Lane(name="x", phrases=("attended keys", "KV caches")), '"KV caches" in the title'),
        (Lane(name="x", phrases=("least attended keys",)), '"least attended keys" in the abstract'),
        (Lane(name="x", phrases=("KV cache", "cache eviction")), '"KV cache" and "cache eviction" in the title'),
        (Lane(name="x", categories=("cs.LG",)), "cs.LG, your category"),
        (Lane(name="x", categories=("cs",)), "cs, your category"),
        (Lane(name="x", authors=("Ada Lovelace",)), "by Ada Lovelace, whom you follow"),
    ],
)
def test_reasons_of_lanes(lane: Lane, start: str) -> None:
    """The reader's own words, where they stand."""
    ranker = ranker_of([paper(1, "KV cache eviction", "We evict the least attended keys."), *fillers()])
    (selection,) = ranker.select([reader(lane, explore=False)])
    assert selection.picks[0].reason.startswith(start)


def test_examples_as_a_reason() -> None:
    """A lane of examples has no words to quote, and says so."""
    example = paper(900, "Evicting tokens from the KV cache", "Transformers attend to few keys; drop the others.")
    (blob,) = features_of([example], TextBasis.shipped())
    ranker = ranker_of([paper(1, "KV cache eviction", "We evict the least attended keys."), *fillers()])
    who = reader(Lane(name="x", examples=example.identifiers), examples={example.identifiers[0]: blob}, explore=False)
    (selection,) = ranker.select([who])
    assert [pick.reason for pick in selection.picks] == ["close to your example"]


def test_a_week_is_named_only_if_it_is_one() -> None:
    """The cohort's span is told where the candidates are a week's."""
    attention = Attention(votes=181, hours=9.2, cohort="cs.CV", share_above=0.0189)
    assert attention_reason(attention, ENGLISH, of_a_week=True) == "181 votes in 9 h, top 2 % of cs.CV this week"
    assert corpus_of([paper(1, "One", age_h=1), paper(2, "Two", age_h=150)]).is_of_a_week
    assert not corpus_of([paper(1, "One", age_h=1), paper(2, "Two", age_h=400)]).is_of_a_week
    assert not corpus_of([paper(1, "One", age_h=1)]).is_of_a_week
    assert not corpus_of([]).is_of_a_week


@pytest.mark.parametrize(
    ("tag", "line"),
    [
        ("de", "„KV caches“ im Titel · 3 Stimmen, Erstes von allen Papern"),
        ("fr", "«\u00a0KV caches\u00a0» dans le titre · 3 votes, premier de tous les articles"),
        ("ja", "タイトルに「KV caches」 · 3 票、全論文で 1 位"),
    ],
)
def test_reasons_speak_the_reader_s_language(tag: str, line: str) -> None:
    """One ranker words the same paper for each; why, which is the operator's, stays English."""
    ranker = ranker_of(
        [paper(1, "KV cache eviction", "We evict the least attended keys."), *fillers()], [votes(1, 3, hours_ago=0)]
    )
    english = reader(Lane(name="x", phrases=("KV caches",)), explore=False)
    theirs = replace(english, subscriber=replace(english.subscriber, language=tag))
    told = {selection.picks[0].reason for selection in ranker.select([english, theirs, english])}
    assert line in told
    assert len(told) == 2
    verdict = ranker.explain(theirs, 1)
    assert verdict.pick is not None
    assert verdict.pick.reason in told - {line}
