"""The section of the signals: attention that is read for stored papers, one class per provider."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from digest.settings.places import WebAddress
from digest.settings.providers import Key, on_or_options
from digest.settings.times import Duration, between
from digest.settings.validation import Section
from digest.settings.words import OneOrMore


def _ascending(marks: tuple[int, ...]) -> tuple[int, ...]:
    if not marks:
        raise ValueError("is empty; name at least one age, as in [1d, 7d], or turn the signal off")
    if any(later <= earlier for earlier, later in pairwise(marks)):
        raise ValueError("must ascend: [8h, 1d, 3d, 7d]")
    return marks


Marks = Annotated[tuple[Annotated[int, Duration, between("1h", "365d")], ...], OneOrMore, AfterValidator(_ascending)]
"""Ages of a paper at which it is asked about, ascending."""

_HOUR, _DAY = 3600, 86_400


class VotesConfig(Section):
    """Hugging Face."""

    marks_s: Marks = Field(default=(8 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY), alias="marks")
    url: WebAddress = "https://huggingface.co"
    pace_s: Annotated[float, Duration] = Field(default=0.5, alias="pace", ge=0)


class StarsConfig(Section):
    """GitHub; provisional."""

    token: Key = Field(default=None, repr=False)
    """Without one the signal is off."""
    marks_s: Marks = Field(default=(_DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY), alias="marks")
    url: WebAddress = "https://api.github.com/graphql"
    pace_s: Annotated[float, Duration] = Field(default=1.0, alias="pace", ge=0)


class CitationsConfig(Section):
    """Semantic Scholar."""

    key: Key = Field(default=None, repr=False)
    """Without one the signal is off."""
    marks_s: Marks = Field(default=(_DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY), alias="marks")
    url: WebAddress = "https://api.semanticscholar.org"
    pace_s: Annotated[float, Duration] = Field(default=1.1, alias="pace", ge=0)


class MentionsConfig(Section):
    """Hacker News, over Algolia's search; provisional."""

    marks_s: Marks = Field(default=(_DAY, 3 * _DAY, 7 * _DAY), alias="marks")
    url: WebAddress = "https://hn.algolia.com"
    pace_s: Annotated[float, Duration] = Field(default=1.0, alias="pace", ge=0)


class SignalsConfig(Section):
    huggingface: Annotated[VotesConfig | None, BeforeValidator(on_or_options)] = VotesConfig()
    """`true`, `false` or a mapping."""
    github: Annotated[StarsConfig | None, BeforeValidator(on_or_options)] = None
    """This one and the following are off until they are named."""
    semantic_scholar: Annotated[CitationsConfig | None, BeforeValidator(on_or_options)] = None
    hackernews: Annotated[MentionsConfig | None, BeforeValidator(on_or_options)] = None
    plugins: Annotated[tuple[str, ...], OneOrMore] = ()
    """Signals of your own, each as `module:callable`."""
    every_s: Annotated[int, Duration, between("1m", "7d")] = Field(default=1800, alias="every")
    most_requests: int = Field(default=40, ge=1, le=10_000)
    """To one provider in one run; what is left is asked in the next."""


def signals_without_a_key(signals: SignalsConfig) -> Iterator[tuple[str, str]]:
    """Sections that are named but stay off until they have a key, each with the name of that key."""
    if signals.github is not None and not signals.github.token:
        yield "github", "token"
    if signals.semantic_scholar is not None and not signals.semantic_scholar.key:
        yield "semantic_scholar", "key"
