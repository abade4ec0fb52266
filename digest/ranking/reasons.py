"""Why a paper is here, in one line that a reader can check: only what is true of this paper, with its own figures.

"KV cache" in the title · 181 votes in 9 h, top 2 % of cs.CV this week
by David Baker, whom you follow · close to "protein design"

In the language of who reads it. What is said of a paper to everybody is in :mod:`digest.ranking.told`.
"""

from __future__ import annotations

from digest.languages import Language
from digest.ranking.interests import LaneModel
from digest.ranking.packed import Rows
from digest.ranking.people import Person

WORTH_TELLING_LIKENESS = 1.0
"""Evidence by likeness from which on "close to" is said."""

WORTH_FORETELLING = 0.2
"""The part that a forecast must have in the score before it is a reason."""

MOST_PHRASES = 2
SEPARATOR = " · "


def join(*reasons: str) -> str:
    """The reasons that there are, as one line."""
    return SEPARATOR.join(reason for reason in reasons if reason)


def lane_reason(lane: LaneModel, row: int, likeness: float, language: Language) -> str:
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
        return language.gettext("%(phrases)s in the title", phrases=_quoted(titled, language))
    if mentioned:
        return language.gettext("%(phrases)s in the abstract", phrases=_quoted(mentioned, language))
    if likeness >= WORTH_TELLING_LIKENESS:
        return _close(lane, language)
    if scattered:
        return language.gettext("has the words of %(phrases)s", phrases=_quoted(scattered, language))
    category = next((c.category for c in lane.categories if _at(c.rows, row)), "")
    return language.gettext("%(category)s, your category", category=category) if category else ""


def _close(lane: LaneModel, language: Language) -> str:
    if not lane.phrases and lane.examples:
        return language.ngettext("close to your example", "close to your examples", lane.examples)
    phrases = _quoted([evidence.phrase for evidence in lane.phrases], language)
    if lane.examples:
        return language.gettext("close to %(phrases)s and your examples", phrases=phrases)
    return language.gettext("close to %(phrases)s", phrases=phrases)


def author_reason(who: Person, language: Language, *, certain: bool) -> str:
    if certain:
        return language.gettext("by %(name)s, whom you follow", name=who.name)
    return language.gettext("perhaps by %(name)s, whom you follow", name=who.name)


def forecast_reason(language: Language) -> str:
    return language.gettext("likely to be talked about")


def _quoted(phrases: list[str], language: Language) -> str:
    return language.listed([language.gettext('"%(phrase)s"', phrase=phrase) for phrase in phrases[:MOST_PHRASES]])


def _place(rows: Rows, row: int) -> int:
    return int(rows.searchsorted(row))


def _at(rows: Rows, row: int) -> bool:
    place = _place(rows, row)
    return place < len(rows) and bool(rows[place] == row)
