"""Selections: parts that add up, rules that are named, and the same answer every time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import DecisionKind, Lane, Mute, Paper, PartKind, Pick, Section, Selection
from digest.ranking.scoring import THRESHOLD
from digest.ranking.selection import Ranker, Reader
from digest.ranking.text import TextBasis, features_of
from tests.support.ranking import NOW, corpus_of, fillers, own_words, paper, ranker_of, reader, votes

KV = Lane(name="KV", phrases=("KV cache",))
BIRDS = Lane(name="Birds", phrases=("migratory birds",))
SUBJECTS = (
    "eviction",
    "quantisation",
    "offloading",
    "paging",
    "sharing",
    "compression",
    "pruning",
    "reuse",
    "streaming",
    "merging",
)
PLACES = ("Iceland", "Kenya", "Peru", "Oman", "Siberia", "Crete", "Laos", "Chad")


def kv_papers(count: int = 10, first: int = 1) -> list[Paper]:
    """Papers on the first lane, each on a matter of its own."""
    return [
        paper(
            first + n,
            f"KV cache {SUBJECTS[n % 10]} {n}",
            f"On {SUBJECTS[n % 10]} of the KV cache: {own_words(n)}.",
        )
        for n in range(count)
    ]


def bird_papers(count: int = 3, first: int = 50) -> list[Paper]:
    return [
        paper(
            first + n,
            f"Migratory birds of {PLACES[n]}",
            f"We ringed geese in {PLACES[n]}: {own_words(n)}.",
            category="q-bio.PE",
        )
        for n in range(count)
    ]


def select(ranker: Ranker, who: Reader) -> Selection:
    (selection,) = ranker.select([who])
    return selection


def ids(picks: Sequence[Pick]) -> list[int]:
    return [pick.paper_id for pick in picks]


def decision(ranker: Ranker, who: Reader, paper_id: int) -> DecisionKind:
    return ranker.explain(who, paper_id).decisions[0].kind


# ── scores ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_scores_are_the_sums_of_their_parts() -> None:
    """Exactly, for papers of lanes and explored ones alike."""
    papers = [*kv_papers(20), *fillers()]
    ranker = ranker_of(papers, [votes(p.id, p.id % 90) for p in papers])
    selection = select(ranker, reader(KV, papers=6))
    assert selection.picks
    for pick in selection.picks:
        assert pick.score == sum(part.value for part in pick.parts)


def test_balance_weighs_lane_against_trend() -> None:
    """At 1 only the lanes count, at 0 only the votes."""
    papers = [*kv_papers(3), *fillers()]
    ranker = ranker_of(papers, [votes(fillers()[0].id, 200), votes(fillers()[1].id, 90)])
    mine = select(ranker, reader(KV, balance=1, explore=False))
    trending = select(ranker, reader(KV, balance=0, explore=False))
    assert ids(mine.picks) != ids(trending.picks)
    assert {pick.section for pick in mine.picks} == {Section.LANE}
    assert ids(trending.picks) == [fillers()[0].id, fillers()[1].id]
    assert {pick.section for pick in trending.picks} == {Section.TRENDING}
    assert all(part.kind is not PartKind.LANE for pick in trending.picks for part in pick.parts)


def test_the_best_lane_wins_and_is_named() -> None:
    """A paper stands under the lane that it is most relevant for; `why` tells the relevance in all."""
    ranker = ranker_of([*kv_papers(2), *bird_papers(2), *fillers()])
    selection = select(ranker, reader(BIRDS, KV))
    assert [(pick.lane, pick.paper_id >= 50) for pick in selection.picks] == [("Birds", True)] * 2 + [("KV", False)] * 2
    lanes = ranker.explain(reader(BIRDS, KV), 1).lanes
    assert list(lanes) == ["Birds", "KV"]
    assert lanes["KV"] > 0 > lanes["Birds"]


def test_newer_papers_come_first_among_equals() -> None:
    """Novelty is a part, and a small one."""
    title, abstract = "KV cache eviction", "We evict. " + own_words(1)
    ranker = ranker_of(
        [
            paper(1, title, abstract, age_h=100),
            paper(2, "Paged " + title, "We page. " + own_words(2), age_h=1),
            *fillers(),
        ]
    )
    parts = {pick.paper_id: {part.kind: part.value for part in pick.parts} for pick in select(ranker, reader(KV)).picks}
    assert 0 < parts[1][PartKind.NOVELTY] < parts[2][PartKind.NOVELTY] <= 0.25


# ── order and sections ──────────────────────────────────────────────────────────────────────────────────────


def test_mail_order() -> None:
    """People first, then the lanes in the reader's order, then the one from outside."""
    papers = [
        *kv_papers(2),
        *bird_papers(2),
        paper(90, "An unrelated proof", "By induction.", authors=("Grace Hopper", "Ada Lovelace"), category="math.CO"),
        *fillers(),
    ]
    lanes = (Lane(name="Birds", phrases=BIRDS.phrases, authors=("Grace Hopper",)), KV)
    selection = select(ranker_of(papers, [votes(fillers()[0].id, 300)]), reader(*lanes))
    assert [pick.section for pick in selection.picks] == [
        Section.FOLLOWED,
        *[Section.LANE] * 4,
        Section.OUTSIDE,
    ]
    assert [pick.lane for pick in selection.picks] == ["Birds", "Birds", "Birds", "KV", "KV", None]
    assert selection.picks[0].reason.startswith("by Grace Hopper, whom you follow")
    assert selection.picks[-1].reason.startswith("outside your lanes · 300 votes")


def test_initials_are_only_perhaps_a_followed_person() -> None:
    """ "G. Hopper" may be Grace; the reason does not claim more."""
    papers = [
        paper(1, "A proof", "By induction.", authors=("G. Hopper",)),
        paper(2, "B", authors=("Gary Hopper",)),
        *fillers(),
    ]
    selection = select(ranker_of(papers), reader(Lane(name="people", authors=("Grace Hopper",))))
    assert ids(selection.picks) == [1]
    assert selection.picks[0].reason.startswith("perhaps by Grace Hopper")


def test_without_lanes_what_trends() -> None:
    """A reader without lanes gets the trending papers, and nothing is outside."""
    papers = fillers()
    selection = select(ranker_of(papers, [votes(p.id, 10 * n) for n, p in enumerate(papers[:5])]), reader())
    assert ids(selection.picks) == [papers[n].id for n in (4, 3, 2, 1)]
    assert {pick.section for pick in selection.picks} == {Section.TRENDING}


def test_ties_go_to_the_smaller_id() -> None:
    """Equal scores are ordered by paper id, whatever order the store had."""
    papers = [paper(n, "An estuary", "", category="physics.ao-ph") for n in (7, 3, 5)]
    lane = Lane(name="sea", categories=("physics.ao-ph",))
    assert ids(select(ranker_of(papers), reader(lane, papers=1, explore=False)).picks) == [3]


# ── rules ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mute", "silenced"),
    [
        (Mute(words=("evictions",)), "eviction"),
        (Mute(words=("cache eviction",)), "cache eviction"),
        (Mute(authors=("Hopper, Grace",)), "Hopper, Grace"),
        (Mute(categories=("cs.CR",)), "cs.CR"),
    ],
)
def test_mutes_are_hard(mute: Mute, silenced: str) -> None:
    """A muted word, phrase, author or category never gets through, and `why` says which to unmute."""
    hit = paper(1, "KV cache eviction", "Fast.", authors=("Grace Hopper",), more_categories=("cs.CR",))
    ranker = ranker_of([hit, *fillers()], [votes(1, 500)])
    assert ids(select(ranker, reader(KV)).picks)[:1] == [1]
    assert 1 not in ids(select(ranker, reader(KV, mute=mute)).picks)
    verdict = ranker.explain(reader(KV, mute=mute), 1)
    assert verdict.decisions[0].kind is DecisionKind.MUTED
    assert silenced in verdict.decisions[0].remedy
    assert verdict.pick is not None


def test_never_twice_and_never_the_readers_own_examples() -> None:
    """What was sent, and what the reader gave, is no news; the count says how many are."""
    papers = [*kv_papers(4), *fillers()]
    ranker = ranker_of(papers)
    who = reader(KV, sent=[1, 2, 4711], known=[3])
    selection = select(ranker, who)
    assert not {1, 2, 3} & set(ids(selection.picks))
    assert selection.considered == len(papers) - 3
    assert decision(ranker, who, 1) is DecisionKind.SENT_BEFORE
    assert decision(ranker, who, 3) is DecisionKind.NOT_A_CANDIDATE


def test_withdrawn_and_old_papers_stay_out() -> None:
    """A withdrawn paper and one past the age of candidates are not sent, and not counted."""
    papers = [*kv_papers(2), paper(3, "KV cache history", "Old.", age_h=24 * 9), *fillers()]
    ranker = ranker_of(papers, withdrawn=[2])
    selection = select(ranker, reader(KV, explore=False))
    assert ids(selection.picks) == [1]
    assert selection.considered == len(papers) - 2
    assert decision(ranker, reader(KV), 2) is DecisionKind.WITHDRAWN
    assert decision(ranker, reader(KV), 3) is DecisionKind.TOO_OLD


def test_near_twins_go_out_once() -> None:
    """Of two papers that say the same the better one is sent, and `why` names the other's place."""
    text = "We evict the least attended keys of the KV cache and keep accuracy on long documents."
    papers = [
        paper(1, "KV cache eviction for long documents", text),
        paper(2, "KV cache eviction, for long documents", text),
        *fillers(),
    ]
    ranker = ranker_of(papers)
    assert ids(select(ranker, reader(KV, explore=False)).picks) == [1]
    verdict = ranker.explain(reader(KV, explore=False), 2)
    assert verdict.decisions[0].kind is DecisionKind.NEAR_TWIN
    assert "pick 1" in verdict.decisions[0].detail


def test_no_lane_crowds_out_the_others() -> None:
    """Each lane has its fair share first, and what others leave over goes out by score."""
    loud = [*kv_papers(10), *fillers()]
    observations = [votes(n, 100 + n) for n in range(1, 11)]
    both = select(ranker_of([*loud, *bird_papers(5)], observations), reader(KV, BIRDS, papers=6, explore=False))
    assert [pick.lane for pick in both.picks] == ["KV"] * 3 + ["Birds"] * 3
    few_birds = select(ranker_of([*loud, *bird_papers(1)], observations), reader(KV, BIRDS, papers=6, explore=False))
    assert [pick.lane for pick in few_birds.picks] == ["KV"] * 5 + ["Birds"]


def test_a_quiet_day_is_short() -> None:
    """Nothing is padded: what is below the threshold stays out, and with nothing the mail says why."""
    ranker = ranker_of([*kv_papers(1), *fillers()], [votes(fillers()[0].id, 300)])
    assert ids(select(ranker, reader(KV, explore=False)).picks) == [1]
    nothing = select(ranker, reader(BIRDS))
    assert nothing.picks == ()
    assert "none of them close enough to your lanes" in nothing.quiet_reason
    assert select(ranker, reader(KV)).quiet_reason == ""
    everything_sent = select(ranker, reader(KV, sent=range(2000)))
    assert (everything_sent.considered, everything_sent.quiet_reason) == (0, "nothing new since the last mail")
    assert "nobody has voted" in select(ranker_of(fillers()), reader()).quiet_reason


def test_one_place_explores() -> None:
    """Only with room for it, only for a paper that trends, and never as the only one."""
    papers = [*kv_papers(10), *fillers()]
    outside = fillers()[3].id
    ranker = ranker_of(papers, [votes(outside, 300)])
    assert ids(select(ranker, reader(KV, papers=5)).picks)[-1] == outside
    assert len(select(ranker, reader(KV, papers=5)).picks) == 5
    assert outside not in ids(select(ranker, reader(KV, papers=5, explore=False)).picks)
    assert outside not in ids(select(ranker, reader(KV, papers=2)).picks)
    assert select(ranker, reader(BIRDS, papers=5)).picks == ()
    assert Section.OUTSIDE not in {pick.section for pick in select(ranker_of(papers), reader(KV)).picks}
    assert decision(ranker, reader(KV, papers=5), outside) is DecisionKind.EXPLORED


# ── why ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_why_agrees_with_the_mail() -> None:
    """Every pick is explained as picked, at its own place, with the same parts."""
    papers = [*kv_papers(8), *bird_papers(4), *fillers()]
    ranker = ranker_of(papers, [votes(p.id, p.id % 60) for p in papers])
    who = reader(KV, BIRDS, papers=7)
    selection = select(ranker, who)
    for place, pick in enumerate(selection.picks, start=1):
        verdict = ranker.explain(who, pick.paper_id)
        assert verdict.position == place
        assert verdict.pick == pick
        assert verdict.decisions[0].kind in {DecisionKind.PICKED, DecisionKind.EXPLORED}


@pytest.mark.parametrize("lanes", [(KV,), (KV, BIRDS)])
def test_the_remedy_is_true(lanes: tuple[Lane, ...]) -> None:
    """A mail of the size that `why` names would have had the paper, and one smaller would not."""
    papers = [*kv_papers(10), *bird_papers(6), *fillers()]
    ranker = ranker_of(papers, [votes(p.id, 20 * (p.id % 7)) for p in papers])
    selection = select(ranker, reader(*lanes, papers=4))
    assert len(selection.missed) == 3
    for missed in selection.missed:
        (said,) = ranker.explain(reader(*lanes, papers=4), missed).decisions
        assert said.kind in {DecisionKind.CAP, DecisionKind.LANE_QUOTA}
        size = int(said.remedy.split("papers: ")[1].split()[0])
        assert missed in ids(select(ranker, reader(*lanes, papers=size)).picks)
        assert missed not in ids(select(ranker, reader(*lanes, papers=size - 1)).picks)


def test_why_for_what_is_far_off() -> None:
    """Outside of all lanes, below the threshold, and not a candidate at all each have their name."""
    weak = paper(3, "On something else", own_words(3), category="math.CO", more_categories=("stat.ML",), age_h=150)
    ranker = ranker_of([*kv_papers(2), weak, *fillers()])
    who = reader(KV, Lane(name="ML", categories=("stat.ML",)))
    assert decision(ranker, who, fillers()[0].id) is DecisionKind.OUTSIDE_LANES
    verdict = ranker.explain(who, 3)
    assert verdict.decisions[0].kind is DecisionKind.BELOW_THRESHOLD
    assert verdict.pick is not None
    assert f"{THRESHOLD - verdict.pick.score:.2f} more" in verdict.decisions[0].remedy
    unknown = ranker.explain(reader(KV), 4711)
    assert (unknown.pick, unknown.position) == (None, None)
    assert unknown.decisions[0].kind is DecisionKind.NOT_A_CANDIDATE
    assert decision(ranker, reader(), 1) is DecisionKind.BELOW_THRESHOLD


# ── many readers ────────────────────────────────────────────────────────────────────────────────────────────


def test_company_changes_nothing() -> None:
    """A reader gets the same edition alone and among hundreds, from a fresh ranker and a used one."""
    papers = [*kv_papers(10), *bird_papers(8), *fillers()]
    observations = [votes(p.id, p.id % 50) for p in papers]
    readers = [
        reader(*lanes, name=f"r{n}", papers=3 + n % 5, balance=n % 11 / 10, sent=range(n % 4))
        for n, lanes in enumerate([(KV,), (BIRDS, KV), (), (BIRDS,)] * 60)
    ]
    together = list(ranker_of(papers, observations).select(readers))
    assert [selection.subscriber_id for selection in together] == [who.subscriber.id for who in readers]
    used = ranker_of(papers, observations)
    for n in (0, 1, 2, 77, 238):
        assert select(used, readers[n]) == together[n]
        assert select(ranker_of(papers[::-1], observations[::-1]), readers[n]) == together[n]


def test_nobody_and_nothing() -> None:
    """No readers give no selections; no candidates give quiet ones."""
    assert list(ranker_of(fillers()).select([])) == []
    empty = ranker_of([])
    for who in (reader(KV), reader(), reader(KV, mute=Mute(words=("x",), authors=("A B",), categories=("cs",)))):
        assert select(empty, who).picks == ()
        assert empty.explain(who, 1).decisions[0].kind is DecisionKind.NOT_A_CANDIDATE


def test_a_broad_lane_is_cut_to_the_best() -> None:
    """Where thousands pass, the best of each lane are found all the same."""
    many = [paper(n, f"Result number {n}", own_words(n), category="math.CO") for n in range(1, 900)]
    lanes = (Lane(name="CO", categories=("math.CO",)), KV)
    ranker = ranker_of([*many, *kv_papers(3, first=2000)], [votes(500, 90), votes(501, 40)])
    selection = select(ranker, reader(*lanes, papers=6, explore=False))
    assert ids(selection.picks)[:2] == [500, 501]
    assert [pick.lane for pick in selection.picks][3:] == ["KV"] * 3


RANKER = Ranker(
    corpus_of([*kv_papers(10), *bird_papers(8), *fillers()], [votes(n, n * 3) for n in range(1, 58)]),
    now=NOW,
    candidate_age=dt.timedelta(days=8),
)
EXAMPLES = dict(
    zip(
        [p.identifiers[0] for p in kv_papers(3)],
        features_of(kv_papers(3), TextBasis.shipped()),
        strict=True,
    )
)
lanes = st.builds(
    Lane,
    name=st.sampled_from(["a", "b"]),
    phrases=st.lists(st.sampled_from(["KV cache", "migratory birds", "estuary", "", "\x00"]), max_size=2).map(tuple),
    categories=st.lists(st.sampled_from(["cs.LG", "q-bio", "math.CO"]), max_size=2).map(tuple),
    authors=st.lists(st.sampled_from(["Ada Lovelace", "N. Nobody", "?"]), max_size=1).map(tuple),
    examples=st.lists(st.sampled_from(list(EXAMPLES)), max_size=2).map(tuple),
)
readers = st.builds(
    lambda lanes, papers, balance, words, explore, sent: reader(
        *lanes, papers=papers, balance=balance, mute=Mute(words=words), explore=explore, sent=sent, examples=EXAMPLES
    ),
    st.lists(lanes, max_size=3),
    st.integers(1, 30),
    st.floats(0, 1),
    st.lists(st.sampled_from(["eviction", "kenya", ""]), max_size=2).map(tuple),
    st.booleans(),
    st.lists(st.integers(0, 60), max_size=20),
)


@settings(deadline=None)
@given(readers)
def test_what_holds_for_every_reader(who: Reader) -> None:
    """Whatever a reader wants: no more than asked for, nothing twice or sent before, sums that add up, in order."""
    selection = select(RANKER, who)
    picked = ids(selection.picks)
    assert len(picked) == len(set(picked)) <= who.subscriber.papers
    assert not set(picked) & who.sent
    assert not set(selection.missed) & set(picked)
    assert len(selection.missed) <= 3
    assert bool(selection.quiet_reason) != bool(picked)
    for pick in selection.picks:
        assert pick.score == sum(part.value for part in pick.parts)
        assert pick.reason
        assert pick.section is Section.OUTSIDE or pick.score >= THRESHOLD - 1e-6
    order = [Section.FOLLOWED, Section.LANE, Section.TRENDING, Section.OUTSIDE]
    assert [pick.section for pick in selection.picks] == sorted(
        (pick.section for pick in selection.picks), key=order.index
    )
    assert select(RANKER, who) == selection


def test_two_papers_on_one_matter_come_before_a_third() -> None:
    """The third waits until the other papers of the lane had their turn; with room for all, all are in."""
    quantized = (
        "Long contexts make the memory of attention the bottleneck of large language models. We quantize "
        "keys and values of the KV cache to few bits with per-channel scales, keep outliers in full precision, and "
        "measure perplexity, throughput and latency on language models of several sizes without any fine-tuning. "
    )
    genomes = (
        "Bacterial genomes are long sequences of nucleotides, and mutations in regulatory regions decide resistance to "
        "antibiotics. A KV cache lets a sequence model annotate genes of pathogens on a laptop; phylogenetic trees, "
        "protein families and plasmids of ten thousand isolates from hospitals agree with laboratory tests. "
    )
    winds = (
        "Turbulence behind wind turbines limits the power of a farm. Vortices at high Reynolds numbers are simulated "
        "with a flow solver that keeps earlier steps in a KV cache; velocity fields, wakes and pressure on blades "
        "match particle image velocimetry in a wind tunnel and large eddy simulation of the boundary layer. "
    )
    alike = [
        paper(
            n, f"KV cache quantization {word}", f"{quantized} {own_words(n)} {own_words(n + 100)} {own_words(n + 200)}"
        )
        for n, word in enumerate(("one", "two", "three", "four"), start=1)
    ]
    others = [
        paper(11, "Bacterial genomes with a KV cache", f"{genomes} {own_words(11)}"),
        paper(12, "Wind farms and a KV cache", f"{winds} {own_words(12)}"),
    ]
    ranker = ranker_of([*alike, *others, *fillers()], [votes(n, 100) for n in range(1, 5)])
    who = reader(KV, papers=4, explore=False)
    selection = select(ranker, who)
    picks = set(ids(selection.picks))
    assert {11, 12} < picks
    assert len(picks & {1, 2, 3, 4}) == 2
    verdict = ranker.explain(who, selection.missed[0])
    assert verdict.decisions[0].kind is DecisionKind.SAME_MATTER
    assert "on the same matter" in verdict.decisions[0].detail
    assert verdict.decisions[0].remedy == "papers: 5 would have included it"
    assert set(ids(select(ranker, reader(KV, papers=9, explore=False)).picks)) == {1, 2, 3, 4, 11, 12}


def test_a_field_s_cap_is_never_exceeded() -> None:
    """Not even to fill the mail; the next best of another field takes the place, and why says how to change it."""
    papers = [*kv_papers(5), paper(60, "KV cache in physics", own_words(60), category="physics.comp-ph"), *fillers()]
    ranker = ranker_of(papers)
    capped = reader(KV, papers=5, explore=False)
    capped = replace(capped, subscriber=replace(capped.subscriber, per_field=2))
    picks = ids(select(ranker, capped).picks)
    assert len(picks) == 3
    assert 60 in picks
    left = next(n for n in range(1, 6) if n not in picks)
    decision_ = ranker.explain(capped, left).decisions[0]
    assert decision_.kind is DecisionKind.FIELD_CAP
    assert decision_.remedy == "per_field: 3 would leave room for another"
