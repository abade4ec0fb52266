"""``digest why``: the named decisions about one paper, each with what would have let it in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from digest.languages import ENGLISH
from digest.languages import language as language_of
from digest.model import Decision, DecisionKind, Mute, Section, Verdict
from digest.ranking.corpus import Corpus
from digest.ranking.editing import Edited, edit
from digest.ranking.interests import PRIOR
from digest.ranking.packed import Rows
from digest.ranking.scoring import IN_LANE, NOWHERE, THRESHOLD

_LONGEST_MAIL = 100
"""More places than this are not worth suggesting."""


def muted_by(mute: Mute) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What is muted, by kind."""
    return ("word", mute.words), ("author", mute.authors), ("category", mute.categories)


def hard_decisions(
    corpus: Corpus,
    row: int | None,
    paper_id: int,
    mute: Mute,
    mutes: Callable[[str, str], Rows],
    *,
    sent: bool,
    known: bool,
    too_old: bool,
    candidate_age: dt.timedelta,
) -> tuple[Decision, ...]:
    """What rules a paper out whatever its score, all of it."""
    found: list[Decision] = []
    days = f"{candidate_age / dt.timedelta(days=1):g} days"
    if row is None:
        found.append(
            Decision(
                DecisionKind.NOT_A_CANDIDATE,
                f"paper {paper_id} is not among the {len(corpus)} papers of the last {days}",
                "freshness.candidate_age in config.yaml, if it is only too old",
            )
        )
    if sent:
        found.append(Decision(DecisionKind.SENT_BEFORE, "it was in an earlier mail", "nothing: a paper is sent once"))
    if known:
        found.append(Decision(DecisionKind.NOT_A_CANDIDATE, "it is one of the reader's own examples", "nothing"))
    if row is None:
        return tuple(found)
    if corpus.withdrawn[row]:
        found.append(Decision(DecisionKind.WITHDRAWN, "its authors withdrew it", "nothing"))
    if too_old:
        found.append(
            Decision(DecisionKind.TOO_OLD, f"it is older than {days}", "freshness.candidate_age in config.yaml")
        )
    for kind, values in muted_by(mute):
        found.extend(
            Decision(DecisionKind.MUTED, f"the {kind} {value!r} is muted", f"unmute {value!r}")
            for value in values
            if np.isin(row, mutes(kind, value))
        )
    return tuple(found)


def verdict_of(edited: Edited, paper_id: int, row: int, hard: tuple[Decision, ...]) -> Verdict:
    """The answer for a paper that could be scored."""
    scored = edited.scored
    place = int(np.searchsorted(scored.rows, row))
    position = edited.position(place)
    section = edited.picks[position - 1][1] if position is not None else None
    return Verdict(
        paper_id=paper_id,
        pick=scored.pick(place, section, language=language_of(ENGLISH)),
        decisions=hard or (_decision(edited, place, position),),
        position=position,
        lanes=scored.lanes_of(place),
    )


def _decision(edited: Edited, place: int, position: int | None) -> Decision:
    if position is not None:
        of = f"place {position} of {len(edited.picks)}"
        if edited.picks[position - 1][1] is Section.OUTSIDE:
            return Decision(
                DecisionKind.EXPLORED,
                f"{of}: the most trending paper outside the lanes",
                "explore: false leaves it out",
            )
        return Decision(DecisionKind.PICKED, of)
    scored = edited.scored
    score = float(scored.score[place])
    if score < THRESHOLD:
        return _below(edited, place, score)
    if place in edited.twins:
        twin = edited.twins[place]
        other = edited.position(twin.of)
        return Decision(
            DecisionKind.NEAR_TWIN,
            f"it says nearly the same as pick {other} (similarity {twin.similarity:.2f})",
            f"without pick {other} it could be in",
        )
    if place in edited.over_field:
        field = scored.corpus.categories[int(scored.rows[place])] or "no category"
        cap = edited.rules.per_field or 0
        return Decision(
            DecisionKind.FIELD_CAP,
            f"{field} has its {cap} places already (per_field), with better papers",
            f"per_field: {cap + 1} would leave room for another",
        )
    if place in edited.over_matter:
        others = " and ".join(str(edited.position(other)) for other in edited.over_matter[place][:2])
        return Decision(
            DecisionKind.SAME_MATTER,
            f"picks {others} are on the same matter, so others came first",
            _more_places(edited, place),
        )
    if place in edited.over_quota:
        lane = scored.profile.lanes[int(scored.lane[place])].name
        return Decision(
            DecisionKind.LANE_QUOTA,
            f"the lane {lane!r} has its {edited.quota} places already, with better papers",
            _more_places(edited, place),
        )
    last = min(float(scored.score[picked]) for picked, section in edited.picks if section is not Section.OUTSIDE)
    gap = f"score {score:.2f}, the last pick had {last:.2f}: {max(last - score, 0):.2f} more"
    places = _more_places(edited, place)
    return Decision(DecisionKind.CAP, f"score {score:.2f}, the last pick had {last:.2f}", f"{gap}; or {places}")


def _below(edited: Edited, place: int, score: float) -> Decision:
    scored = edited.scored
    missing = f"score {score:.2f}, it takes {THRESHOLD:.2f}: {THRESHOLD - score:.2f} more"
    if not scored.profile.lanes:
        return Decision(DecisionKind.BELOW_THRESHOLD, "too little attention", f"{missing} by votes")
    nearest = int(scored.relevance[:, place].argmax())
    lane, relevance = scored.profile.lanes[nearest].name, float(scored.relevance[nearest, place])
    if scored.lane[place] == NOWHERE:
        nearest_lane = f"the nearest, {lane!r}, has {relevance:.1f}, and it takes {IN_LANE:.1f}"
        return Decision(
            DecisionKind.OUTSIDE_LANES,
            nearest_lane if relevance > PRIOR else "nothing in any lane speaks for it",
            f"a phrase, category or example that speaks for it ({missing})",
        )
    return Decision(DecisionKind.BELOW_THRESHOLD, f"not close enough to {lane!r} ({relevance:.1f})", missing)


def _more_places(edited: Edited, place: int) -> str:
    """The smallest ``papers`` with which the same rules would have let the paper in, found by applying them."""
    for papers in range(edited.rules.papers + 1, _LONGEST_MAIL + 1):
        longer = edit(edited.scored, eligible=edited.eligible, rules=replace(edited.rules, papers=papers))
        if longer.position(place) is not None:
            return f"papers: {papers} would have included it"
    return f"more than papers: {_LONGEST_MAIL}"
