"""Candidates → one reader's edition: which papers, in which order, and why every other one was left out.

    all candidates ──estimate──▶ a few hundred ──score exactly──▶ in order of score ──rules──▶ picks

The estimate is one matrix product for the lanes of a whole batch of readers. Everything that decides is exact, so a
reader gets the same edition alone and among a thousand. The rules are named: each paper's :class:`Decision` says which
one settled its fate, and what would have let it in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from digest.languages import of_reader
from digest.model import Identifier, Mute, Selection, Subscriber, Verdict
from digest.ranking.corpus import Corpus
from digest.ranking.editing import Edited, Rules, edit
from digest.ranking.estimates import Common, passing, relevances
from digest.ranking.feedback import FeedbackModel, Opinion
from digest.ranking.interests import LaneBuilder, LaneModel
from digest.ranking.packed import Rows
from digest.ranking.people import person
from digest.ranking.scoring import NOVELTY, NOVELTY_HALF_LIFE_H, THRESHOLD, Followed, Profile, Scored
from digest.ranking.text import Vectors
from digest.ranking.tokens import token_hashes
from digest.ranking.verdicts import hard_decisions, muted_by, verdict_of

__all__ = ["Ranker", "Reader"]

LANES_AT_ONCE = 192
"""Lanes in one matrix product: with 20,000 candidates their scores take 15 MB."""

_ENOUGH = 4
"""Papers scored exactly, as a multiple of the places in the mail, where many pass the threshold; and at least…"""
_AT_LEAST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A subscriber, the papers that are gone for them, and the packed features of their lanes' examples."""

    subscriber: Subscriber
    sent: AbstractSet[int] = frozenset()
    known: AbstractSet[int] = frozenset()
    """Papers that the reader gave as examples: no news to them."""
    examples: Mapping[Identifier, bytes] = field(default_factory=dict)
    opinions: tuple[Opinion, ...] = ()
    """What they said of earlier picks."""


class Ranker:
    """Ranks one corpus for any number of readers. Look-ups that readers share are done once."""

    def __init__(self, corpus: Corpus, *, now: dt.datetime, candidate_age: dt.timedelta) -> None:
        self._corpus = corpus
        self._builder = LaneBuilder(corpus)
        self._candidate_age = candidate_age
        too_old = np.array([now - seen > candidate_age for seen in corpus.seen_at], dtype=bool)
        self._out = too_old | corpus.withdrawn
        self._open = int((~self._out).sum())
        self._too_old = too_old
        self._novelty = NOVELTY * 0.5 ** (corpus.ages_h / NOVELTY_HALF_LIFE_H)
        self._common = Common.of(corpus, self._novelty)
        self._muted: dict[tuple[str, str], Rows] = {}
        trending = np.lexsort((np.arange(len(corpus)), -corpus.trend.score))
        self._trending: Rows = trending[(corpus.trend.score[trending] > 0) & ~self._out[trending]]

    # ── many readers ────────────────────────────────────────────────────────────────────────────────────────

    def select(self, readers: Sequence[Reader]) -> Iterator[Selection]:
        """One selection per reader, in order."""
        for batch in _batches(readers):
            self._builder.prepare(
                [lane for reader in batch for lane in reader.subscriber.lanes],
                [word for reader in batch for word in reader.subscriber.mute.words],
            )
            profiles = [self._profile(reader) for reader in batch]
            estimates = relevances([lane for profile in profiles for lane in profile.lanes], self._corpus.matrix)
            at = 0
            for reader, profile in zip(batch, profiles, strict=True):
                mine = estimates[at : at + len(profile.lanes)]
                at += len(profile.lanes)
                yield self._selection(reader, profile, self._edit(reader.subscriber, profile, mine))

    def _selection(self, reader: Reader, profile: Profile, edited: Edited) -> Selection:
        scored, language = edited.scored, of_reader(reader.subscriber.language)
        return Selection(
            subscriber_id=reader.subscriber.id,
            picks=tuple(scored.pick(place, section, language=language) for place, section in edited.picks),
            missed=tuple(self._corpus.ids[scored.rows[list(edited.missed)]].tolist()),
            considered=(considered := self._considered(reader)),
            quiet_reason="" if edited.picks else _quiet(considered, profile),
        )

    def _considered(self, reader: Reader) -> int:
        gone = self._corpus.rows_of(reader.sent | reader.known)
        return self._open - int((~self._out[gone]).sum())

    def _edit(self, subscriber: Subscriber, profile: Profile, estimates: Vectors, also: Sequence[int] = ()) -> Edited:
        """The reader's edition; the rows in ``also`` are scored too, whatever their chances."""
        chosen = self._shortlist(profile, estimates, subscriber.papers)
        if subscriber.explore and profile.lanes:
            chosen[self._explorable(profile)] = True
        chosen[list(also)] = True
        scored = Scored.of(self._corpus, profile, np.flatnonzero(chosen), self._novelty)
        eligible = ~profile.excluded[scored.rows]
        rules = Rules(papers=subscriber.papers, explore=subscriber.explore, per_field=subscriber.per_field)
        return edit(scored, eligible=eligible, rules=rules)

    # ── one paper ───────────────────────────────────────────────────────────────────────────────────────────

    def explain(self, reader: Reader, paper_id: int) -> Verdict:
        """What became of one paper for this reader, and what would have let it in."""
        row = self._corpus.row_of(paper_id)
        hard = hard_decisions(
            self._corpus,
            row,
            paper_id,
            reader.subscriber.mute,
            self._mutes,
            sent=paper_id in reader.sent,
            known=paper_id in reader.known,
            too_old=row is not None and bool(self._too_old[row]),
            candidate_age=self._candidate_age,
        )
        if row is None:
            return Verdict(paper_id=paper_id, pick=None, decisions=hard)
        profile = self._profile(reader)
        edited = self._edit(reader.subscriber, profile, relevances(profile.lanes, self._corpus.matrix), also=[row])
        return verdict_of(edited, paper_id, row, hard)

    def matches(self, reader: Reader) -> dict[str, int]:
        """How many candidates each of the reader's lanes would let in by itself, with the people it follows."""
        profile = self._profile(reader)
        enough = THRESHOLD / max(profile.balance, NOVELTY)
        passing = relevances(profile.lanes, self._corpus.matrix) >= enough
        for row, followed in profile.followed.items():
            passing[followed.lane, row] = True
        counts = (passing & ~profile.excluded).sum(axis=1).tolist()
        return {lane.name: count for lane, count in zip(reader.subscriber.lanes, counts, strict=True)}

    def silenced(self, mute: Mute) -> int:
        """How many candidates these mutes keep from a reader."""
        silent = np.zeros(len(self._corpus), dtype=bool)
        for kind, values in muted_by(mute):
            for value in values:
                silent[self._mutes(kind, value)] = True
        return int((silent & ~self._out).sum())

    # ── what a reader wants, as numbers ─────────────────────────────────────────────────────────────────────

    def _profile(self, reader: Reader) -> Profile:
        subscriber = reader.subscriber
        lanes = tuple(self._builder.build(lane, reader.examples) for lane in subscriber.lanes)
        excluded = self._out.copy()
        excluded[self._corpus.rows_of(reader.sent)] = True
        excluded[self._corpus.rows_of(reader.known)] = True
        for kind, values in muted_by(subscriber.mute):
            for value in values:
                excluded[self._mutes(kind, value)] = True
        return Profile(
            lanes=lanes,
            balance=subscriber.balance if lanes else 0.0,
            followed=self._followed(lanes),
            excluded=excluded,
            feedback=FeedbackModel.of(reader.opinions, self._builder.background) if reader.opinions else None,
        )

    def _followed(self, lanes: Sequence[LaneModel]) -> dict[int, Followed]:
        found: dict[int, Followed] = {}
        for number, lane in enumerate(lanes):
            for who in lane.authors:
                for key, certain in ((who.certain, True), (who.perhaps, False)):
                    if key is None:
                        continue
                    for row in self._corpus.by_author(key).tolist():
                        # The first lane that is certain wins.
                        if row not in found or (certain and not found[row].certain):
                            found[row] = Followed(person=who, certain=certain, lane=number)
        return found

    def _mutes(self, kind: str, what: str) -> Rows:
        """The rows that muting one word (or phrase), author or category silences."""
        if (kind, what) not in self._muted:
            if kind == "word":
                rows = self._corpus.phrase(token_hashes(what).tolist()).rows
            elif kind == "author":
                rows = self._corpus.by_author(person(what).certain) if what.strip() else np.empty(0, dtype=np.intp)
            else:
                rows = self._corpus.by_category(what).rows
            self._muted[kind, what] = rows
        return self._muted[kind, what]

    # ── finding the few hundred ─────────────────────────────────────────────────────────────────────────────

    def _shortlist(self, profile: Profile, estimates: Vectors, papers: int) -> npt.NDArray[np.bool_]:
        """(n,) which papers may end up in the mail: by the estimate above the threshold, the best of each lane."""
        chosen = np.zeros(len(self._corpus), dtype=bool)
        scores = self._common.scores(profile, estimates)
        chosen[passing(scores, estimates, _ENOUGH * papers + _AT_LEAST)] = True
        for row in profile.followed:
            chosen[row] = not profile.excluded[row]
        return chosen

    def _explorable(self, profile: Profile) -> Rows:
        """The most trending papers that the reader could be sent: one of them may be outside their lanes."""
        return self._trending[~profile.excluded[self._trending]][:_AT_LEAST]


def _batches(readers: Sequence[Reader]) -> Iterator[Sequence[Reader]]:
    start, lanes = 0, 0
    for i, reader in enumerate(readers):
        lanes += max(len(reader.subscriber.lanes), 1)
        if lanes >= LANES_AT_ONCE:
            yield readers[start : i + 1]
            start, lanes = i + 1, 0
    if start < len(readers):
        yield readers[start:]


def _quiet(considered: int, profile: Profile) -> str:
    if not considered:
        return "nothing new since the last mail"
    papers = "1 new paper" if considered == 1 else f"{considered} new papers"
    if not profile.lanes:
        return f"{papers}, and nobody has voted for any of them yet"
    return f"{papers}, none of them close enough to your lanes"
