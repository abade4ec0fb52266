"""The names of all wire formats, and where their parsers are; importing none, so that ``--help`` need not wait."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.model import Batch
    from digest.sources.base import Parser

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "arxiv-rss": "arxiv_rss",
        "arxiv-atom": "arxiv_atom",
        "arxiv-oai": "arxiv_oai",
        "hf-daily": "hf_daily",
        "crossref": "crossref",
        "pubmed": "pubmed",
        "openalex": "openalex",
        "biorxiv": "biorxiv",
        "semantic-scholar": "semantic_scholar",
        "openreview": "openreview",
        "feed": "feed",
        "jsonl": "jsonl",
    }
)
"""Format, as ``digest ingest --format`` takes it → the module of ``digest.sources`` whose ``parse`` reads it."""


OF_SOURCE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "arxiv": ("arxiv-rss", "arxiv-atom"),
        "huggingface": ("hf-daily",),
        "medrxiv": ("biorxiv",),
        "file": ("jsonl",),
    }
)
"""Sources whose name is not that of their format; ``feed:…`` and ``file:…`` go by what stands before the colon."""


def formats_of(source: str) -> tuple[str, ...]:
    """The formats in which a built-in source is answered; none for a plug-in."""
    kind = source.partition(":")[0]
    return OF_SOURCE.get(kind, (kind,) if kind in MODULES else ())


def parser_of(name: str) -> Parser:
    """The parser of a format; KeyError if there is none of that name."""
    parser: Parser = importlib.import_module(f"digest.sources.{MODULES[name]}").parse
    return parser


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file that can be parsed alone; ``first_line`` counts from 1."""

    data: bytes
    first_line: int = 1


PIECE = 700_000
"""Bytes of JSON Lines in one piece: some 400 papers."""


def pieces_of(name: str, data: bytes) -> Iterator[Piece]:
    """JSON Lines cut between lines; of any other format, the response as a whole."""
    if name != "jsonl" or b"\0" in data[:4]:  # UTF-16 and UTF-32, where a line feed is more than one byte
        yield Piece(data)
        return
    start, line = 0, 1
    while start < len(data):
        end = data.find(b"\n", start + PIECE) + 1 or len(data)
        yield Piece(data[start:end], line)
        line += data.count(b"\n", start, end)
        start = end


def parse_piece(name: str, piece: Piece, *, now: dt.datetime) -> Batch:
    """The piece's papers; as the parser, rejections name their lines in the whole file.

    Raises:
        SourceError: as the parser.
    """
    if name == "jsonl":
        from digest.sources import jsonl

        return jsonl.parse(piece.data, now=now, first_line=piece.first_line)
    return parser_of(name)(piece.data, now=now)
