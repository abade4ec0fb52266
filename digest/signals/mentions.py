"""``signal:hackernews``: stories on Hacker News that link to a paper, their points and comments.

Asking for every paper by itself would be a request each. Instead each *site* that papers live on is asked once for all
of its stories since the oldest paper that is due, and the addresses of the stories tell which papers they are about. Of
several stories on one paper the one with most points counts.

Algolia's search (https://hn.algolia.com/api): no key, at most 10,000 requests an hour; a search gives 1,000 stories at
most, so a longer list goes on before the oldest one that was given. Written from that page with no recorded answer to
check against: *provisional*.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.attention import Watch
from digest.catalog.identifiers import parse as parse_identifier
from digest.errors import SourceError, SourceRateLimited
from digest.model import Identifier, Reading, Scheme, Signal
from digest.settings.signals import MentionsConfig
from digest.signals.base import Findings, Inquiry, Subject, portions
from digest.sources.base import SourceUnreachable, Troubles
from digest.sources.entries import reading
from digest.sources.loose_json import first_text, loads, mapping, text
from digest.sources.pace import Provider
from digest.sources.text import plain

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

NAME = "signal:hackernews"
LABEL = "Hacker News"
PER_PAGE = 1000
PAGE_OF_FINDINGS = 500
EARLY = dt.timedelta(days=2)
"""A story may be older than the paper is to us: feeds announce a day or two after the page is there."""

SITES: Mapping[Scheme, tuple[str, ...]] = {
    Scheme.ARXIV: ("arxiv.org",),
    Scheme.OPENREVIEW: ("openreview.net",),
    Scheme.ACL: ("aclanthology.org",),
    Scheme.DOI: ("doi.org", "biorxiv.org", "medrxiv.org"),
}


@dataclass(frozen=True, slots=True)
class Story:
    """What a story says: the paper that it links to, and how it is received."""

    about: Identifier
    points: int
    comments: int


class Mentions:
    def __init__(self, config: MentionsConfig) -> None:
        self.watch = Watch(
            name=NAME,
            marks=tuple(dt.timedelta(seconds=mark) for mark in config.marks_s),
            signals=(Signal.HN_POINTS,),
            schemes=tuple(SITES),
        )
        self.per_request = PER_PAGE
        self._url = f"{config.url.rstrip('/')}/api/v1/search_by_date"
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(source=NAME, label=LABEL, host=host, pace_key="hackernews", pace_s=config.pace_s)

    async def read(self, client: PoliteClient, inquiry: Inquiry) -> AsyncIterator[Findings]:
        """A paper is answered when all sites that it could be linked at have been read to the end."""
        if not inquiry.subjects:
            return
        since = min(subject.since for subject in inquiry.subjects) - EARLY
        budget, troubles = inquiry.most_requests, Troubles(NAME)
        stories: dict[Identifier, Story] = {}
        unread = set(_sites(inquiry.subjects))
        for site in sorted(unread):
            try:
                spent = await self._site(client, site, since, budget, stories)
            except SourceError as error:
                troubles.add(site, error)
                if isinstance(error, SourceRateLimited | SourceUnreachable):
                    break
                continue
            if spent is None:
                break
            budget -= spent
            unread.discard(site)
        answered = [subject for subject in inquiry.subjects if unread.isdisjoint(_sites([subject]))]
        for portion in portions(answered, PAGE_OF_FINDINGS):
            yield _findings(portion, stories, inquiry.now)
        troubles.tell()

    async def _site(
        self, client: PoliteClient, site: str, since: dt.datetime, budget: int, stories: dict[Identifier, Story]
    ) -> int | None:
        """All stories of one site, added to ``stories``; how many requests it took, None if there were too few."""
        before: int | None = None
        for spent in range(1, budget + 1):
            window = f"created_at_i>{int(since.timestamp())}" + (f",created_at_i<={before}" if before else "")
            params = {
                "query": site,
                "restrictSearchableAttributes": "url",
                "tags": "story",
                "numericFilters": window,
                "hitsPerPage": str(PER_PAGE),
            }
            answer = await client.get(self._url, self._provider, params=params, conditional=False)
            page = await answer.parsed(parse)
            for story in page.stories:
                if story.about not in stories or story.points > stories[story.about].points:
                    stories[story.about] = story
            if page.hits < PER_PAGE or page.oldest is None or page.oldest == before:
                return spent
            before = page.oldest
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPage:
    """One answer. ``oldest`` is the second of the epoch of its last story."""

    stories: tuple[Story, ...]
    hits: int
    oldest: int | None


def parse(data: bytes) -> StoryPage:
    """Stories that link to papers; others, and those without an address, are passed over.

    Raises:
        SourceError: not a list of hits.
    """
    try:
        outer = mapping(loads(data))
    except ValueError as error:
        raise SourceError(NAME, f"{LABEL} sent something that is {error}") from error
    hits = outer.get("hits")
    if not isinstance(hits, list):
        said = plain(first_text(outer, "message", "error"))[:200]
        raise SourceError(NAME, f"{LABEL} said: {said}" if said else f"{LABEL} sent JSON without stories")
    stories: list[Story] = []
    times: list[int] = []
    for hit in map(mapping, hits):
        if isinstance(at := hit.get("created_at_i"), int):
            times.append(at)
        about = parse_identifier(text(hit.get("url")))
        points, comments = hit.get("points"), hit.get("num_comments")
        if about is not None and isinstance(points, int):
            stories.append(Story(about, points, comments if isinstance(comments, int) else 0))
    return StoryPage(stories=tuple(stories), hits=len(hits), oldest=min(times, default=None))


def _sites(subjects: Sequence[Subject]) -> set[str]:
    schemes = {name.scheme for subject in subjects for name in subject.paper.identifiers}
    return {site for scheme in schemes for site in SITES.get(scheme, ())}


def _findings(subjects: Sequence[Subject], stories: Mapping[Identifier, Story], now: dt.datetime) -> Findings:
    told: list[tuple[int, Reading]] = []
    for subject in subjects:
        about = [stories[name] for name in subject.paper.identifiers if name in stories]
        if about:
            best = max(about, key=lambda story: story.points)
            points = reading(Signal.HN_POINTS, best.points, now)
            told += ((subject.paper.id, one) for one in (*points, *reading(Signal.HN_COMMENTS, best.comments, now)))
    return Findings(answered=tuple(subject.paper.id for subject in subjects), readings=tuple(told))
