"""Hugging Face Daily Papers: ``/api/daily_papers`` as it comes, and as people have saved it.

A day is a list of ``{"paper": {…}, "numComments": …}``. Archives also hold days whose items are strings of JSON,
strings of Python's ``repr``, or one string around the whole list; all of these are read. The list day is
``submittedOnDailyAt`` (absent before March 2025); the outer ``publishedAt`` is arXiv's date in a wrong zone and is
ignored.
"""

from __future__ import annotations

import datetime as dt

from digest.catalog.identifiers import parse as parse_identifier
from digest.errors import SourceError
from digest.model import Batch, Entry, Rejection, Signal
from digest.sources.entries import collect, make_entry, reading, rejection_id, web_url
from digest.sources.loose_json import first_text, loads, mapping, names, sequence, text, unwrapped
from digest.sources.text import instant, plain

SOURCE = "huggingface"
LABEL = "Hugging Face"


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """The day's list; votes, comments and stars become readings at ``now``. The key is the paper's id there.

    Raises:
        SourceError: not JSON, or no list.
    """
    try:
        day = unwrapped(loads(data))
    except ValueError as error:
        raise SourceError(SOURCE, f"{LABEL} sent something that is {error}") from error
    if not isinstance(day, list):
        said = plain(text(mapping(day).get("error")))[:200]
        raise SourceError(SOURCE, f"{LABEL} said: {said}" if said else f"{LABEL} sent JSON that is no list of papers")
    return collect(_entry(item, position, now) for position, item in enumerate(day, start=1))


def parse_paper(data: bytes, *, now: dt.datetime) -> Entry:
    """One paper, as ``/api/papers/{id}`` gives it: what a day's list has under ``paper``.

    Raises:
        SourceError: not JSON, or no paper.
    """
    try:
        entry = _entry(loads(data), 1, now)
    except ValueError as error:
        raise SourceError(SOURCE, f"{LABEL} sent something that is {error}") from error
    if isinstance(entry, Rejection):
        raise SourceError(SOURCE, f"{LABEL} sent JSON that is no paper: {entry.reason}")
    return entry


def _entry(item: object, position: int, now: dt.datetime) -> Entry | Rejection:
    outer = unwrapped(item)
    if not isinstance(outer, dict):
        return Rejection(f"item {position}", "not an object")
    paper = mapping(outer.get("paper")) or outer
    key = text(paper.get("id"))
    if not key:
        return Rejection(rejection_id(first_text(paper, "title") or f"item {position}"), "no id")
    known = parse_identifier(key) is not None
    repository = web_url(text(paper.get("githubRepo")))
    # Before 2025-03 only the outer publishedAt told when a paper was listed; since then it is arXiv's date.
    listed_at = instant(
        first_text(paper, "submittedOnDailyAt")
        or first_text(outer, "submittedOnDailyAt")
        or first_text(outer, "publishedAt")
    )
    return make_entry(
        source=SOURCE,
        key=key,
        title=first_text(paper, "title") or first_text(outer, "title"),
        spellings=[key] if known else [f"https://huggingface.co/papers/{key}"],
        abstract=first_text(paper, "summary") or first_text(outer, "summary"),
        authors=names(paper.get("authors")),
        published_at=instant(text(paper.get("publishedAt"))),
        announced_at=listed_at,
        code_url=repository,
        readings=(
            # Nobody has voted before a paper is listed: with this reading, "12 votes in 3 h" can be told truly.
            *(reading(Signal.HF_UPVOTES, 0, listed_at) if listed_at is not None and listed_at < now else ()),
            *reading(Signal.HF_UPVOTES, paper.get("upvotes"), now),
            *reading(Signal.HF_COMMENTS, outer.get("numComments"), now),
            # Without a repository the count says 0, which is no reading of anything.
            *(reading(Signal.GITHUB_STARS, paper.get("githubStars"), now) if repository else ()),
        ),
    )


def count(data: bytes) -> int:
    """How many items a day's page lists, to see whether there is another page."""
    return len(sequence(unwrapped(loads(data))))
