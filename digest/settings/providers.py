"""Sections of the sources that are off until they are named in config.yaml: one class per provider."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from digest.settings.places import WebAddress
from digest.settings.times import Duration
from digest.settings.validation import Section
from digest.settings.words import Category, OneOrMore


def _list_or_auto(value: object) -> str:
    return "auto" if value == "auto" else "list"


Categories = Annotated[
    Annotated[tuple[Category, ...], OneOrMore, Tag("list")] | Annotated[Literal["auto"], Tag("auto")],
    Discriminator(_list_or_auto),
]
"""A list of categories, or ``auto`` for the union of all readers' lanes."""


class ArxivOaiConfig(Section):
    categories: Categories = "auto"
    url: WebAddress = "https://oaipmh.arxiv.org/oai"
    pace_s: Annotated[float, Duration] = Field(default=3.0, alias="pace", ge=0)
