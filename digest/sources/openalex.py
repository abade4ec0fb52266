"""OpenAlex: works as JSON (https://developers.openalex.org/api-reference/works).

Abstracts come as an inverted index, word → positions, because publishers' terms do not let the text be given out; it is
put together again here. Ids and DOIs are web addresses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from digest.errors import SourceError
from digest.model import Batch, Entry, Rejection, Signal
from digest.sources.base import Portion
from digest.sources.entries import MAX_ABSTRACT, collect, make_entry, reading, rejection_id
from digest.sources.jats import plain_title
from digest.sources.loose_json import first_text, mapping, read_json, sequence, text
from digest.sources.text import from_html, instant, plain

SOURCE = "openalex"
LABEL = "OpenAlex"

NO_PAPERS = frozenset({"paratext", "peer-review", "grant", "supplementary-materials", "erratum"})
"""Types of works that are not papers (https://developers.openalex.org/api-reference/works, ``type``)."""
MAX_WORDS = 20_000
"""Positions in one abstract; an index that claims more is not one."""


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """The works of one answer; see :func:`parse_page`."""
    return parse_page(data, now=now).batch


def parse_page(data: bytes, *, now: dt.datetime) -> Portion:
    """A page of works or a single one, citations as readings at ``now``. The key is the OpenAlex id (``W…``).

    Raises:
        SourceError: OpenAlex reports an error, or it is no work and no list of works.
    """
    outer = mapping(read_json(data, source=SOURCE, label=LABEL))
    if said := first_text(outer, "error", "message"):
        raise SourceError(SOURCE, f"{LABEL} said: {plain(said)[:200]}")
    if isinstance(outer.get("results"), list):
        meta = mapping(outer.get("meta"))
        total = meta.get("count")
        return Portion(
            batch=collect(_entry(mapping(item), now) for item in sequence(outer.get("results"))),
            total=total if isinstance(total, int) else None,
            then=text(meta.get("next_cursor")) or None,
        )
    if text(outer.get("id")):
        return Portion(batch=collect([_entry(outer, now)]))
    raise SourceError(SOURCE, f"{LABEL} sent JSON that is no work and no list of works")


def _entry(item: Mapping[str, object], now: dt.datetime) -> Entry | Rejection:
    address, kind = text(item.get("id")), text(item.get("type"))
    key = address.rpartition("/")[2]
    if kind in NO_PAPERS:
        return Rejection(rejection_id(key), f"of the type {kind}, not a paper")
    ids = mapping(item.get("ids"))
    names = [
        text(item.get("doi")) or text(ids.get("doi")),
        *_at_arxiv(item),
        text(ids.get("pmid")),
        text(ids.get("pmcid")),
    ]
    published_at = instant(text(item.get("publication_date")))
    return make_entry(
        source=SOURCE,
        key=key,
        title=plain_title(first_text(item, "title", "display_name")),
        spellings=[*(name for name in names if name), f"openalex:{key}"] if key else [],
        abstract=from_html(from_inverted_index(item.get("abstract_inverted_index"))),
        authors=[_name(mapping(one)) for one in sequence(item.get("authorships"))],
        published_at=published_at,
        announced_at=instant(text(item.get("created_date"))),
        journal_ref=text(mapping(mapping(item.get("primary_location")).get("source")).get("display_name")),
        withdrawn=item.get("is_retracted") is True,
        readings=reading(Signal.OPENALEX_CITATIONS, item.get("cited_by_count"), now),
    )


def _name(authorship: Mapping[str, object]) -> str:
    return first_text(mapping(authorship.get("author")), "display_name") or text(authorship.get("raw_author_name"))


def _at_arxiv(item: Mapping[str, object]) -> list[str]:
    """The arXiv page among the places where the work can be read: a paper with a journal's DOI often has one."""
    pages = [text(mapping(one).get("landing_page_url")) for one in sequence(item.get("locations"))[:50]]
    return [page for page in pages if "arxiv.org/abs/" in page.lower()][:1]


def from_inverted_index(index: object) -> str:
    """The text whose words stand at these positions; gaps close, and of two words at one position the first stays.

    ``{"We": [0, 2], "and": [1]}`` gives ``We and We``.
    """
    words: dict[int, str] = {}
    for word, positions in mapping(index).items():
        for position in sequence(positions):
            if isinstance(position, int) and 0 <= position < MAX_WORDS:
                words.setdefault(position, word)
    return " ".join(words[position][:MAX_ABSTRACT] for position in sorted(words))[: MAX_ABSTRACT * 2]
