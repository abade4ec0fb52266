"""arXiv's query API (export.arxiv.org/api/query): Atom with OpenSearch counts.

Manual: https://info.arxiv.org/help/api/user-manual.html. Errors come as a feed with one entry whose id contains
``/api/errors``, with HTTP status 200 or 400.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from lxml import etree

from digest.catalog.identifiers import arxiv_version, url_of
from digest.catalog.identifiers import parse as parse_identifier
from digest.errors import SourceError
from digest.model import Batch, Entry, Rejection, Scheme
from digest.sources.entries import collect, make_entry, rejection_id
from digest.sources.markup import fields_of, read_document, text_of
from digest.sources.text import instant, plain

SOURCE = "arxiv"
LABEL = "arXiv"


class ApiError(SourceError):
    """arXiv understood the request and refuses it (``incorrect id format for …``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPage:
    """One page of a query's results. ``total`` counts all pages; ``items`` is how many entries came, usable or not."""

    batch: Batch
    total: int
    items: int


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """The papers of one page; see :func:`parse_page`."""
    return parse_page(data).batch


def parse_page(data: bytes) -> ApiPage:
    """One page of results. The key is the abstract page's address without version.

    Raises:
        ApiError: arXiv reports an error.
        SourceError: it is not a feed at all.
    """
    document = read_document(data, source=SOURCE, label=LABEL)
    for item in document.items:
        fields = fields_of(item)
        if "/api/errors" in text_of(fields.get("id")):
            raise ApiError(SOURCE, f"{LABEL} said: {plain(text_of(fields.get('summary')))[:200] or 'error'}")
    totals = text_of(fields_of(document.root).get("totalResults"))
    batch = collect((_entry(item) for item in document.items), rejected=document.rejected, whole=document.whole)
    items = len(document.items)
    return ApiPage(
        batch=batch,
        total=int(totals) if totals.isascii() and totals.isdigit() and len(totals) < 10 else items,
        items=items,
    )


def _entry(item: etree._Element) -> Entry | Rejection:
    fields = fields_of(item)
    name = text_of(fields.get("id"))
    identifier = parse_identifier(name)
    if identifier is None or identifier.scheme is not Scheme.ARXIV:
        return Rejection(rejection_id(name or text_of(fields.get("title"))), "no arXiv id")
    primary = [category.get("term") or "" for category in fields.get("primary_category", [])]
    return make_entry(
        source=SOURCE,
        key=f"arxiv.org/abs/{identifier.value}",
        title=text_of(fields.get("title")),
        spellings=[str(identifier), *text_of(fields.get("doi")).split()],
        abstract=text_of(fields.get("summary")),
        authors=[text_of(fields_of(author).get("name")) for author in fields.get("author", [])],
        categories=[*primary, *(category.get("term") or "" for category in fields.get("category", []))],
        url=url_of(identifier),
        published_at=instant(text_of(fields.get("published"))),
        version=arxiv_version(name),
        comment=text_of(fields.get("comment")),
        journal_ref=text_of(fields.get("journal_ref")),
    )
