"""What people save answers as: the answer itself, or one of its many wrappings, undone here before a parser sees it.

    VCR cassettes (YAML)  ·  {"status_code", "body"}  ·  JSON inside a JSON string  ·  one JSON value a line
    items without their envelope, alone or as a list  ·  pages as a list

A provider's own answer is read by its parser as it came; only what the parser refuses is looked at here.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from digest.errors import SourceError
from digest.model import Batch, Rejection
from digest.sources.base import Parser
from digest.sources.entries import collect
from digest.sources.loose_json import loads, mapping, sequence, text, unwrapped
from digest.sources.text import decode

MOST_ANSWERS = 10_000
"""In one file."""
MOST_BYTES = 200_000_000
DEEPEST = 50
"""Nesting of a cassette; a real one has seven levels."""

ENVELOPES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "crossref": ("message", "DOI"),
        "openalex": ("results", "id"),
        "biorxiv": ("collection", "doi"),
        "openreview": ("notes", "content"),
        "semantic-scholar": ("data", "paperId"),
        "hf-daily": ("", "title"),
        "jsonl": ("", "title"),
    }
)
"""Format in JSON → what its pages hold their items under, and what tells that a bare object is an item."""


def read_saved(data: bytes, form: str, parse: Parser, *, now: dt.datetime) -> Batch:
    """What a saved file says, as one batch; ``announced`` is None if any answer in it breaks off.

    Raises:
        SourceError: nothing in it is of the format; as the parser says of the file itself.
    """
    batch, refused = None, None
    try:
        batch = parse(data, now=now)
    except SourceError as error:
        refused = error
    if batch is not None and batch.read:
        return batch
    answers, errors = answers_in(data, form, parse, now=now)
    if answers:
        found = [parse(answer, now=now) for answer in answers]
        return collect(
            (entry for one in found for entry in one.entries),
            rejected=[*(rejection for one in found for rejection in one.rejected), *errors],
            whole=all(one.announced is not None for one in found),
        )
    if batch is None:
        assert refused is not None
        raise refused
    return batch


def answers_in(data: bytes, form: str, parse: Parser, *, now: dt.datetime) -> tuple[list[bytes], list[Rejection]]:
    """The answers wrapped in a file that the parser can read, and the others as refused, by their place."""
    found, errors = [], []
    for number, answer in enumerate(_answers(data, form), start=1):
        try:
            parse(answer, now=now)
            found.append(answer)
        except SourceError as error:
            errors.append(Rejection(f"answer {number}", str(error)))
    return found, errors


def _answers(data: bytes, form: str) -> Iterator[bytes]:
    """The answers that are wrapped in a file; none if it is no wrapping that we know."""
    start = data[:4_000].lstrip(b"\xef\xbb\xbf \t\r\n-")
    if start.startswith((b"interactions:", b"http_interactions:", b"version:")):
        yield from _cassette(data)
        return
    values = [unwrapped(value) for value in _values(data)]
    if len(values) == 1 and "body" in mapping(values[0]) and "status_code" in mapping(values[0]):
        yield text(mapping(values[0])["body"]).encode("utf-8", "replace")
    elif form in ENVELOPES and values:
        yield from _in_envelopes(values, form)


def _cassette(data: bytes) -> Iterator[bytes]:
    """Bodies of a VCR cassette, in the dialects of vcrpy and of Ruby's vcr."""
    import yaml
    from yaml import CSafeLoader

    try:
        depth = 0
        for event in yaml.parse(
            decode(data), Loader=CSafeLoader
        ):  # the composer recurses in C: depth is looked at before
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                return
        tape = mapping(yaml.load(decode(data), Loader=CSafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    for turn in sequence(tape.get("interactions") or tape.get("http_interactions"))[:MOST_ANSWERS]:
        answer = mapping(mapping(turn).get("response"))
        body = answer.get("content", answer.get("body"))
        if isinstance(body, dict):
            packed = body.get("base64_string")
            body = _unpacked(packed) if isinstance(packed, str) else body.get("string")
        if isinstance(body, str):
            body = body.encode("utf-8", "replace")
        if isinstance(body, bytes):
            yield _inflated(body)


def _unpacked(packed: str) -> bytes:
    try:
        return base64.b64decode(packed)
    except binascii.Error:
        return b""


def _inflated(body: bytes) -> bytes:
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        return zlib.decompressobj(47).decompress(body, MOST_BYTES)
    except (zlib.error, gzip.BadGzipFile):
        return body


def _values(data: bytes) -> list[object]:
    """The JSON values of a file: one, or one a line; none if it is something else."""
    try:
        return [loads(data)]
    except ValueError:
        pass
    found = []
    for line in decode(data).splitlines():
        if line.strip():
            try:
                found.append(loads(line))
            except ValueError:
                return []
    return found


def _in_envelopes(values: Sequence[object], form: str) -> Iterator[bytes]:
    """Pages as they are; items that stand alone or in a list, put into one page of their own."""
    envelope, mark = ENVELOPES[form]
    items: list[object] = []
    for value in values:
        for part in value if isinstance(value, list) else [value]:
            one = unwrapped(part)
            if envelope and envelope in mapping(one):
                yield json.dumps(one).encode()
            elif isinstance(value, list) or mark in mapping(one) or "paper" in mapping(one):
                items.append(one)
    if items:
        yield _page(items, form, envelope)


def _page(items: Sequence[object], form: str, envelope: str) -> bytes:
    if form == "jsonl":
        return b"\n".join(json.dumps(item).encode() for item in items)
    if form == "crossref":
        return json.dumps({"message-type": "work-list", "message": {"items": items}}).encode()
    return json.dumps({envelope: items} if envelope else items).encode()
