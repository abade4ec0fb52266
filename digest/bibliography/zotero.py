"""Zotero's items in JSON, as its web API gives them (https://www.zotero.org/support/dev/web_api/v3/basics).

``[{"key": "ABCD2345", "data": {"itemType": "journalArticle", "title", "abstractNote", "DOI", "url", "extra", …}}, …]``;
attachments, notes and annotations are items too, and no papers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from digest.bibliography.entries import BibEntry, Bibliography, BibliographyError, best_identifier
from digest.sources.loose_json import loads, mapping, sequence, text

_NO_PAPERS = frozenset({"attachment", "note", "annotation"})


def parse_zotero(data: bytes) -> Bibliography:
    """One page of items.

    Raises:
        BibliographyError: not a list of items.
    """
    try:
        items = loads(data)
    except ValueError as error:
        raise BibliographyError(f"is {error}") from error
    if not isinstance(items, list):
        raise BibliographyError("is no list of items")
    found = ((mapping(item), mapping(mapping(item).get("data"))) for item in sequence(items))
    return Bibliography(
        entries=tuple(_entry(item, fields) for item, fields in found if text(fields.get("itemType")) not in _NO_PAPERS)
    )


def _entry(item: Mapping[str, object], fields: Mapping[str, object]) -> BibEntry:
    prose = [text(fields.get(name)) for name in ("publicationTitle", "repository", "archiveID", "extra")]
    return BibEntry(
        key=text(item.get("key")) or text(fields.get("key")),
        title=" ".join(text(fields.get("title")).split()),
        line=0,
        identifier=best_identifier(_names(fields), prose),
        abstract=" ".join(text(fields.get("abstractNote")).split()),
    )


def _names(fields: Mapping[str, object]) -> Iterator[str]:
    """Every text that may be an identifier; ``extra`` holds lines such as ``DOI: 10.1000/x`` and ``PMID: 123``."""
    for name in ("DOI", "url", "archiveID"):
        yield text(fields.get(name))
    for line in text(fields.get("extra")).splitlines():
        if told := re.fullmatch(r"\s*(doi|pmid|pmcid|arxiv|url)\s*:\s*(\S+).*", line, re.IGNORECASE):
            scheme = told[1].lower()
            yield told[2] if scheme in {"doi", "url"} else f"{scheme}:{told[2].removeprefix('arXiv:')}"
