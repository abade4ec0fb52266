"""Why a paper is here, in one line that a reader can check: only what is true of this paper, with its own figures.

"KV cache" in the title · 181 votes in 9 h, top 2 % of cs.CV this week
by David Baker, whom you follow · close to "protein design"
"""

from __future__ import annotations

import math

from digest.model import Attention
from digest.ranking.interests import LaneModel
from digest.ranking.packed import Rows
from digest.ranking.people import Person

WORTH_TELLING_SHARE = 0.2
"""A place in the field below the first fifth is nothing to boast of."""

WORTH_TELLING_LIKENESS = 1.0
"""Evidence by likeness from which on "close to" is said."""

WORTH_FORETELLING = 0.2
"""The part that a forecast must have in the score before it is a reason."""

FORECAST = "likely to be talked about"
MOST_PHRASES = 2
SEPARATOR = " · "


def join(*reasons: str) -> str:
    """The reasons that there are, as one line."""
    return SEPARATOR.join(reason for reason in reasons if reason)


def lane_reason(lane: LaneModel, row: int, likeness: float) -> str:
    """What in a lane speaks for the paper in ``row``; empty if nothing does.

    Args:
        likeness: the evidence by likeness that the paper has in this lane.
    """
    titled: list[str] = []
    mentioned: list[str] = []
    scattered: list[str] = []
    for evidence in lane.phrases:
        hits = evidence.hits
        place = _place(hits.rows, row)
        if place < len(hits.rows) and hits.rows[place] == row:
            (titled if hits.in_title[place] else mentioned).append(evidence.phrase)
        elif _at(evidence.apart, row):
            scattered.append(evidence.phrase)
    if titled:
        return f"{_quoted(titled)} in the title"
    if mentioned:
        return f"{_quoted(mentioned)} in the abstract"
    if likeness >= WORTH_TELLING_LIKENESS:
        if lane.examples and not lane.phrases:
            return "close to your examples" if lane.examples > 1 else "close to your example"
        return f"close to {_quoted([p.phrase for p in lane.phrases])}" + (" and your examples" if lane.examples else "")
    if scattered:
        return f"has the words of {_quoted(scattered)}"
    category = next((c.category for c in lane.categories if _at(c.rows, row)), "")
    return f"{category}, your category" if category else ""


def author_reason(who: Person, *, certain: bool) -> str:
    return f"by {who.name}, whom you follow" if certain else f"perhaps by {who.name}, whom you follow"


def attention_reason(attention: Attention, *, of_a_week: bool = False) -> str:
    """The votes, the hours they took if known, and the place in the field if it is a good one; empty without votes.

    ``of_a_week``: those that the place was found among are the papers of a week.
    """
    if not attention.votes:
        return ""
    line = f"{attention.votes} vote{'' if attention.votes == 1 else 's'}"
    if attention.hours is not None:
        line += f" in {_span(attention.hours)}"
    if attention.share_above is not None and attention.share_above <= WORTH_TELLING_SHARE:
        # Rounded up, so that the claim is never better than the truth.
        percent = math.ceil(100 * attention.share_above)
        place = f"top {percent} % of" if percent else "first in" if attention.cohort != "all papers" else "first of"
        line += f", {place} {attention.cohort}" + (" this week" if of_a_week else "")
    return line


def forecast_reason(part: float) -> str:
    """Said only where it mattered: ``part`` is the forecast's summand in the score."""
    return FORECAST if part >= WORTH_FORETELLING else ""


def age_reason(hours: float) -> str:
    return f"announced {_span(hours)} ago" if hours >= 1 else "announced just now"


def _span(hours: float) -> str:
    if hours < 48:
        return f"{max(1, round(hours))} h"
    return f"{round(hours / 24)} days"


def _quoted(phrases: list[str]) -> str:
    return " and ".join(f'"{phrase}"' for phrase in phrases[:MOST_PHRASES])


def _place(rows: Rows, row: int) -> int:
    return int(rows.searchsorted(row))


def _at(rows: Rows, row: int) -> bool:
    place = _place(rows, row)
    return place < len(rows) and bool(rows[place] == row)
