"""Which stored paper does somebody mean? By any of its names, by its number, or by words of its title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from digest.catalog.identifiers import parse
from digest.errors import NotFound
from digest.model import Paper
from digest.pipeline.rooms import Rooms

_NUMBER = re.compile(r"#?([1-9][0-9]{0,17})", re.ASCII)


def look_up(rooms: Rooms, words: str) -> Sequence[Paper]:
    """The papers that ``words`` may mean: one, or several that claim the name or have the words in their titles.

    Raises:
        NotFound: none; the message says what else to try.
    """
    if number := _NUMBER.fullmatch(words.strip()):
        paper_id = int(number[1])
        if paper := rooms.papers.get([paper_id]).get(paper_id):
            return [paper]
        raise NotFound(f"no paper #{paper_id}; look for it: digest papers search WORDS")
    identifier = parse(words)
    if identifier is not None and (ids := rooms.papers.claimants([identifier]).get(identifier)):
        found = rooms.papers.get(ids)
        return [found[i] for i in ids]
    matches = rooms.papers.find_by_title(words) if words.strip() else []
    if exact := [paper for paper in matches if paper.title.casefold() == words.casefold()]:
        return exact
    if not matches:
        if identifier is not None:
            raise NotFound(f"{identifier} is not in the store; was it announced in the categories that are read?")
        raise NotFound(f"no paper {words!r}; give an arXiv id, a DOI, or words of the title")
    return matches


def find_paper(rooms: Rooms, words: str) -> Paper:
    """The one paper that ``words`` mean.

    Raises:
        NotFound: none, or several; the message names them.
    """
    matches = look_up(rooms, words)
    if len(matches) > 1:
        titles = "\n".join(f"  #{paper.id}  {paper.label}  {paper.title}" for paper in matches)
        raise NotFound(f"{len(matches)} papers match {words!r}:\n{titles}")
    return matches[0]
