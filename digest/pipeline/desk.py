"""The editor's desk for one moment: the candidates, the ranker, and what turns a selection into an edition's content.

One desk serves a whole pass, whoever the reader is: the corpus is loaded once, each paper and its summary once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from digest.attention import SEMANTIC_SCHOLAR, SIGNAL_PREFIX, TLDR
from digest.config import Config
from digest.editions.content import EditionContent, MissedView, PickView, SiteInfo, SourceHealth
from digest.feedback import Feedback, Verb, with_feedback
from digest.model import (
    EditionKey,
    Identifier,
    Mute,
    Paper,
    Pick,
    Selection,
    SourceReport,
    SourceStatus,
    Subscriber,
    Summary,
    Verdict,
)
from digest.pipeline import learning
from digest.pipeline.rooms import Rooms
from digest.pipeline.writing import written
from digest.ranking.backtest import diversity
from digest.ranking.corpus import CandidateRow, Corpus
from digest.ranking.feedback import Opinion
from digest.ranking.selection import Ranker, Reader
from digest.ranking.trend import RANKED
from digest.sources.base import EXAMPLES
from digest.summaries.tldr import summarise

HISTORY = dt.timedelta(days=30)
"""How far back readings count for the figures of a field's cohort."""

HEALTH_SPAN = dt.timedelta(hours=26)

NAMES = {"arxiv": "arXiv", "huggingface": "Hugging Face"}


class _Evidence(NamedTuple):
    name: Identifier | None
    title: str
    features: bytes


class Desk:
    def __init__(self, rooms: Rooms, *, now: dt.datetime, as_announced: bool = False) -> None:
        """
        Args:
            now: the moment to rank for; only what was known by then is seen.
            as_announced: a paper counts as known from its announcement on, also where it was stored later.
        """
        self._rooms = rooms
        self._now = now
        basis = rooms.basis()
        rows = rooms.papers.candidates(
            basis.version, since=now - rooms.config.candidate_age, until=now, as_announced=as_announced
        )
        self._corpus = Corpus.build(
            [CandidateRow(*row) for row in rows],
            rooms.papers.observed(since=now - HISTORY, until=now, signals=RANKED),
            basis=basis,
            now=now,
            forecast=learning.forecast(rooms, now=now),
        )
        self._ranker = Ranker(self._corpus, now=now, candidate_age=rooms.config.candidate_age)
        self._basis_version = basis.version
        self._papers: dict[int, Paper] = {}
        self._summaries: dict[int, Summary] = {}
        self._site = site_info(rooms.config)
        self._health = source_health(rooms.sources.runs(since=now - HEALTH_SPAN, until=now))

    def select(self, subscribers: Sequence[Subscriber], sent: Mapping[str, set[int]]) -> Iterator[Selection]:
        """One selection per subscriber, in order. ``sent`` holds, by subscriber, the papers that count as gone."""
        return self._ranker.select(self._readers(subscribers, sent))

    def explain(self, subscriber: Subscriber, sent: set[int], paper_id: int) -> Verdict:
        (reader,) = self._readers([subscriber], {subscriber.id: sent})
        return self._ranker.explain(reader, paper_id)

    def lane_matches(self, subscriber: Subscriber) -> dict[str, int]:
        """Candidates that each lane would let in, by the lane's name."""
        (reader,) = self._readers([subscriber], {})
        return self._ranker.matches(reader)

    def silenced(self, mute: Mute) -> int:
        """How many candidates these mutes keep from a reader."""
        return self._ranker.silenced(mute)

    def newcomers(self, since: dt.datetime) -> dict[int, dt.datetime]:
        """The candidates that became news after ``since``, with when."""
        ids, seen_at = self._corpus.ids.tolist(), self._corpus.seen_at
        return {paper_id: at for paper_id, at in zip(ids, seen_at, strict=True) if at > since}

    def diversity(self, paper_ids: Sequence[int]) -> float | None:
        """How different these candidates are from each other; see :func:`digest.ranking.backtest.diversity`."""
        return diversity(self._corpus.matrix[self._corpus.rows_of(paper_ids)])

    def contents(
        self,
        chosen: Iterable[tuple[Subscriber, Selection, dt.date]],
        *,
        sent_at: dt.datetime,
        notice: str | None = None,
        sent: Mapping[str, set[int]] | None = None,
    ) -> Iterator[EditionContent]:
        """Selections as contents of editions; the papers of all of them are loaded together.

        Args:
            sent: by reader, the papers that went out; who never had any is welcomed, if the config says so.
        """
        welcomed = sent if sent is not None and self._rooms.config.welcomes else {}
        batch = list(chosen)
        picked = {pick.paper_id for _, selection, _ in batch for pick in selection.picks}
        self._load(picked.union(*(selection.missed for _, selection, _ in batch)))
        self._summarise(picked, sent_at)
        for subscriber, selection, edition in batch:
            yield EditionContent(
                key=EditionKey(subscriber.id, edition),
                subscriber=subscriber,
                site=self._site,
                sent_at=sent_at,
                picks=tuple(self._view(pick) for pick in selection.picks if pick.paper_id in self._papers),
                missed=tuple(
                    MissedView(title=paper.title, url=paper.url)
                    for paper_id in selection.missed
                    if (paper := self._papers.get(paper_id))
                ),
                considered=selection.considered,
                health=self._health,
                notice=notice,
                welcome=bool(selection.picks) and not welcomed.get(subscriber.id, {0}),
            )

    def papers(self, ids: Sequence[int]) -> list[Paper]:
        """Papers by id, in this order; those that are gone are left out."""
        self._load(ids)
        return [self._papers[paper_id] for paper_id in ids if paper_id in self._papers]

    def _view(self, pick: Pick) -> PickView:
        return PickView(pick=pick, paper=self._papers[pick.paper_id], summary=self._summaries[pick.paper_id])

    def _summarise(self, ids: Iterable[int], sent_at: dt.datetime) -> None:
        """Somebody else's words where they are wanted and were there in time, else the abstract's own."""
        new = [self._papers[i] for i in sorted(ids) if i in self._papers and i not in self._summaries]
        theirs: dict[int, Summary] = {}
        if new and self._rooms.config.summaries.semantic_scholar:
            texts = self._rooms.attention.texts([paper.id for paper in new], TLDR, SEMANTIC_SCHOLAR, until=self._now)
            theirs.update({i: Summary(text.text, by="Semantic Scholar") for i, text in texts.items()})
        # What was written for these very mails is a moment younger than what they were ranked by.
        theirs.update(written(self._rooms, new, until=max(self._now, sent_at)) if new else {})
        for paper in new:
            own, other = summarise(paper.title, paper.abstract), theirs.get(paper.id)
            self._summaries[paper.id] = replace(other, highlights=own.highlights) if other is not None else own

    def _load(self, ids: Iterable[int]) -> None:
        missing = {paper_id for paper_id in ids if paper_id not in self._papers}
        if missing:
            self._papers.update(self._rooms.papers.get(missing))

    def _readers(self, declared: Sequence[Subscriber], sent: Mapping[str, set[int]]) -> list[Reader]:
        given = self._rooms.feedback.of([subscriber.id for subscriber in declared], at=self._now)
        evidence = self._evidence(given) if given else {}
        liked = {paper_id: told.name for paper_id, told in evidence.items() if told.name is not None}
        subscribers = [
            with_feedback(subscriber, given[subscriber.id], liked, now=self._now)
            if subscriber.id in given
            else subscriber
            for subscriber in declared
        ]
        names = {name for subscriber in subscribers for lane in subscriber.lanes for name in lane.examples}
        ids = self._rooms.papers.find(sorted(names)) if names else {}
        vectors = self._vectors(ids) if ids else {}
        return [
            Reader(
                subscriber=subscriber,
                sent=sent.get(subscriber.id, set()),
                known=frozenset(ids[name] for lane in subscriber.lanes for name in lane.examples if name in ids),
                examples={
                    name: vectors[name] for lane in subscriber.lanes for name in lane.examples if name in vectors
                },
                opinions=tuple(self._opinions(given.get(subscriber.id, ()), evidence)),
            )
            for subscriber in subscribers
        ]

    def _evidence(self, given: Mapping[str, Sequence[Feedback]]) -> dict[int, _Evidence]:
        """By paper, what readers' words about it are worth something by; papers without features are left out."""
        ids = {
            one.paper_id
            for said in given.values()
            for one in said
            if one.paper_id is not None and one.weight(self._now)
        }
        blobs = self._rooms.papers.features_of(self._basis_version, sorted(ids))
        papers = self._rooms.papers.get(blobs)
        return {
            paper_id: _Evidence(min(paper.identifiers, default=None), paper.title, blobs[paper_id])
            for paper_id, paper in papers.items()
        }

    def _opinions(self, said: Sequence[Feedback], evidence: Mapping[int, _Evidence]) -> Iterator[Opinion]:
        for one in said:
            told = evidence.get(one.paper_id) if one.paper_id is not None else None
            if told is not None and one.verb in {Verb.MORE, Verb.LESS} and (weight := one.weight(self._now)):
                yield Opinion(more=one.verb is Verb.MORE, weight=weight, features=told.features, title=told.title)

    def _vectors(self, ids: Mapping[Identifier, int]) -> dict[Identifier, bytes]:
        blobs = self._rooms.papers.features_of(self._basis_version, sorted(set(ids.values())))
        return {name: blobs[paper_id] for name, paper_id in ids.items() if paper_id in blobs}


def site_info(config: Config) -> SiteInfo:
    url = config.site.public_url
    return SiteInfo(
        name=config.site.name,
        public_url=url,
        contact=config.site.contact,
        sender=config.mail.sender,
        reply_to=config.mail.reply_to,
        bounces=config.mail.bounces,
        logo=config.site.brand.logo or "",
        imprint=" · ".join(config.site.brand.footer),
        privacy_url=f"{url}/privacy" if url else "",
        imprint_url=f"{url}/imprint" if url and config.web.imprint else "",
    )


def source_health(runs: Sequence[SourceReport]) -> tuple[SourceHealth, ...]:
    """Each source by its latest runs: figures when it answered, what is wrong when it did not.

    Signals have none: a paper that is missing is worth telling a reader, a count that is older than usual is not.
    """
    latest: dict[str, SourceReport] = {}
    fullest: dict[str, SourceReport] = {}
    for run in runs:
        if run.source == EXAMPLES or run.source.startswith(SIGNAL_PREFIX):
            continue  # what is missing of examples, `digest check` says
        latest[run.source] = run
        if run.read:
            fullest[run.source] = run
    lines = []
    for source in sorted(latest):
        run, name = latest[source], NAMES.get(source, source.removeprefix("feed:"))
        if run.status in {SourceStatus.FAILED, SourceStatus.WAITING, SourceStatus.STALE, SourceStatus.INCOMPLETE}:
            lines.append(SourceHealth(name=name, ok=False, line=run.error or f"{name}: {run.status}"))
        elif source in fullest:
            best = fullest[source]
            lines.append(SourceHealth(name=name, ok=True, read=best.read, announced=best.announced))
        else:
            lines.append(SourceHealth(name=name, ok=True))
    return tuple(lines)
