"""bioRxiv and medRxiv: preprints by date, from https://api.biorxiv.org/ (``details/SERVER/FROM/TO/CURSOR/json``).

PROVISIONAL: written from the API's own page and others' clients; no recorded response was at hand to check it against.

Every version of a preprint is an item of its own. A first version is news; what is seen as a later version only is not.
``published`` is the DOI of the journal's version, or ``NA``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from digest.errors import SourceError
from digest.model import AnnounceType, Batch, Entry, Rejection
from digest.sources.base import Portion
from digest.sources.entries import collect, make_entry
from digest.sources.jats import plain_abstract, plain_title
from digest.sources.loose_json import mapping, read_json, sequence, text
from digest.sources.text import instant, plain

SOURCE = "biorxiv"
LABEL = "bioRxiv"

SERVERS: Mapping[str, str] = {"biorxiv": "bioRxiv", "medrxiv": "medRxiv"}
"""Source → what people call it."""


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """The preprints of one page; see :func:`parse_page`."""
    return parse_page(data).batch


def parse_page(data: bytes) -> Portion:
    """One page; of several versions of a preprint the highest stays. The key is the DOI.

    Raises:
        SourceError: no JSON, no such list, or an error that the answer reports.
    """
    outer = mapping(read_json(data, source=SOURCE, label=LABEL))
    message = mapping(next(iter(sequence(outer.get("messages"))), None))
    status = text(message.get("status"))
    if "collection" not in outer or (status not in ("", "ok") and not status.startswith("no ")):
        said = f"said: {plain(status)[:200]}" if status else "sent JSON that is no list of preprints"
        raise SourceError(SOURCE, f"{LABEL} {said}")
    items = [mapping(item) for item in sequence(outer.get("collection"))]
    first = {text(item.get("doi")).lower(): item for item in items if _version(item) == 1}
    total = text(message.get("total"))
    return Portion(
        batch=collect(_entry(item, first.get(text(item.get("doi")).lower())) for item in items),
        total=int(total) if re.fullmatch(r"[0-9]{1,9}", total) else None,
    )


def _entry(item: Mapping[str, object], first: Mapping[str, object] | None) -> Entry | Rejection:
    """``first`` is the same preprint's first version, if it is on the same page: then this is news all the same."""
    doi, title = text(item.get("doi")), plain_title(text(item.get("title")))
    server = text(item.get("server")).lower()
    source = server if server in SERVERS else SOURCE
    category, published = plain(text(item.get("category"))).lower(), text(item.get("published"))
    version = _version(item)
    day = instant(text((first or item).get("date")))
    is_news = first is not None or version is None
    return make_entry(
        source=source,
        key=doi.lower(),
        title=title,
        spellings=[f"doi:{doi}", *([f"doi:{published}"] if published not in ("", "NA") else [])] if doi else [],
        abstract=plain_abstract(text(item.get("abstract"))),
        authors=text(item.get("authors")).split(";"),
        categories=[f"{source}/{category}"] if category else [],
        published_at=day,
        announced_at=day,
        version=version,
        announce_type=AnnounceType.NEW if is_news else AnnounceType.REPLACE,
        withdrawn=title.upper().startswith("WITHDRAWN"),
    )


def _version(item: Mapping[str, object]) -> int | None:
    written = text(item.get("version")).lower().removeprefix("v")
    return int(written) if re.fullmatch(r"[0-9]{1,3}", written) else None
