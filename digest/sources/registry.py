"""Which formats and sources there are: the one place that a new one is added to."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlsplit

from digest.config import SourcesConfig
from digest.errors import SourceError
from digest.sources.arxiv import ArxivSource
from digest.sources.arxiv_harvest import ArxivOaiSource
from digest.sources.base import Parser, Source
from digest.sources.biorxiv_details import BiorxivSource
from digest.sources.crossref_works import CrossrefSource
from digest.sources.feed import FeedSource
from digest.sources.files import FileSource
from digest.sources.formats import MODULES, parser_of
from digest.sources.huggingface import HuggingFaceSource
from digest.sources.openalex_works import OpenAlexSource
from digest.sources.openreview_venues import OpenReviewSource
from digest.sources.plugins import MAX_NAME, load_plugin
from digest.sources.pubmed_search import PubmedSource

FORMATS: Mapping[str, Parser] = MappingProxyType({name: parser_of(name) for name in MODULES})
"""Wire formats by the name that ``digest ingest --format`` takes."""


def build_sources(
    config: SourcesConfig, *, plugins: Sequence[str] = (), beside: Path | None = None
) -> tuple[Source, ...]:
    """Every configured source, arXiv and Hugging Face first.

    Args:
        plugins: ``module:callable`` strings; each callable takes nothing and returns a Source.
        beside: the folder of the configuration, where the modules of plug-ins may lie.

    Raises:
        SourceError: a plug-in cannot be loaded, or two sources have one name.
    """
    sources: list[Source] = []
    if config.arxiv is not None:
        look_back = dt.timedelta(seconds=config.first_run.look_back_s)
        sources.append(ArxivSource(config.arxiv, first_look_back=look_back))
    if config.huggingface is not None:
        sources.append(HuggingFaceSource(config.huggingface))
    sources += _named_providers(config)
    feeds = list(dict.fromkeys(config.feeds))
    sources += [FeedSource(url, name=name) for url, name in zip(feeds, _names(feeds, _feed_names), strict=True)]
    files = list(dict.fromkeys(config.files))
    sources += [
        FileSource(path, name=name, max_bytes=config.max_bytes)
        for path, name in zip(files, _names(files, _file_names), strict=True)
    ]
    sources += [load_plugin(plugin, beside=beside) for plugin in plugins]
    taken: set[str] = set()
    for source in sources:
        if source.name in taken:
            raise SourceError(source.name, f"two sources are named {source.name!r}; names must differ")
        taken.add(source.name)
    return tuple(sources)


def _named_providers(config: SourcesConfig) -> Iterator[Source]:
    """The sources that are off until they are named."""
    look_back = dt.timedelta(seconds=config.first_run.look_back_s)
    if config.arxiv_oai is not None:
        yield ArxivOaiSource(config.arxiv_oai, first_look_back=look_back)
    if config.crossref is not None:
        yield CrossrefSource(config.crossref, first_look_back=look_back)
    if config.pubmed is not None:
        yield PubmedSource(config.pubmed, first_look_back=look_back)
    if config.openalex is not None and config.openalex.key:
        yield OpenAlexSource(config.openalex, first_look_back=look_back)
    if config.biorxiv is not None:
        yield BiorxivSource("biorxiv", config.biorxiv, first_look_back=look_back)
    if config.medrxiv is not None:
        yield BiorxivSource("medrxiv", config.medrxiv, first_look_back=look_back)
    if config.openreview is not None:
        yield OpenReviewSource(config.openreview, first_look_back=look_back)


_Place = TypeVar("_Place", str, Path)


def _names(places: Sequence[_Place], names_of: Callable[[_Place], tuple[str, str]]) -> list[str]:
    """A short name for each place; a long one where several would share the short one."""
    short = [names_of(place)[0] for place in places]
    return [
        _fitting(name if short.count(name) == 1 else names_of(place)[1])
        for place, name in zip(places, short, strict=True)
    ]


def _fitting(name: str) -> str:
    """A name that is too long keeps its beginning and gets a hash, so that it stays unique and the same."""
    if len(name) <= MAX_NAME:
        return name
    return f"{name[: MAX_NAME - 9]}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _feed_names(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = (parts.hostname or url) + (f":{parts.port}" if parts.port else "")
    return f"feed:{host}", f"feed:{host}{parts.path}{'?' if parts.query else ''}{parts.query}"


def _file_names(path: Path) -> tuple[str, str]:
    return f"file:{path.name}", f"file:{path}"
