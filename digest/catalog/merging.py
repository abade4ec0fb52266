"""Many records of one paper → the Paper, field by field from the provider that knows the field best.

A paper's record at arXiv says what its title is; Hugging Face knows its code; a blog's feed knows that it exists. Trust
is declared per field in TRUST; within a provider the latest version wins. The order of the records changes nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from digest.catalog.identifiers import parse, url_of
from digest.catalog.names import display_name
from digest.catalog.tex import readable
from digest.model import AnnounceType, Entry, Identifier, Paper, Scheme


@dataclass(frozen=True, slots=True)
class Record:
    """An entry with the moment at which this installation first saw it (aware UTC)."""

    entry: Entry
    first_seen_at: dt.datetime


# ── addresses ─────────────────────────────────────────────────────────────────────────────────────────────────


def _address(url: str | None) -> str | None:
    """A web address that may stand in a mail; other schemes (``javascript:``) are refused."""
    if url is None:
        return None
    parsed = parse(url)
    return url_of(parsed) if parsed is not None else None


_CODE: Final = re.compile(
    r"(?<![\w.])(?:https?://)?(?:www\.)?(?P<host>github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|huggingface\.co)"
    r"/(?P<path>(?:datasets/|spaces/)?[\w\-.]+/[\w\-.]+)",
    re.IGNORECASE | re.ASCII,
)
_CODE_HOSTS: Final = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "huggingface.co")
_NO_CODE: Final = frozenset(
    {"papers", "blog", "docs", "collections", "orgs", "topics", "sponsors", "features", "about"}
)


def code_link(entry: Entry) -> str | None:
    """The repository that the provider names, else the first one in the abstract or comment; always https."""
    for text in (entry.code_url or "", entry.abstract, entry.comment or ""):
        if "/" not in text or not any(host in text.lower() for host in _CODE_HOSTS):
            continue  # three of four texts; the expression looks at every character
        for found in _CODE.finditer(text.replace("\\_", "_").replace("{\\_}", "_").replace("\\-", "-")):
            path = found["path"].rstrip(".").removesuffix(".git")
            if path.split("/", 1)[0].lower() not in _NO_CODE and path.rsplit("/", 1)[-1]:
                return f"https://{found['host'].lower()}/{path}"
    return _address(entry.code_url)


# ── trust ───────────────────────────────────────────────────────────────────────────────────────────────────

_PUBLISHERS: Final = (
    "arxiv",
    "biorxiv",
    "medrxiv",
    "openreview",
    "acl",
    "pubmed",
    "crossref",
    "semanticscholar",
    "openalex",
)
_TEXT_TRUST: Final = (*_PUBLISHERS, "huggingface")
TRUST: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "title": _TEXT_TRUST,
        "abstract": _TEXT_TRUST,
        "authors": _TEXT_TRUST,
        "categories": _TEXT_TRUST,
        "comment": _TEXT_TRUST,
        "published_at": _TEXT_TRUST,
        "version": _TEXT_TRUST,
        "withdrawn": _TEXT_TRUST,
        "code_url": ("huggingface", *_PUBLISHERS),
        "url": _TEXT_TRUST,
    }
)
"""Per field: families of sources, most trusted first. A source belongs to the family that its name begins with
(``arxiv.rss``, ``arxiv:cs.LG``, ``arxiv-api``); whatever is not listed (feeds, files) comes after all of them."""


def _family(source: str) -> str:
    return re.split(r"[^a-z0-9]", source.lower(), maxsplit=1)[0]


def _ranked(entries: Sequence[Entry], field: str) -> list[Entry]:
    """By trust, then latest version, then an API before an announcement feed; ties stay in canonical order."""
    if len(entries) < 2:
        return list(entries)
    trusted = TRUST[field]

    def key(entry: Entry) -> tuple[int, int, bool]:
        family = _family(entry.source)
        rank = trusted.index(family) if family in trusted else len(trusted)
        return (rank, -(entry.version or 0), entry.announce_type is not None)

    return sorted(entries, key=key)


def _canonical(records: Sequence[Record]) -> list[Entry]:
    """The entries in an order of their own, whatever order the records came in."""
    entries = [record.entry for record in records]
    return sorted(entries, key=lambda entry: (entry.source, entry.key, repr(entry))) if len(entries) > 1 else entries


_FIELDS: Final[Mapping[str, Callable[[Entry], object]]] = MappingProxyType(
    {
        "title": lambda entry: entry.title,
        "abstract": lambda entry: entry.abstract,
        "authors": lambda entry: entry.authors,
        "categories": lambda entry: entry.categories,
        "comment": lambda entry: entry.comment,
        "published_at": lambda entry: entry.published_at,
        "version": lambda entry: entry.version,
        "withdrawn": lambda entry: entry.version is not None or entry.withdrawn,  # no version, no news of its fate
        "code_url": code_link,
        "url": lambda entry: _address(entry.url),
    }
)
"""What a record has to say about a field; a record that says nothing (empty, None) is passed over."""


def _teller(field: str, entries: Sequence[Entry]) -> Entry | None:
    """The most trusted entry that says something about the field."""
    if len(entries) == 1:  # as for nearly all papers of a day
        return entries[0] if _FIELDS[field](entries[0]) else None
    return next((entry for entry in _ranked(entries, field) if _FIELDS[field](entry)), None)


def provenance(records: Sequence[Record]) -> Mapping[str, str]:
    """Field → the source it was taken from, for every field that some record fills. Explains a merge."""
    entries = _canonical(records)
    tellers = {field: _teller(field, entries) for field in TRUST}
    return MappingProxyType({field: entry.source for field, entry in tellers.items() if entry is not None})


# ── merging ─────────────────────────────────────────────────────────────────────────────────────────────────


def merge(paper_id: int, records: Sequence[Record]) -> Paper:
    """The paper that all ``records`` are of; at least one record. Independent of the records' order.

    ``announced_at`` is when the paper was first *news*: the earliest ``new`` or ``cross`` announcement, or the date
    that a source without announcement types gives. Replacements are not news: a paper known only from them has None and
    is no candidate.
    """
    if not records:
        raise ValueError("a paper needs at least one record")
    entries = _canonical(records)
    title, abstract, author, comment, published, newest = (
        _teller(field, entries) for field in ("title", "abstract", "authors", "comment", "published_at", "withdrawn")
    )
    identifiers = _identifiers(entries)
    news = [entry.announced_at for entry in entries if entry.announced_at is not None and _is_news(entry)]
    return Paper(
        id=paper_id,
        title=readable(title.title) if title else "",
        abstract=readable(abstract.abstract) if abstract else "",
        authors=tuple(shown for name in author.authors if (shown := display_name(name))) if author else (),
        categories=_categories(entries),
        url=_url(identifiers, entries),
        identifiers=identifiers,
        first_seen_at=min(record.first_seen_at for record in records),
        announced_at=min(news, default=None),
        published_at=published.published_at if published else None,
        version=max((entry.version for entry in entries if entry.version is not None), default=None),
        code_url=next((link for entry in _ranked(entries, "code_url") if (link := code_link(entry))), None),
        comment=readable(comment.comment or "") if comment else None,
        withdrawn=_is_withdrawn(newest, entries),
        candidate=any(entry.candidate and _is_news(entry) for entry in entries),
        sources=tuple(sorted({entry.source for entry in entries})),
    )


def _is_news(entry: Entry) -> bool:
    return entry.announce_type not in {AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS}


def _is_withdrawn(teller: Entry | None, entries: Sequence[Entry]) -> bool:
    """What the most trusted family says: of its numbered versions the latest, and any record that has no number.

    A record without a version (OAI-PMH, Crossref) is the present state of things, so no old version speaks against it.
    """
    if teller is None or teller.withdrawn:
        return teller is not None
    family = _family(teller.source)
    return any(entry.withdrawn and entry.version is None and _family(entry.source) == family for entry in entries)


_SCHEME_ORDER: Final = tuple(Scheme)


def _identifiers(entries: Sequence[Entry]) -> tuple[Identifier, ...]:
    if len(entries) == 1 and len(entries[0].identifiers) < 2:
        return entries[0].identifiers
    names = {identifier for entry in entries for identifier in entry.identifiers}
    if len(names) < 2:
        return tuple(names)
    return tuple(sorted(names, key=lambda name: (_SCHEME_ORDER.index(name.scheme), name.value)))


def _categories(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The primary category of the most trusted record first, then what the others add, most trusted first."""
    ranked = _ranked(entries, "categories")
    return tuple(dict.fromkeys(category for entry in ranked for category in entry.categories))


def _url(identifiers: Sequence[Identifier], entries: Sequence[Entry]) -> str:
    """The abstract page: of the arXiv id, else of another registered name, else what a record links to."""
    registered = [name for name in identifiers if name.scheme is not Scheme.URL]
    if registered:
        return url_of(registered[0])
    teller = _teller("url", entries)
    if teller is not None and (address := _address(teller.url)):
        return address
    return url_of(identifiers[0]) if identifiers else ""


def news_at(paper: Paper) -> dt.datetime:
    """When the paper became news to us.

    A list that presents a paper as new makes it news when we first see it there: feeds go stale while their dates look
    current, so unseen ids are trusted and dates are not. A paper that nobody announced is as old as it says.
    """
    if paper.announced_at is not None or paper.published_at is None:
        return paper.first_seen_at
    return min(paper.published_at, paper.first_seen_at)
