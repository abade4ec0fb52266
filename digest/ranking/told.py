"""What is said of a paper to everybody: its votes, the hours they took, its place in the field, its age.

Made once a paper, however many readers get it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from digest.model import Attention

WORTH_TELLING_SHARE = 0.2
"""A place in the field below the first fifth is nothing to boast of."""


class Told(NamedTuple):
    """One paper's figures, and the words for them; ``votes`` is empty without any."""

    paper_id: int
    attention: Attention
    votes: str
    age: str


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


def age_reason(hours: float) -> str:
    return f"announced {_span(hours)} ago" if hours >= 1 else "announced just now"


def _span(hours: float) -> str:
    if hours < 48:
        return f"{max(1, round(hours))} h"
    return f"{round(hours / 24)} days"
