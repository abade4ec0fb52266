"""One reader's scores, part by part: the only place where a score is put together.

    score = balance × lane + author + (1 − balance) × (trend, or forecast without votes) + feedback + novelty

Every summand is already weighted, so the score *is* the sum of its parts. All are log-odds-like: what is above
:data:`THRESHOLD` is worth a reader's time. A new kind of evidence becomes one more summand here, and nothing else has
to know.

A few hundred papers are scored exactly (the same to the last bit whoever else is in the batch); which ones,
:mod:`digest.ranking.estimates` finds out with one matrix product for all readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from digest.languages import Language
from digest.model import Part, PartKind, Pick, Section
from digest.ranking import reasons
from digest.ranking.corpus import Corpus
from digest.ranking.feedback import WORTH_TELLING, FeedbackModel
from digest.ranking.interests import PRIOR, Floats, LaneModel
from digest.ranking.packed import Rows
from digest.ranking.people import Person
from digest.ranking.text import Vectors

THRESHOLD: Final = 0.3
"""A paper below this is not worth a place: the day is short rather than padded."""

IN_LANE: Final = -1.0
"""A paper of less relevance than this belongs to no lane, however much it trends."""

FOLLOWED: Final = 4.0
PERHAPS_FOLLOWED: Final = 2.0
LEAST_AUTHOR_WEIGHT: Final = 0.5
"""Whom a reader follows counts at any balance."""

NOVELTY: Final = 0.25
NOVELTY_HALF_LIFE_H: Final = 48.0

NOWHERE: Final = -1
"""The lane of a paper that belongs to none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A followed person among a paper's authors, and in which lane the reader follows them."""

    person: Person
    certain: bool
    lane: int

    @property
    def value(self) -> float:
        return FOLLOWED if self.certain else PERHAPS_FOLLOWED


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """One reader as numbers: lane models in the reader's order, weights, and what is out of the question."""

    lanes: tuple[LaneModel, ...]
    balance: float
    """Weight of the lanes; the trend has the rest. 0 for a reader without lanes."""
    followed: dict[int, Followed]
    """By row."""
    excluded: npt.NDArray[np.bool_]
    """(n,) sent before, muted, withdrawn or too old."""
    feedback: FeedbackModel | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Exact scores of some rows for one reader: arrays per row, ``vectors`` (rows, dims), ``likeness`` and
    ``relevance`` (lanes, rows)."""

    corpus: Corpus
    profile: Profile
    rows: Rows
    vectors: Vectors
    likeness: Floats
    relevance: Floats
    novelty: Floats

    @classmethod
    def of(cls, corpus: Corpus, profile: Profile, rows: Rows, novelty: Floats) -> Scored:
        """``novelty`` is that of the whole corpus."""
        vectors = corpus.matrix[rows]
        likeness = np.empty((len(profile.lanes), len(rows)))
        relevance = np.empty((len(profile.lanes), len(rows)))
        for number, lane in enumerate(profile.lanes):
            likeness[number] = lane.likeness_of(vectors)
            relevance[number] = PRIOR + likeness[number] + lane.bonus_of(rows)
        return cls(
            corpus=corpus,
            profile=profile,
            rows=rows,
            vectors=vectors,
            likeness=likeness,
            relevance=relevance,
            novelty=novelty[rows],
        )

    @cached_property
    def lane(self) -> npt.NDArray[np.intp]:
        """The lane that each paper stands in: that of a followed author, else the most relevant, else NOWHERE."""
        if not self.profile.lanes:
            return np.full(len(self.rows), NOWHERE, dtype=np.intp)
        lane = np.where(self._best_relevance >= IN_LANE, self._best_lane, NOWHERE)
        for place, followed in self._followed.items():
            lane[place] = followed.lane
        return lane

    @cached_property
    def parts(self) -> dict[PartKind, Floats]:
        """Each summand of the score by its kind, (rows,), weighted already."""
        attention = 1 - self.profile.balance
        return {
            PartKind.LANE: self._lane_part(),
            PartKind.AUTHOR: self._author_part(),
            PartKind.TREND: attention * self.corpus.trend.score[self.rows],
            PartKind.FORECAST: attention * self.corpus.forecast[self.rows],
            PartKind.FEEDBACK: self._feedback_part(),
            PartKind.NOVELTY: self.novelty,
        }

    @cached_property
    def score(self) -> Floats:
        """Rounded to a millionth, so that the last bits of a sum decide nothing; ties go to the smaller paper id."""
        return np.asarray(np.round(sum(self.parts.values()), 6), dtype=np.float64)

    def best_first(self, places: Rows) -> list[int]:
        """``places`` in ``rows`` by score; equals stay in the order in which they are given."""
        order: list[int] = places[np.argsort(-self.score[places], kind="stable")].tolist()
        return order

    def followed(self, place: int) -> Followed | None:
        return self._followed.get(place)

    @cached_property
    def _followed(self) -> dict[int, Followed]:
        found = self.profile.followed
        return {i: found[row] for i, row in enumerate(self.rows.tolist()) if row in found} if found else {}

    @cached_property
    def _best_lane(self) -> npt.NDArray[np.intp]:
        return np.asarray(self.relevance.argmax(axis=0), dtype=np.intp)

    @cached_property
    def _best_relevance(self) -> Floats:
        return np.asarray(self.relevance.max(axis=0), dtype=np.float64)

    def _lane_part(self) -> Floats:
        if not self.profile.lanes:
            return np.zeros(len(self.rows))
        part = self.profile.balance * self._best_relevance
        for place in self._followed:
            # A followed author's paper need not be about the lane's subject.
            part[place] = max(part[place], 0.0)
        return part

    def _author_part(self) -> Floats:
        part = np.zeros(len(self.rows))
        for place, followed in self._followed.items():
            part[place] = followed.value * max(self.profile.balance, LEAST_AUTHOR_WEIGHT)
        return part

    def _feedback_part(self) -> Floats:
        if self.profile.feedback is None:
            return np.zeros(len(self.rows))
        return self.profile.feedback.part(self.corpus, self.rows)

    # ── one paper, with its reasons ─────────────────────────────────────────────────────────────────────────

    def pick(self, place: int, section: Section | None = None, *, language: Language) -> Pick:
        """The paper with its parts and their words; the section is the one it would stand in, unless told."""
        row = int(self.rows[place])
        told = self.corpus.told(row, language)
        lane_number = int(self.lane[place])
        followed = self.followed(place)
        because_of_lane = self._lane_words(place, lane_number, language)
        values = dict(zip(self.parts, self._summands[:, place].tolist(), strict=True))
        by = reasons.author_reason(followed.person, language, certain=followed.certain) if followed else ""
        best = self._name(place)
        said = values[PartKind.FEEDBACK]
        because_of_you = self.profile.feedback.note(self.corpus, row, said, language) if self.profile.feedback else ""
        forecast = reasons.forecast_reason(language)
        notes = {
            PartKind.LANE: f"{best}: {because_of_lane}" if because_of_lane else best,
            PartKind.AUTHOR: by,
            PartKind.TREND: told.votes,
            PartKind.FORECAST: forecast,
            PartKind.FEEDBACK: because_of_you,
            PartKind.NOVELTY: told.age,
        }
        parts = tuple(Part(kind, value, notes[kind]) for kind, value in values.items() if value)
        section = section or self.section(place)
        named = section in {Section.LANE, Section.FOLLOWED} and lane_number != NOWHERE
        return Pick(
            paper_id=told.paper_id,
            section=section,
            lane=self.profile.lanes[lane_number].name if named else None,
            score=sum(part.value for part in parts),
            parts=parts,
            reason=reasons.join(
                language.gettext("outside your lanes") if section is Section.OUTSIDE else "",
                by,
                because_of_lane if section is not Section.OUTSIDE else "",
                told.votes,
                forecast if values[PartKind.FORECAST] >= reasons.WORTH_FORETELLING else "",
                because_of_you if said >= WORTH_TELLING else "",
            )
            or told.age,
            attention=told.attention,
        )

    @cached_property
    def _summands(self) -> Floats:
        """The parts as one table: (kinds, rows)."""
        return np.array(list(self.parts.values()))

    def section(self, place: int) -> Section:
        if self.followed(place):
            return Section.FOLLOWED
        return Section.LANE if self.lane[place] != NOWHERE else Section.TRENDING

    def lanes_of(self, place: int) -> dict[str, float]:
        """Relevance by lane name, in the reader's order."""
        return {
            lane.name: round(float(value), 3)
            for lane, value in zip(self.profile.lanes, self.relevance[:, place], strict=True)
        }

    def _name(self, place: int) -> str:
        return self.profile.lanes[int(self._best_lane[place])].name if self.profile.lanes else ""

    def _lane_words(self, place: int, number: int, language: Language) -> str:
        if number == NOWHERE:
            return ""
        return reasons.lane_reason(
            self.profile.lanes[number], int(self.rows[place]), float(self.likeness[number, place]), language
        )
