"""Where the configured sources and signals are read from: one place for all that share a host and a pace."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from digest.config import Config
from digest.doctor.patient import Place


def places_of(config: Config, feeds: tuple[str, ...]) -> tuple[Place, ...]:
    """Every place; ``feeds`` are the names of the configured feeds, in the order of the configuration."""
    found: dict[tuple[str, str], Place] = {}
    for name, label, url, key, pace_s in (*_sources(config), *_feeds(config, feeds), *_signals(config)):
        where = (key, urlsplit(url).netloc)
        names = (*(found[where].names if where in found else ()), name)
        found[where] = Place(names=names, label=label, url=url, pace_key=key, pace_s=pace_s)
    return tuple(found.values())


_Told = tuple[str, str, str, str, float]
"""(name, label, address, pace key, pace in seconds)"""


def _sources(config: Config) -> Iterator[_Told]:
    sources = config.sources
    if one := sources.arxiv:
        yield "arxiv", "arXiv", one.rss_url, "arxiv", one.pace_s
    if two := sources.huggingface:
        yield "huggingface", "Hugging Face", two.url, "huggingface", two.pace_s
    if three := sources.arxiv_oai:
        yield "arxiv-oai", "arXiv", three.url, "arxiv", three.pace_s
    for name, label, section, key in (
        ("crossref", "Crossref", sources.crossref, "crossref"),
        ("pubmed", "PubMed", sources.pubmed, "pubmed"),
        ("biorxiv", "bioRxiv", sources.biorxiv, "biorxiv"),
        ("medrxiv", "medRxiv", sources.medrxiv, "biorxiv"),
        ("openreview", "OpenReview", sources.openreview, "openreview"),
    ):
        if section is not None:
            yield name, label, section.url, key, section.pace_s
    if sources.openalex is not None and sources.openalex.key:
        yield "openalex", "OpenAlex", sources.openalex.url, "openalex", sources.openalex.pace_s


def _feeds(config: Config, names: tuple[str, ...]) -> Iterator[_Told]:
    for name, url in zip(names, dict.fromkeys(config.sources.feeds), strict=True):
        host = urlsplit(url).hostname or ""
        yield name, host, url, host, 1.0


def _signals(config: Config) -> Iterator[_Told]:
    signals = config.signals
    if one := signals.huggingface:
        yield "signal:huggingface", "Hugging Face", one.url, "huggingface", one.pace_s
    if (two := signals.github) and two.token:
        yield "signal:github", "GitHub", two.url, "github", two.pace_s
    if (three := signals.semantic_scholar) and three.key:
        yield "signal:semantic-scholar", "Semantic Scholar", three.url, "semantic-scholar", three.pace_s
    if four := signals.hackernews:
        yield "signal:hackernews", "Hacker News", four.url, "hackernews", four.pace_s
