"""Papers → JSON in Hugging Face's shape. Beside their keys stand ours: ``score``, ``why``, ``url``, ``page``,
``categories``, ``identifiers``.

Their clients rely on small things: instants with milliseconds and a Z, ``authors`` as objects, keys that are left out
rather than null where nothing is known (``ai_summary``, ``githubRepo``, …), but a ``thumbnail`` in any case.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from digest.catalog.identifiers import url_of
from digest.editions.clean import clean, safe_url
from digest.languages import ENGLISH, language
from digest.model import Attention, Identifier, Paper, Scheme, Signal
from digest.ranking.told import attention_reason
from digest.summaries.tldr import summarise
from digest.web.urls import Urls, segment

MOST_AUTHORS: Final = 1000
_GITHUB: Final = "https://github.com/"
_THUMBNAIL: Final = "https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/{}.png"
"""Theirs, and only of papers that they list; nothing is fetched unless a reader's program shows it."""


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _missing(value: object) -> bool:
    return value is None


Instant = Annotated[
    dt.datetime,
    PlainSerializer(_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Value(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Author(Value):
    id: Annotated[str, Field(serialization_alias="_id")]
    """24 hexadecimal digits that stand for the name."""
    name: str
    hidden: bool = False


class Submitter(Value):
    """Nobody puts papers on our list: the installation stands here, for programs that name somebody."""

    id: Annotated[str, Field(serialization_alias="_id")] = "0" * 24
    user: str
    name: str
    fullname: str
    avatar_url: Annotated[str, Field(serialization_alias="avatarUrl")] = ""
    type: str = "user"
    is_pro: Annotated[bool, Field(serialization_alias="isPro")] = False
    is_hf: Annotated[bool, Field(serialization_alias="isHf")] = False
    is_mod: Annotated[bool, Field(serialization_alias="isMod")] = False


class ApiPaper(Value):
    """One paper."""

    id: str
    """The arXiv id without version; of a paper elsewhere another name (doi:10.1000/x), or its number here."""
    authors: tuple[Author, ...]
    published_at: Annotated[Instant, Field(serialization_alias="publishedAt")]
    """When it was published, else announced, else first seen."""
    submitted_on_daily_at: Annotated[Instant, Field(serialization_alias="submittedOnDailyAt")]
    """When it was announced, else first seen."""
    submitted_on_daily_by: Annotated[Submitter, Field(serialization_alias="submittedOnDailyBy")]
    title: str
    summary: str
    """The abstract, on one line; empty where none is known."""
    upvotes: int
    """At Hugging Face, as last read; 0 where none were."""
    ai_summary: Annotated[str | None, Field(exclude_if=_missing)] = None
    """The abstract's own best sentences: no model wrote them, so nothing is made up."""
    github_repo: Annotated[str | None, Field(serialization_alias="githubRepo", exclude_if=_missing)] = None
    github_stars: Annotated[int | None, Field(serialization_alias="githubStars", exclude_if=_missing)] = None
    project_page: Annotated[str | None, Field(serialization_alias="projectPage", exclude_if=_missing)] = None
    url: str
    """Where its abstract is."""
    page: str
    """Its page here."""
    categories: tuple[str, ...]
    """The primary one first."""
    identifiers: Mapping[str, tuple[str, ...]]
    """Its names by scheme: arxiv, doi, pmid, …"""
    score: Annotated[float | None, Field(exclude_if=_missing)] = None
    """How much it trends for its field and age, in natural-log units; 0 if nothing is known. In lists by time only."""
    why: Annotated[str | None, Field(exclude_if=_missing)] = None
    """What is said of its attention: "181 votes in 9 h, top 2 % of cs.LG"."""


class DailyPaper(Value):
    """A line of a list."""

    paper: ApiPaper
    published_at: Annotated[Instant, Field(serialization_alias="publishedAt")]
    """When it came onto the list: announced, else first seen."""
    title: str
    summary: str
    thumbnail: str | None
    """Hugging Face's, of a paper that they list."""
    num_comments: Annotated[int, Field(serialization_alias="numComments")]
    submitted_by: Annotated[Submitter, Field(serialization_alias="submittedBy")]
    is_author_participating: Annotated[bool, Field(serialization_alias="isAuthorParticipating")] = False


class Problem(Value):
    """What went wrong."""

    error: str
    request_id: str
    """To be told to whoever runs the installation: the log has it too."""


def line_of(paper: ApiPaper, read: Mapping[Signal, float], *, listed: bool) -> DailyPaper:
    """
    Args:
        listed: Hugging Face has it.
    """
    return DailyPaper(
        paper=paper,
        published_at=paper.submitted_on_daily_at,
        title=paper.title,
        summary=paper.summary,
        thumbnail=_THUMBNAIL.format(segment(paper.id)) if listed else None,
        num_comments=round(read.get(Signal.HF_COMMENTS, 0)),
        submitted_by=paper.submitted_on_daily_by,
    )


def paper_of(
    paper: Paper,
    read: Mapping[Signal, float],
    *,
    urls: Urls,
    site: str,
    attention: Attention | None = None,
    score: float | None = None,
) -> ApiPaper:
    """
    Args:
        read: the last reading of each signal.
        attention: as a ranking has it, with the ``score`` there.
    """
    listed_at = paper.announced_at or paper.first_seen_at
    code, stars = safe_url(paper.code_url), read.get(Signal.GITHUB_STARS)
    at_github = code is not None and code.startswith(_GITHUB)
    return ApiPaper(
        id=name_of(paper),
        authors=tuple(
            Author(id=_stands_for(name), name=name)
            for given in paper.authors[:MOST_AUTHORS]
            if (name := clean(given, 200))
        ),
        published_at=paper.published_at or listed_at,
        submitted_on_daily_at=listed_at,
        submitted_on_daily_by=Submitter(user="paper-digest", name="paper-digest", fullname=clean(site, 200)),
        title=clean(paper.title, 2000),
        summary=clean(paper.abstract, 20_000),
        upvotes=round(read.get(Signal.HF_UPVOTES, 0)),
        ai_summary=clean(summarise(paper.title, paper.abstract).text, 1200) or None,
        github_repo=code if at_github else None,
        github_stars=round(stars) if stars is not None and at_github else None,
        project_page=None if at_github else code,
        url=_address(paper) or urls.absolute(f"/paper/{paper.id}"),
        page=urls.absolute(f"/paper/{paper.id}"),
        categories=tuple(clean(category, 60) for category in paper.categories),
        identifiers=_names(paper.identifiers),
        score=None if score is None else round(score, 3),
        why=(attention_reason(attention, language(ENGLISH)) or None) if attention is not None else None,
    )


def name_of(paper: Paper) -> str:
    """A name that ``/api/papers/ID`` knows it by: the arXiv id, else the first of its names, else its number."""
    first = next((name for name in paper.identifiers if name.scheme is Scheme.ARXIV), None)
    if first is not None:
        return first.value
    return str(paper.identifiers[0]) if paper.identifiers else str(paper.id)


def _address(paper: Paper) -> str | None:
    given = safe_url(paper.url)
    return given or next((url for name in paper.identifiers if (url := safe_url(url_of(name))) is not None), None)


def _names(identifiers: tuple[Identifier, ...]) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for name in identifiers:
        names[name.scheme.value] = (*names.get(name.scheme.value, ()), name.value)
    return names


def _stands_for(name: str) -> str:
    return hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=12).hexdigest()
