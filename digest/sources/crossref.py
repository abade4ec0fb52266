"""Crossref's REST API: works as JSON (https://api.crossref.org/swagger-ui/index.html; format
https://github.com/CrossRef/rest-api-doc/blob/master/api_format.md).

The message is one work or a list of them, errors included (``validation-failure``); text holds JATS and XML entities.
Dates come in parts and may be a year alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from digest.errors import SourceError
from digest.model import Batch, Entry, Rejection, Signal
from digest.sources.base import Portion
from digest.sources.entries import collect, make_entry, reading, rejection_id
from digest.sources.jats import plain_abstract, plain_title
from digest.sources.loose_json import first_text, loads, mapping, sequence, text
from digest.sources.text import decode, from_html, instant, plain

SOURCE = "crossref"
LABEL = "Crossref"

NO_PAPERS = frozenset(
    """book-series book-set component database grant journal journal-issue journal-volume peer-review proceedings
    proceedings-series report-series standard-series""".split()  # noqa: SIM905 - a list of words is read as words
)
"""Types of works that are parts or containers of papers, or about them; 31 types at api.crossref.org/types."""
SAME_PAPER = ("is-preprint-of", "has-preprint", "is-identical-to")
"""Relations whose other end is the same paper under another name."""


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """The works of one answer; see :func:`parse_page`."""
    return parse_page(data, now=now).batch


def parse_page(data: bytes, *, now: dt.datetime) -> Portion:
    """Works, citations as readings at ``now``. The key is the DOI.

    Raises:
        SourceError: Crossref reports an error, or it is no work and no list of works.
    """
    try:
        outer = mapping(loads(data))
    except ValueError as error:
        said = plain(decode(data[:300]))
        if said.lower().startswith("resource not found"):
            raise SourceError(SOURCE, f"{LABEL} said: {said[:200]}") from error
        raise SourceError(SOURCE, f"{LABEL} sent something that is {error}") from error
    kind, message = text(outer.get("message-type")), outer.get("message")
    if kind == "work":
        return Portion(batch=collect([_entry(mapping(message), now)]))
    if kind == "work-list":
        inner = mapping(message)
        total = inner.get("total-results")
        return Portion(
            batch=collect(_entry(mapping(item), now) for item in sequence(inner.get("items"))),
            total=total if isinstance(total, int) else None,
            then=text(inner.get("next-cursor")) or None,
        )
    if text(outer.get("status")) == "failed" or kind.endswith("failure"):
        reasons = [text(mapping(one).get("message")) for one in sequence(message)]
        raise SourceError(SOURCE, f"{LABEL} said: {plain('; '.join(reasons))[:200] or kind or 'error'}")
    raise SourceError(SOURCE, f"{LABEL} answered {plain(kind)[:60] or 'something'}, which brings no papers")


def _entry(item: Mapping[str, object], now: dt.datetime) -> Entry | Rejection:
    doi, kind = text(item.get("DOI")), text(item.get("type"))
    if kind in NO_PAPERS:
        return Rejection(rejection_id(doi), f"a {kind.replace('-', ' ')}, not a paper")
    registered = instant(text(mapping(item.get("created")).get("date-time")))
    title, subtitle = _first(item.get("title")), _first(item.get("subtitle"))
    container = from_html(_first(item.get("container-title")))
    return make_entry(
        source=SOURCE,
        key=doi.lower(),
        title=plain_title(f"{title}: {subtitle}" if title and subtitle and subtitle not in title else title),
        spellings=[f"doi:{doi}", *_other_names(item)] if doi else [],
        abstract=plain_abstract(text(item.get("abstract"))),
        authors=[_name(mapping(author)) for author in sequence(item.get("author"))],
        categories=_categories(item),
        published_at=_date(item, "published") or _date(item, "issued") or registered,
        announced_at=registered,
        journal_ref=container,
        withdrawn=any(
            text(mapping(update).get("type")) in ("retraction", "withdrawal", "removal")
            for update in sequence(item.get("updated-by"))
        ),
        readings=reading(Signal.CROSSREF_CITATIONS, item.get("is-referenced-by-count"), now),
    )


def _first(value: object) -> str:
    return next((found for one in sequence(value) if (found := text(one).strip())), text(value))


def _other_names(item: Mapping[str, object]) -> list[str]:
    relations = mapping(item.get("relation"))
    related = (mapping(one) for kind in SAME_PAPER for one in sequence(relations.get(kind)))
    return [f"doi:{text(one.get('id'))}" for one in related if text(one.get("id-type")) == "doi"]


def _name(author: Mapping[str, object]) -> str:
    """Given and family name, or the name of a group."""
    person = " ".join(text(author.get(part)).strip() for part in ("given", "family", "suffix"))
    return from_html(person.strip() or first_text(author, "name", "literal"))


def _categories(item: Mapping[str, object]) -> list[str]:
    """``biorxiv/ecology`` of a preprint, as bioRxiv's own source spells it."""
    servers = [text(mapping(one).get("name")) for one in sequence(item.get("institution"))]
    group = from_html(text(item.get("group-title"))).lower()
    return [f"{server.lower()}/{group}" for server in servers if group and server.isalnum()]


def _date(item: Mapping[str, object], key: str) -> dt.datetime | None:
    """A date that has all of its parts; a year alone says too little to date news by."""
    dates = sequence(mapping(item.get(key)).get("date-parts"))
    parts = [part for part in sequence(dates[0] if dates else None) if isinstance(part, int)]
    try:
        return dt.datetime(parts[0], parts[1], parts[2], tzinfo=dt.UTC)
    except (IndexError, ValueError, OverflowError):
        return None
