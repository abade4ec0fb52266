"""Sections of the sources that are off until they are named in config.yaml: one class per provider."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from digest.settings.addresses import EmailAddress
from digest.settings.places import WebAddress, read_secret
from digest.settings.times import Duration
from digest.settings.validation import Section
from digest.settings.words import Category, OneOrMore, PlainText

_ON, _OFF = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})


def on_or_options(value: object) -> object:
    """``true`` is a provider with its defaults, ``false`` none; a mapping sets options."""
    if not isinstance(value, str | bool):
        return value
    word = str(value).strip().casefold()
    if word in _ON:
        return {}
    if word in _OFF:
        return None
    raise ValueError(f"{value!r} is neither true nor false, nor a mapping of options")


def is_off(value: object) -> bool:
    """Whether :func:`on_or_options` takes the typed value for "none"."""
    return str(value).strip().casefold() in _OFF


def _list_or_auto(value: object) -> str:
    return "auto" if value == "auto" else "list"


Categories = Annotated[
    Annotated[tuple[Category, ...], OneOrMore, Tag("list")] | Annotated[Literal["auto"], Tag("auto")],
    Discriminator(_list_or_auto),
]
"""A list of categories, or ``auto`` for the union of all readers' lanes."""


Key = Annotated[str | None, BeforeValidator(read_secret)]
"""{env: NAME} or {file: PATH}; resolved while loading, never printed."""

SectionT = TypeVar("SectionT", bound=Section)


def _asking(section: SectionT, *keys: str) -> SectionT:
    """Some providers know everything there is: one of these keys must say what is wanted."""
    if not any(getattr(section, key) for key in keys):
        raise ValueError(f"needs {' or '.join(keys)}: it would bring every new paper there is")
    return section


class ArxivOaiConfig(Section):
    categories: Categories = "auto"
    url: WebAddress = "https://oaipmh.arxiv.org/oai"
    pace_s: Annotated[float, Duration] = Field(default=3.0, alias="pace", ge=0)


def _issn(text: str) -> str:
    digits = text.strip().upper()
    if not re.fullmatch(r"[0-9]{4}-[0-9]{3}[0-9X]", digits):
        raise ValueError(f"{text!r} is no ISSN; write it as 1932-6203")
    return digits


class CrossrefConfig(Section):
    queries: Annotated[tuple[PlainText, ...], OneOrMore] = ()
    """Words that titles, authors or journals of interest have."""
    journals: Annotated[tuple[Annotated[str, AfterValidator(_issn)], ...], OneOrMore] = ()
    """ISSNs."""
    mailto: EmailAddress | None = None
    """For Crossref's polite pool."""
    url: WebAddress = "https://api.crossref.org"
    pace_s: Annotated[float, Duration] = Field(default=1.0, alias="pace", ge=0)

    @model_validator(mode="after")
    def _asks_for_something(self) -> CrossrefConfig:
        return _asking(self, "queries", "journals")


class PubmedConfig(Section):
    queries: Annotated[tuple[PlainText, ...], OneOrMore] = ()
    """In PubMed's own language: `CRISPR[Title/Abstract] AND review[Publication Type]`."""
    key: Key = Field(default=None, repr=False)
    url: WebAddress = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
    pace_s: Annotated[float, Duration] = Field(default=0.35, alias="pace", ge=0)

    @model_validator(mode="after")
    def _asks_for_something(self) -> PubmedConfig:
        return _asking(self, "queries")


class OpenAlexConfig(Section):
    queries: Annotated[tuple[PlainText, ...], OneOrMore] = ()
    """Words to search for in titles, abstracts and texts."""
    filters: Annotated[tuple[PlainText, ...], OneOrMore] = ()
    """In OpenAlex's own language: `primary_topic.field.id:13,type:article`; each is read by itself."""
    key: Key = Field(default=None, repr=False)
    """Without one the source is off."""
    url: WebAddress = "https://api.openalex.org"
    pace_s: Annotated[float, Duration] = Field(default=1.0, alias="pace", ge=0)

    @model_validator(mode="after")
    def _asks_for_something(self) -> OpenAlexConfig:
        return _asking(self, "queries", "filters")


class BiorxivConfig(Section):
    """bioRxiv and medRxiv; provisional."""

    url: WebAddress = "https://api.biorxiv.org"
    pace_s: Annotated[float, Duration] = Field(default=1.0, alias="pace", ge=0)


def _venue(text: str) -> str:
    venue = text.strip().strip("/")
    if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*", venue):
        raise ValueError(f"{text!r} is no venue; write it as in the address of its page: ICLR.cc/2027/Conference")
    return venue


class OpenReviewConfig(Section):
    """Provisional."""

    venues: Annotated[tuple[Annotated[str, AfterValidator(_venue)], ...], OneOrMore] = ()
    url: WebAddress = "https://api2.openreview.net"
    pace_s: Annotated[float, Duration] = Field(default=1.0, alias="pace", ge=0)

    @model_validator(mode="after")
    def _asks_for_something(self) -> OpenReviewConfig:
        return _asking(self, "venues")
