"""Why a paper is here, in one line that a reader can check: only what is true of this paper, with its own figures.

"KV cache" in the title · 181 votes in 9 h, top 2 % of cs.CV this week
by David Baker, whom you follow · close to "protein design"

What is said of a paper to everybody is in :mod:`digest.ranking.told`.
"""

from __future__ import annotations

from digest.ranking.interests import LaneModel
from digest.ranking.packed import Rows
from digest.ranking.people import Person

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


def forecast_reason(part: float) -> str:
    """Said only where it mattered: ``part`` is the forecast's summand in the score."""
    return FORECAST if part >= WORTH_FORETELLING else ""


def _quoted(phrases: list[str]) -> str:
    return " and ".join(f'"{phrase}"' for phrase in phrases[:MOST_PHRASES])


def _place(rows: Rows, row: int) -> int:
    return int(rows.searchsorted(row))


def _at(rows: Rows, row: int) -> bool:
    place = _place(rows, row)
    return place < len(rows) and bool(rows[place] == row)
