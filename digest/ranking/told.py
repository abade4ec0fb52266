"""What is said of a paper to everybody: its votes, the hours they took, its place in the field, its age.

Made once a paper and language, however many readers get it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from digest.languages import Language
from digest.model import Attention
from digest.ranking.trend import EVERYTHING

WORTH_TELLING_SHARE = 0.2
"""A place in the field below the first fifth is nothing to boast of."""


class Told(NamedTuple):
    """One paper's figures, and the words for them; ``votes`` is empty without any."""

    paper_id: int
    attention: Attention
    votes: str
    age: str


def attention_reason(attention: Attention, language: Language, *, of_a_week: bool = False) -> str:
    """The votes, the hours they took if known, and the place in the field if it is a good one; empty without votes.

    ``of_a_week``: those that the place was found among are the papers of a week.
    """
    votes = attention.votes
    if not votes:
        return ""
    count = language.number(votes)
    if attention.hours is None:
        line = language.ngettext("%(count)s vote", "%(count)s votes", votes, count=count)
    else:
        length = _span(attention.hours, language)
        line = language.ngettext(
            "%(count)s vote in %(length)s", "%(count)s votes in %(length)s", votes, count=count, length=length
        )
    place = _place(attention, language, of_a_week=of_a_week)
    return language.gettext("%(votes)s, %(place)s", votes=line, place=place) if place else line


def _place(attention: Attention, language: Language, *, of_a_week: bool) -> str:
    share = attention.share_above
    if share is None or share > WORTH_TELLING_SHARE:
        return ""
    # Rounded up, so that the claim is never better than the truth.
    percent, of_all = math.ceil(100 * share), attention.cohort == EVERYTHING
    if percent:
        field = language.gettext("all papers") if of_all else attention.cohort
        if of_a_week:
            return language.gettext("top %(percent)s %% of %(field)s this week", percent=percent, field=field)
        return language.gettext("top %(percent)s %% of %(field)s", percent=percent, field=field)
    if of_all:
        return (
            language.gettext("first of all papers this week") if of_a_week else language.gettext("first of all papers")
        )
    if of_a_week:
        return language.gettext("first in %(field)s this week", field=attention.cohort)
    return language.gettext("first in %(field)s", field=attention.cohort)


def age_reason(hours: float, language: Language) -> str:
    if hours < 1:
        return language.gettext("announced just now")
    return language.gettext("announced %(length)s ago", length=_span(hours, language))


def _span(hours: float, language: Language) -> str:
    if hours < 48:
        return language.gettext("%(hours)s h", hours=max(1, round(hours)))
    days = round(hours / 24)
    return language.ngettext("%(count)s day", "%(count)s days", days, count=days)
