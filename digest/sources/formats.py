"""The names of all wire formats, and where their parsers are; importing none, so that ``--help`` need not wait."""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

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
