"""arXiv over OAI-PMH 2.0 (https://info.arxiv.org/help/oa/index.html): records in three dresses.

    arXiv      names in parts, categories, first and last date     what the source ``arxiv-oai`` asks for
    arXivRaw   every version with its date and size                 tells the version, and what was withdrawn
    oai_dc     Dublin Core: names of categories instead of codes    what most archives of arXiv's records hold

Which one a record wears is told by the element inside its ``metadata``. Protocol:
https://www.openarchives.org/OAI/openarchivesprotocol.html; section 3.6 has the errors, 3.5 the resumption tokens.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from digest.arxiv_categories import ARCHIVES, CATEGORIES
from digest.catalog.identifiers import parse as parse_identifier
from digest.catalog.identifiers import url_of
from digest.catalog.names import split_authors
from digest.errors import SourceError
from digest.model import Batch, Entry, Identifier, Rejection, Scheme, Withdrawal
from digest.sources.entries import collect, make_entry, rejection_id
from digest.sources.markup import Shape, fields_of, local_name, read_document, text_of
from digest.sources.text import instant, plain

SOURCE = "arxiv-oai"
LABEL = "arXiv (OAI-PMH)"

SHAPE = Shape(noun="an OAI-PMH answer", roots=("OAI-PMH", "record"), items=("record",), names=("identifier", "id"))
"""A bare ``record`` is how archives keep them."""


class TokenExpired(SourceError):
    """The resumption token is not known any more (arXiv's live for a day): begin the list again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OaiPage:
    """One part of a list. ``token`` asks for the next, None after the last; ``total`` counts all parts, if told."""

    batch: Batch
    token: str | None = None
    total: int | None = None


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """The papers of one part; see :func:`parse_page`."""
    return parse_page(data).batch


def parse_page(data: bytes) -> OaiPage:
    """One part of ListRecords, or the one record of GetRecord. The key is the OAI name without version.

    An empty list (``noRecordsMatch``) is an empty batch.

    Raises:
        TokenExpired: ``badResumptionToken``.
        SourceError: another error that the answer reports; no OAI-PMH at all; a verb that brings no records.
    """
    document = read_document(data, source=SOURCE, label=LABEL, shape=SHAPE)
    if document.items or document.rejected:
        items = (_entry(record) for record in document.items)
        batch = collect(items, rejected=document.rejected, whole=document.whole)
    else:
        batch = _without_records(document.root)
    token, total = "", ""
    for element in document.root.iter("{*}resumptionToken"):
        token, total = (element.text or "").strip(), element.get("completeListSize", "")
    return OaiPage(batch=batch, token=token or None, total=int(total) if re.fullmatch(r"[0-9]{1,9}", total) else None)


def _without_records(root: etree._Element) -> Batch:
    fields = fields_of(root)
    for error in fields.get("error", []):
        code = plain(error.get("code") or "")[:60]
        if code == "noRecordsMatch":
            return Batch(entries=(), announced=0)
        told = plain("".join(error.itertext()))[:200]
        kind = TokenExpired if code == "badResumptionToken" else SourceError
        raise kind(SOURCE, f"{LABEL} said: {code or 'error'}{f' ({told})' if told else ''}")
    if "ListIdentifiers" in fields:
        return collect(
            _withdrawn(header) or Rejection(_name(header), "only its name is listed")
            for header in root.iter("{*}header")
        )
    if "ListRecords" in fields:
        return Batch(entries=(), announced=0)
    verbs = [name for name in fields if name not in ("responseDate", "request")]
    raise SourceError(SOURCE, f"{LABEL} answered {', '.join(verbs)[:60] or 'nothing'}, which brings no papers")


def _entry(record: etree._Element) -> Entry | Rejection | Withdrawal:
    fields = fields_of(record)
    header = fields.get("header", [record])[0]
    name = _name(header)
    if gone := _withdrawn(header):
        return gone
    metadata = next((child for child in fields.get("metadata", []) for child in child), None)
    if metadata is None:
        return Rejection(name, "no metadata")
    inner = fields_of(metadata)
    dress = local_name(metadata)
    reader = {"arXiv": _arxiv, "arXivRaw": _arxiv_raw, "dc": _dublin_core}.get(dress)
    if reader is None:
        return Rejection(name, f"metadata in the form {plain(dress)[:60]!r}, which is not known here")
    spellings = [text_of(fields_of(header).get("identifier")), text_of(inner.get("id"))]
    spellings += [text_of([one]) for one in inner.get("identifier", [])]
    found = (parse_identifier(spelling) for spelling in spellings)
    identifier = next((one for one in found if one is not None and one.scheme is Scheme.ARXIV), None)
    if identifier is None:
        return Rejection(name, "no arXiv id")
    return reader(inner, header, identifier)


def _arxiv(
    fields: Mapping[str, list[etree._Element]], header: etree._Element, identifier: Identifier
) -> Entry | Rejection:
    people = (fields_of(author) for authors in fields.get("authors", []) for author in authors)
    return make_entry(
        source=SOURCE,
        key=f"oai:arXiv.org:{identifier.value}",
        title=text_of(fields.get("title")),
        spellings=[str(identifier), *_dois(text_of(fields.get("doi")))],
        abstract=text_of(fields.get("abstract")),
        authors=[" ".join(text_of(name.get(part)) for part in ("forenames", "keyname", "suffix")) for name in people],
        categories=text_of(fields.get("categories")).split() or _sets(header),
        url=url_of(identifier),
        published_at=instant(text_of(fields.get("created"))),
        comment=text_of(fields.get("comments")),
        journal_ref=text_of(fields.get("journal-ref")),
    )


def _arxiv_raw(
    fields: Mapping[str, list[etree._Element]], header: etree._Element, identifier: Identifier
) -> Entry | Rejection:
    versions = sorted((one for one in fields.get("version", []) if _version(one)), key=_version)
    first, last = (fields_of(versions[0]), fields_of(versions[-1])) if versions else ({}, {})
    return make_entry(
        source=SOURCE,
        key=f"oai:arXiv.org:{identifier.value}",
        title=text_of(fields.get("title")),
        spellings=[str(identifier), *_dois(text_of(fields.get("doi")))],
        abstract=text_of(fields.get("abstract")),
        authors=split_authors(text_of(fields.get("authors"))),
        categories=text_of(fields.get("categories")).split() or _sets(header),
        url=url_of(identifier),
        published_at=instant(text_of(first.get("date"))),
        version=_version(versions[-1]) if versions else None,
        comment=text_of(fields.get("comments")),
        journal_ref=text_of(fields.get("journal-ref")),
        # A version without a source is how arXiv withdraws a paper; the comment need not say so.
        withdrawn=text_of(last.get("size")).lower() == "0kb" and text_of(last.get("source_type")) == "I",
    )


def _dublin_core(
    fields: Mapping[str, list[etree._Element]], header: etree._Element, identifier: Identifier
) -> Entry | Rejection:
    """Subjects are names (``Computer Science - Machine Learning``), among them classes of the AMS and ACM."""
    about = [text_of([one]) for one in fields.get("description", [])]
    dates = [date for one in fields.get("date", []) if (date := instant(text_of([one])))]
    named = [text_of([one]) for one in fields.get("identifier", [])]
    return make_entry(
        source=SOURCE,
        key=f"oai:arXiv.org:{identifier.value}",
        title=text_of(fields.get("title")),
        spellings=[str(identifier), *(name for name in named if name.lower().startswith("doi:"))],
        abstract=next((text for text in about if not text.startswith("Comment:")), ""),
        authors=[text_of([one]) for one in fields.get("creator", [])],
        categories=[code for one in fields.get("subject", []) if (code := _BY_NAME.get(text_of([one])))]
        or _sets(header),
        url=url_of(identifier),
        published_at=min(dates, default=None),
        comment=next((text.removeprefix("Comment:") for text in about if text.startswith("Comment:")), None),
        journal_ref=next((name for name in named if not re.match(r"doi:|https?://", name, re.IGNORECASE)), None),
    )


_BY_NAME = {
    **{name: code for code, name in {**CATEGORIES, **ARCHIVES}.items() if "." not in code},
    **{
        f"{ARCHIVES[archive]} - {name}": code
        for code, name in CATEGORIES.items()
        for archive in [code.partition(".")[0]]
        if archive in ARCHIVES
    },
    "Computer Science - Learning": "cs.LG",  # as it was called until 2018
}
"""Dublin Core's subjects → codes."""


def _sets(header: etree._Element) -> list[str]:
    """Categories from the header's sets: ``cs:cs:AI`` is cs.AI, ``physics:hep-th`` hep-th, ``cs`` the whole archive."""
    codes = []
    for one in fields_of(header).get("setSpec", []):
        _, *parts = [*text_of([one]).split(":")]
        codes.append(".".join(parts[-2:]) if parts else text_of([one]))
    return codes


def _version(element: etree._Element) -> int:
    number = (element.get("version") or "").removeprefix("v")
    return int(number) if re.fullmatch(r"[0-9]{1,3}", number) else 0


def _dois(text: str) -> list[str]:
    """One field may hold several, with any mark between them."""
    return re.split(r"[\s,;]+", text)


def _name(header: etree._Element) -> str:
    return rejection_id(text_of(fields_of(header).get("identifier")))


def _withdrawn(header: etree._Element) -> Withdrawal | Rejection | None:
    """What a record says that the provider took back; None if it did not (OAI-PMH 2.0 section 2.5.1)."""
    if header.get("status") != "deleted":
        return None
    identifier = parse_identifier(text_of(fields_of(header).get("identifier")))
    if identifier is None or identifier.scheme is not Scheme.ARXIV:
        return Rejection(_name(header), "deleted: the provider took this record back, and its name is no arXiv id")
    return Withdrawal(SOURCE, identifier)
