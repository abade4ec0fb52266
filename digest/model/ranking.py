"""Why this paper, for this reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class PartKind(StrEnum):
    """The summands of a score."""

    LANE = "lane"
    TREND = "trend"
    FORECAST = "forecast"
    AUTHOR = "author"
    NOVELTY = "novelty"
    FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True)
class Part:
    """One signed summand of a score, with the words that justify it."""

    kind: PartKind
    value: float
    note: str = ""


class DecisionKind(StrEnum):
    """Everything that settles a paper's fate without being a part of its score."""

    PICKED = "picked"
    EXPLORED = "explored"
    MUTED = "muted"
    SENT_BEFORE = "sent before"
    WITHDRAWN = "withdrawn"
    NOT_A_CANDIDATE = "not a candidate"
    TOO_OLD = "too old"
    OUTSIDE_LANES = "outside the lanes"
    BELOW_THRESHOLD = "below the threshold"
    LANE_QUOTA = "lane quota"
    FIELD_CAP = "field cap"
    SAME_MATTER = "enough on the same matter"
    NEAR_TWIN = "near-twin of a pick"
    CAP = "below the last pick"


@dataclass(frozen=True, slots=True)
class Decision:
    """A named rule of selection that applied; ``remedy`` says what would have let the paper in."""

    kind: DecisionKind
    detail: str = ""
    remedy: str = ""


class Section(StrEnum):
    """Where in the mail a pick stands."""

    FOLLOWED = "followed"
    LANE = "lane"
    TRENDING = "trending"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What is known of a paper's attention: the figures that the trend part is made from.

    ``share_above`` is the share (0…1) of its cohort that did better: 0.02 reads "top 2 %".
    """

    votes: int | None = None
    hours: float | None = None
    """Hours between the first sign of the paper on the list and the last reading."""
    cohort: str = ""
    share_above: float | None = None
    rising: bool = False
    stars: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One paper for one reader; ``score`` is exactly the sum of ``parts``."""

    paper_id: int
    section: Section
    lane: str | None
    score: float
    parts: tuple[Part, ...]
    reason: str
    attention: Attention = field(default_factory=Attention)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the ranker chose for one reader."""

    subscriber_id: str
    picks: tuple[Pick, ...]
    """In mail order."""
    missed: tuple[int, ...]
    """The papers that came closest to being in it, best first."""
    considered: int
    """Candidates that were new to the reader, before mutes and thresholds."""
    quiet_reason: str = ""
    """Why there are no picks, when there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The full answer of ``why`` for one paper and one reader."""

    paper_id: int
    pick: Pick | None
    """The paper scored as a pick, also when it was not chosen; None if it could not be scored."""
    decisions: tuple[Decision, ...]
    position: int | None = None
    """Its place in the edition, 1 = first; None if it is not in it."""
    edition: dt.date | None = None
    """The edition that it went out in; None for one that is not sent yet."""
    lanes: Mapping[str, float] = field(default_factory=dict)
