"""config.yaml and the environment → Config, frozen, every problem at once with its line.

The models below are the whole reference of keys; docs/configuration.md is checked against them by a test.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SiteConfig(Section):
    name: str = "Paper digest"
    contact: str = ""
    """Goes into the User-Agent of every request, as arXiv and Crossref ask for."""
    public_url: str | None = None
    """None = personal profile: no web links, unsubscribe by mailto."""


class ArxivConfig(Section):
    categories: tuple[str, ...] | Literal["auto"] = "auto"
    """auto = the union of all readers' lanes."""
    rss_url: str = "https://rss.arxiv.org"
    api_url: str = "https://export.arxiv.org/api/query"
    pace_s: float = 3.0
    """Seconds between two requests to arXiv, its terms of use ask for 3."""


class HuggingFaceConfig(Section):
    url: str = "https://huggingface.co"
    days: int = 3
    """How many past days are read again, since votes keep growing."""


class FirstRunConfig(Section):
    look_back_s: int = Field(default=7 * 86400, alias="look_back")
    """Written as a duration: 7d."""


class SourcesConfig(Section):
    arxiv: ArxivConfig | None = ArxivConfig()
    """`true`, `false` or a mapping."""
    huggingface: HuggingFaceConfig | None = HuggingFaceConfig()
    feeds: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    """JSON Lines files that are read at every ingest."""
    first_run: FirstRunConfig = FirstRunConfig()
    every_s: int = Field(default=3600, alias="every")
    timeout_s: float = Field(default=30.0, alias="timeout")
    max_bytes: int = 50_000_000


class FreshnessConfig(Section):
    wait_for: tuple[str, ...] = ()
    """Sources that an edition waits for, e.g. arxiv."""
    at_most_s: int = Field(default=90 * 60, alias="at_most")
    max_lateness_s: int = Field(default=18 * 3600, alias="max_lateness")
    candidate_age_s: int = Field(default=8 * 86400, alias="candidate_age")
    """A paper older than this (since first seen or announced) is no candidate any more."""


class TransportKind(StrEnum):
    FILES = "files"
    SMTP = "smtp"


class TlsMode(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class MailConfig(Section):
    transport: TransportKind = TransportKind.FILES
    preset: Literal["gmail", "outlook", "fastmail", "local"] | None = None
    server: str | None = None
    """smtp://user@host:587 (STARTTLS when offered … see docs) or smtps://user@host:465."""
    tls: TlsMode | None = None
    """None = by scheme: smtps → tls, smtp → starttls; loopback → none."""
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    """{env: NAME} or {file: PATH}; resolved while loading, never printed."""
    ca_file: Path | None = None
    sender: str = Field(default="Paper digest <digest@localhost>", alias="from")
    reply_to: str | None = None
    connections: int = Field(default=4, ge=1, le=64)
    window: int = Field(default=8, ge=1, le=64)
    """Deliveries marked `sending` at once per connection: the bound on what a crash leaves uncertain."""
    timeout_s: float = Field(default=60.0, alias="timeout")
    per_second: float | None = None
    on_uncertain: Literal["hold", "retry"] = "hold"
    files_dir: Path = Path("outbox")


class Config(Section):
    site: SiteConfig = SiteConfig()
    store: str = "sqlite:///digest.db"
    subscribers: Path = Path("subscribers")
    templates: Path | None = Path("templates")
    """A folder whose files override the built-in templates of the same name."""
    sources: SourcesConfig = SourcesConfig()
    freshness: FreshnessConfig = FreshnessConfig()
    mail: MailConfig = MailConfig()
    tick_s: int = Field(default=60, alias="tick")

    @property
    def candidate_age(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.freshness.candidate_age_s)
