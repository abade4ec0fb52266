"""The section of the summaries: whose words stand under a title."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from digest.settings.places import WebAddress, is_loopback
from digest.settings.providers import Key
from digest.settings.times import Duration, between
from digest.settings.validation import Section
from digest.settings.words import PlainText


def _base(url: str) -> str:
    """The address below which ``/chat/completions`` is."""
    return url.rstrip("/").removesuffix("/chat/completions")


def _per_day(value: object) -> object:
    """``200/day`` is 200."""
    return value.strip().removesuffix("/day").strip() if isinstance(value, str) else value


class LlmConfig(Section):
    """A language model behind an endpoint that speaks as OpenAI's does."""

    url: Annotated[WebAddress, AfterValidator(_base)] = Field(
        description="the endpoint, as in https://llm.uni.example/v1 or http://localhost:11434/v1"
    )
    model: Annotated[PlainText, Field(max_length=120)] = Field(description="as the endpoint names it")
    key: Key = Field(default=None, repr=False)
    """Sent as a bearer token; local servers need none."""
    budget: Annotated[int, BeforeValidator(_per_day)] = Field(default=200, ge=1, le=1_000_000)
    """Questions in one day (UTC), however they are answered."""
    timeout_s: Annotated[float, Duration, between("1s", "10m")] = Field(default=20.0, alias="timeout")
    """For one answer."""
    patience_s: Annotated[float, Duration, between("1s", "5m")] = Field(default=60.0, alias="patience")
    """For all questions of one pass: how much later a mail may go out because of them. Less than a build's lease."""
    concurrency: int = Field(default=2, ge=1, le=16)

    @model_validator(mode="after")
    def _key_is_safe(self) -> LlmConfig:
        parts = urlsplit(self.url)
        if self.key and parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise ValueError("the key would cross the network in the clear; write https://, or leave the key out")
        return self


class SummariesConfig(Section):
    semantic_scholar: bool = False
    """Its model's sentence in place of the abstract's own, where there is one."""
    llm: LlmConfig | None = None
    """A sentence that your own endpoint writes for papers that are picked; off unless it is named."""
