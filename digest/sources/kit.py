"""All that a source needs, in one place to import from: ``docs/add-a-source.md`` walks through one."""

from digest.errors import SourceError
from digest.model import AnnounceType, Batch, Entry, Reading, Rejection, Signal
from digest.sources.base import FetchRequest, Page, Source, Troubles
from digest.sources.entries import collect, make_entry, reading
from digest.sources.feed import parse_feed
from digest.sources.http import PoliteClient
from digest.sources.loose_json import first_text, mapping, names, read_json, sequence, text
from digest.sources.markup import Shape, fields_of, read_document, text_of
from digest.sources.pace import Provider
from digest.sources.text import from_html, instant, plain

__all__ = [
    "AnnounceType",
    "Batch",
    "Entry",
    "FetchRequest",
    "Page",
    "PoliteClient",
    "Provider",
    "Reading",
    "Rejection",
    "Shape",
    "Signal",
    "Source",
    "SourceError",
    "Troubles",
    "collect",
    "fields_of",
    "first_text",
    "from_html",
    "instant",
    "make_entry",
    "mapping",
    "names",
    "parse_feed",
    "plain",
    "read_document",
    "read_json",
    "reading",
    "sequence",
    "text",
    "text_of",
]
