"""Saved answers in their wrappings: what is inside is read, and nothing else is made of it."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
from collections.abc import Callable

import pytest

from digest.errors import SourceError
from digest.model import Batch
from digest.sources.registry import FORMATS
from digest.sources.saved import read_saved
from tests.support import wire

NOW = dt.datetime(2026, 8, 20, 8, 0, tzinfo=dt.UTC)
ITEMS: dict[str, tuple[object, object]] = {
    "hf-daily": (wire.hf_item(), wire.hf_item("2608.00002")),
    "crossref": (wire.crossref_work(), wire.crossref_work("10.1234/x.2")),
    "openalex": (wire.openalex_work(), wire.openalex_work("10.1234/o.2")),
    "biorxiv": (wire.biorxiv_item(), wire.biorxiv_item("10.1101/2026.08.18.000002")),
    "semantic-scholar": (wire.s2_paper(), wire.s2_paper("2608.00002")),
    "openreview": (wire.openreview_note(), wire.openreview_note("abcDEF456")),
    "jsonl": ({"id": "2608.00001", "title": "A"}, {"id": "2608.00002", "title": "B"}),
}
WRAPPINGS: dict[str, Callable[[object, object], bytes]] = {
    "list": lambda a, b: json.dumps([a, b], indent=1).encode(),
    "lines": lambda a, b: f"{json.dumps(a)}\n\n{json.dumps(b)}\n".encode(),
    "twice encoded": lambda a, b: json.dumps(json.dumps([a, b])).encode(),
    "items encoded": lambda a, b: json.dumps([json.dumps(a), json.dumps(b)]).encode(),
    "UTF-16": lambda a, b: json.dumps([a, b]).encode("utf-16"),
    "with a mark": lambda a, b: b"\xef\xbb\xbf" + json.dumps([a, b]).encode(),
}


def read(form: str, data: bytes) -> Batch:
    return read_saved(data, form, FORMATS[form], now=NOW)


@pytest.mark.parametrize("form", ITEMS)
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_items_without_their_envelope_are_read(form: str, wrapping: str) -> None:
    """Alone, as a list, line by line, or encoded twice, as scripts save them."""
    first, second = ITEMS[form]
    batch = read(form, WRAPPINGS[wrapping](first, second))
    assert (batch.read, batch.announced, batch.rejected) == (2, 2, ())
    assert read(form, json.dumps(first).encode()).read == 1


def test_pages_in_one_file_are_one_batch_with_each_paper_once() -> None:
    """Pages that overlap count what is in both as a double."""
    pages = [wire.crossref(*ITEMS["crossref"]), wire.crossref(ITEMS["crossref"][0])]
    for data in (b"\n".join(pages), b"[" + b",".join(pages) + b"]"):
        batch = read("crossref", data)
        assert (batch.read, batch.announced) == (2, 3)
        assert [one.reason for one in batch.rejected] == ["listed twice: joined with the other"]


def test_cassettes_of_both_dialects_are_read() -> None:
    """vcrpy's strings and Ruby's base64, packed or not; an answer that is an error is refused by its place."""
    page = wire.crossref(*ITEMS["crossref"])
    packed = base64.b64encode(gzip.compress(page)).decode()
    ruby = (
        f"---\nhttp_interactions:\n- response:\n    body:\n      encoding: ASCII-8BIT\n      base64_string: {packed}\n"
    )
    python = (
        f"interactions:\n- response: {{body: {{string: {json.dumps(page.decode())}}}}}\n- response: {{content: gone}}\n"
    )
    assert read("crossref", ruby.encode()).read == 2
    batch = read("crossref", python.encode())
    assert (batch.read, batch.announced) == (2, 3)
    assert [(one.id, one.reason[:34]) for one in batch.rejected] == [("answer 2", "Crossref sent something that is no")]


def test_a_recorded_exchange_is_read() -> None:
    """{"status_code", "body"}, as arxiv.py's tests keep them."""
    body = wire.api_page([wire.api_entry("2608.00001")], total=1).decode()
    assert read("arxiv-atom", json.dumps({"status_code": 200, "body": body}).encode()).read == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"interactions: " + b"[" * 50_000, b"interactions: 3", b"[" * 99_999, b"version:\n"],
    ids=["nothing", "object", "list", "null", "deep-cassette", "no-cassette", "deep", "broken"],
)  # fmt: skip
def test_what_is_no_wrapping_is_told_as_the_parser_tells_it(data: bytes) -> None:
    """The parser's own words about the file itself, and no other exception, however deep it is."""
    with pytest.raises(SourceError) as told:
        FORMATS["crossref"](data, now=NOW)
    with pytest.raises(SourceError) as wrapped:
        read("crossref", data)
    assert str(wrapped.value) == str(told.value)


def test_lists_of_names_written_as_python_writes_them_are_lists() -> None:
    """Dumps of data frames hold ``"['Ada', 'Bo']"``."""
    for written in ("['Ada L', 'Bo C']", "[{'name': 'Ada L'}, {'name': 'Bo C'}]", '["Ada L", "Bo C"]'):
        line = json.dumps({"id": "2608.00001", "title": "A", "authors": written}).encode()
        assert read("jsonl", line).entries[0].authors == ("Ada L", "Bo C")
