"""Entries as JSON and back: the record of what a provider said, kept so that a merge can be explained and redone."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import orjson

from digest.model import AnnounceType, Entry, Identifier, Scheme


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """All that an entry says of its paper; its readings are not part of it, they become observations."""
    body: dict[str, Any] = {
        "identifiers": [[str(i.scheme), i.value] for i in entry.identifiers],
        "title": entry.title,
        "abstract": entry.abstract,
        "authors": list(entry.authors),
        "categories": list(entry.categories),
        "url": entry.url,
        "published_at": _instant(entry.published_at),
        "announced_at": _instant(entry.announced_at),
        "version": entry.version,
        "announce_type": entry.announce_type and str(entry.announce_type),
        "comment": entry.comment,
        "journal_ref": entry.journal_ref,
        "code_url": entry.code_url,
        "withdrawn": entry.withdrawn or None,
        "candidate": None if entry.candidate else False,
    }
    return {name: value for name, value in body.items() if value is not None}


def entry_from_json(source: str, key: str, body: Mapping[str, Any]) -> Entry:
    announce_type = body.get("announce_type")
    return Entry(
        source=source,
        key=key,
        identifiers=tuple(Identifier(Scheme(scheme), value) for scheme, value in body["identifiers"]),
        title=body["title"],
        abstract=body["abstract"],
        authors=tuple(body["authors"]),
        categories=tuple(body["categories"]),
        url=body.get("url"),
        published_at=_parsed(body.get("published_at")),
        announced_at=_parsed(body.get("announced_at")),
        version=body.get("version"),
        announce_type=AnnounceType(announce_type) if announce_type else None,
        comment=body.get("comment"),
        journal_ref=body.get("journal_ref"),
        code_url=body.get("code_url"),
        withdrawn=bool(body.get("withdrawn", False)),
        candidate=bool(body.get("candidate", True)),
    )


def body_of(entry: Entry) -> str:
    """The record's body as it is stored: compact JSON, the same text for the same entry."""
    return compact(entry_to_json(entry))


def compact(value: object) -> str:
    """JSON text without spaces."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a lone surrogate, which UTF-8 cannot hold: written as an escape
        return json.dumps(value, separators=(",", ":"))


def from_text(body: str) -> Any:
    """The value of JSON text that :func:`compact` wrote."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:  # a lone surrogate
        return json.loads(body)


def content_hash(body: str) -> str:
    """32 hex digits; equal for equal bodies."""
    return hashlib.blake2b(body.encode(), digest_size=16).hexdigest()


def _instant(value: dt.datetime | None) -> str | None:
    return value.astimezone(dt.UTC).isoformat() if value else None


def _parsed(value: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(value) if value else None
