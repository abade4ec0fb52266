"""A reader's library → the lanes it suggests: files, ids or Zotero → what the papers are about → groups with names.

A paper is known by the store, else by the title and abstract that its entry gives, else it is asked for by its id, as
examples are, and kept as no candidate.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from digest import lane_names
from digest.bibliography import BibEntry
from digest.model import Identifier, Lane, Paper
from digest.pipeline.ingest import index, store_page
from digest.pipeline.rooms import Rooms
from digest.ranking.suggest import Group, suggest
from digest.sources.base import FetchRequest, Page, Source
from digest.sources.http import PoliteClient
from digest.sources.reading import read_sources
from digest.sources.zotero import read_zotero

MOST_CATEGORIES = 2
IN_SHARE = 0.3
"""A category is proposed for a lane when this share of its papers has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A lane, and the titles of its papers, the most typical first."""

    lane: Lane
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What a library suggests. ``alone`` are the titles of papers in no lane, ``unknown`` what nothing is known of."""

    proposals: tuple[Proposal, ...]
    alone: tuple[str, ...]
    unknown: tuple[str, ...]
    problems: tuple[str, ...] = ()
    """Why some papers could not be asked for."""


def suggest_lanes(
    rooms: Rooms, entries: Sequence[BibEntry], *, asked: Source | None, client: Callable[[], PoliteClient]
) -> Suggestion:
    """
    Args:
        entries: the library; each paper is taken once.
        asked: is asked for papers of which only an id is known; None asks nobody.
    """
    problems: list[str] = []
    nameless = [entry.identifier for entry in entries if entry.identifier is not None and not entry.title]
    missing = [name for name in dict.fromkeys(nameless) if name not in rooms.papers.find(nameless)]
    if asked is not None and missing:
        problems += _ask(rooms, asked, missing, client)
    names = [entry.identifier for entry in entries if entry.identifier is not None]
    ids = rooms.papers.find(names)
    stored = rooms.papers.get(ids.values())
    works: dict[str, tuple[BibEntry, Paper | None]] = {}
    unknown: list[str] = []
    for entry in entries:
        paper = stored.get(ids[entry.identifier]) if entry.identifier in ids else None
        if paper is None and not entry.title:
            unknown.append(str(entry.identifier) if entry.identifier else entry.key)
        else:
            works.setdefault(str(entry.identifier or entry.title.casefold()), (entry, paper))
    told = list(works.values())
    texts = [(paper.title, paper.abstract) if paper else (entry.title, entry.abstract) for entry, paper in told]
    basis = rooms.basis()
    vectors = basis.embed([f"{title}\n{abstract}" for title, abstract in texts])
    groups = suggest(texts, vectors, basis=basis)
    grouped = {place for group in groups for place in group.members}
    taken: list[str] = []
    return Suggestion(
        proposals=tuple(_proposal(group, told, texts, taken) for group in groups),
        alone=tuple(title for place, (title, _) in enumerate(texts) if place not in grouped),
        unknown=tuple(dict.fromkeys(unknown)),
        problems=tuple(problems),
    )


def zotero_library(client: Callable[[], PoliteClient], library: str, *, key: str | None, url: str) -> list[BibEntry]:
    """
    Raises:
        SourceError: with what to do.
    """

    async def read() -> list[BibEntry]:
        async with client() as polite:
            return list((await read_zotero(polite, library, key=key, url=url)).entries)

    return asyncio.run(read())


def _ask(rooms: Rooms, source: Source, names: Sequence[Identifier], client: Callable[[], PoliteClient]) -> list[str]:
    request = FetchRequest(now=rooms.clock(), cursor=rooms.sources.cursor(source.name), wanted=tuple(names))

    def keep(name: str, page: Page) -> tuple[int, int]:
        counts = store_page(rooms, name, page)
        return counts.new, counts.updated

    try:
        reports = list(read_sources([(source, request)], client=client, keep=keep, clock=rooms.clock))
    finally:
        index(rooms)
    return [report.error for report in reports if report.error]


def _proposal(
    group: Group,
    works: Sequence[tuple[BibEntry, Paper | None]],
    texts: Sequence[tuple[str, str]],
    taken: list[str],
) -> Proposal:
    titles = tuple(texts[place][0] for place in group.members)
    name = lane_names.name_from_titles(titles) or lane_names.name_of(phrases=group.phrases or titles[:1])
    taken.append(lane_names.unused(name, taken))
    members = [works[place] for place in group.members]
    fields = Counter(
        category
        for entry, paper in members
        if (category := paper.primary_category if paper and paper.primary_category else entry.category)
    )
    common = [category for category, count in fields.most_common(MOST_CATEGORIES) if count >= IN_SHARE * len(members)]
    examples = dict.fromkeys(entry.identifier for entry, _ in members if entry.identifier is not None)
    lane = Lane(name=taken[-1], phrases=group.phrases, categories=tuple(common), examples=tuple(examples))
    return Proposal(lane=lane, titles=titles)
