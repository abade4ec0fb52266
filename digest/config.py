"""config.yaml and the environment → Config, frozen, every problem at once with its line.

The models below are the whole reference of keys; docs/configuration.md is checked against them by a test. Attributes
that hold seconds end in ``_s``; in the file they are durations under the key without it (``every: 1h``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from digest.errors import ConfigError, Problem
from digest.settings.addresses import parse_address
from digest.settings.brand import BrandConfig, lost_colours
from digest.settings.document import Location, read_document
from digest.settings.environment import with_overrides
from digest.settings.mail import MailConfig
from digest.settings.operating import LogConfig, MetricsConfig
from digest.settings.places import FilePath, PublicAddress, WebAddress, parse_web_address
from digest.settings.providers import (
    ArxivOaiConfig,
    BiorxivConfig,
    Categories,
    CrossrefConfig,
    OpenAlexConfig,
    OpenReviewConfig,
    PubmedConfig,
    is_off,
    on_or_options,
)
from digest.settings.reading import Reading, reading
from digest.settings.servers import StoreUrl
from digest.settings.signals import SignalsConfig
from digest.settings.summaries import SummariesConfig
from digest.settings.times import Duration, between
from digest.settings.upkeep import AlertsConfig, BackupConfig, RetentionConfig
from digest.settings.validation import Section, validate
from digest.settings.web import WebConfig
from digest.settings.words import OneOrMore, PlainText


def _contact(text: str) -> str:
    return parse_web_address(text) if "://" in text else parse_address(text)


class SiteConfig(Section):
    name: PlainText = "Paper digest"
    contact: Annotated[str, AfterValidator(_contact)] = ""
    """Goes into the User-Agent of every request, as arXiv and Crossref ask for: an address or a web page."""
    public_url: PublicAddress | None = None
    """None = personal profile: no web links, unsubscribe by mailto."""
    archive_url: PublicAddress | None = None
    """Where the folder of `digest archive` is served; mails then link to their page."""
    brand: BrandConfig = BrandConfig()


class ArxivConfig(Section):
    categories: Categories = "auto"
    """auto = the union of all readers' lanes."""
    rss_url: WebAddress = "https://rss.arxiv.org"
    api_url: WebAddress = "https://export.arxiv.org/api/query"
    pace_s: Annotated[float, Duration] = Field(default=3.0, alias="pace", ge=0)
    """Between two requests to arXiv; its terms of use ask for 3 s."""


class HuggingFaceConfig(Section):
    url: WebAddress = "https://huggingface.co"
    days: int = Field(default=3, ge=1, le=31)
    """How many past days are read again, since votes keep growing."""
    pace_s: Annotated[float, Duration] = Field(default=0.5, alias="pace", ge=0)
    """Between two requests to Hugging Face."""


class FirstRunConfig(Section):
    look_back_s: Annotated[int, Duration, between("0s", "90d")] = Field(default=7 * 86400, alias="look_back")
    """Written as a duration: 7d."""


class SourcesConfig(Section):
    arxiv: Annotated[ArxivConfig | None, BeforeValidator(on_or_options)] = ArxivConfig()
    """`true`, `false` or a mapping."""
    huggingface: Annotated[HuggingFaceConfig | None, BeforeValidator(on_or_options)] = HuggingFaceConfig()
    arxiv_oai: Annotated[ArxivOaiConfig | None, BeforeValidator(on_or_options)] = None
    """This one and the following are off until they are named."""
    crossref: Annotated[CrossrefConfig | None, BeforeValidator(on_or_options)] = None
    pubmed: Annotated[PubmedConfig | None, BeforeValidator(on_or_options)] = None
    openalex: Annotated[OpenAlexConfig | None, BeforeValidator(on_or_options)] = None
    biorxiv: Annotated[BiorxivConfig | None, BeforeValidator(on_or_options)] = None
    medrxiv: Annotated[BiorxivConfig | None, BeforeValidator(on_or_options)] = None
    openreview: Annotated[OpenReviewConfig | None, BeforeValidator(on_or_options)] = None
    feeds: Annotated[tuple[WebAddress, ...], OneOrMore] = ()
    files: Annotated[tuple[FilePath, ...], OneOrMore] = ()
    """JSON Lines files that are read at every ingest."""
    plugins: Annotated[tuple[str, ...], OneOrMore] = ()
    """Sources of your own, each as `module:callable`."""
    examples: bool = True
    """Ask arXiv and Crossref by name for readers' example papers that no list has brought."""
    first_run: FirstRunConfig = FirstRunConfig()
    every_s: Annotated[int, Duration, between("1m", "7d")] = Field(default=3600, alias="every")
    timeout_s: Annotated[float, Duration, between("1s", "10m")] = Field(default=30.0, alias="timeout")
    max_bytes: int = Field(default=50_000_000, ge=1_000)


def off_for_want_of_a_key(sources: SourcesConfig) -> Iterator[str]:
    """Sources that are named but stay off until they have a key."""
    if sources.openalex is not None and not sources.openalex.key:
        yield "openalex"


NAMED_SOURCES = frozenset(
    ("arxiv", "huggingface", "arxiv-oai", "crossref", "pubmed", "openalex", "biorxiv", "medrxiv", "openreview")
)
"""Sources whose name is fixed; feeds and files are named after their place."""


def _source_name(text: str) -> str:
    if text in NAMED_SOURCES or text.startswith(("feed:", "file:")):
        return text
    raise ValueError(f"{text!r} is no source; write arxiv, huggingface, or a feed: name that `digest sources` shows")


class FreshnessConfig(Section):
    wait_for: Annotated[tuple[Annotated[PlainText, AfterValidator(_source_name)], ...], OneOrMore] = ()
    """Sources that an edition waits for, e.g. arxiv."""
    at_most_s: Annotated[int, Duration, between("0s", "24h")] = Field(default=90 * 60, alias="at_most")
    max_lateness_s: Annotated[int, Duration, between("1m", "7d")] = Field(default=18 * 3600, alias="max_lateness")
    candidate_age_s: Annotated[int, Duration, between("1h", "90d")] = Field(default=8 * 86400, alias="candidate_age")
    """A paper older than this (since first seen or announced) is no candidate any more."""

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> FreshnessConfig:
        around = reading(info)
        if around and self.at_most_s >= self.max_lateness_s:
            around.complaints.append(
                (("freshness", "at_most"), "must be shorter than max_lateness, or a mail that waited is too late to go")
            )
        return self


class FeedbackConfig(Section):
    by_mail: bool = False
    """Mails have links to answer by mail, and `digest feedback take` is given what arrives."""


class Config(Section):
    site: SiteConfig = SiteConfig()
    store: StoreUrl = Field(default="sqlite:///digest.db", validate_default=True, repr=False)
    subscribers: FilePath = Field(default=Path("subscribers"), validate_default=True)
    templates: FilePath | None = Field(default=Path("templates"), validate_default=True)
    """A folder whose files override the built-in templates of the same name."""
    sources: SourcesConfig = SourcesConfig()
    signals: SignalsConfig = SignalsConfig()
    summaries: SummariesConfig = SummariesConfig()
    freshness: FreshnessConfig = FreshnessConfig()
    mail: MailConfig = MailConfig()
    feedback: FeedbackConfig = FeedbackConfig()
    web: WebConfig = WebConfig()
    retention: RetentionConfig = RetentionConfig()
    backup: BackupConfig = BackupConfig()
    alerts: AlertsConfig = AlertsConfig()
    metrics: MetricsConfig = MetricsConfig()
    log: LogConfig = LogConfig()
    journal: FilePath | None = None
    """The folder of the accepted journal; by default `digest-journal` beside the database, or beside this file."""
    tick_s: Annotated[int, Duration, between("1s", "1h")] = Field(default=60, alias="tick")

    @property
    def is_open(self) -> bool:
        """Strangers may subscribe on the web."""
        return self.site.public_url is not None and self.web.open is not False

    @property
    def welcomes(self) -> bool:
        """A reader's first edition opens with a welcome."""
        return self.mail.welcome if self.mail.welcome is not None else self.is_open

    @property
    def candidate_age(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.freshness.candidate_age_s)

    @model_validator(mode="after")
    def _profile(self, info: ValidationInfo) -> Config:
        around = reading(info)
        if around and self.mail.bounces and not self.site.public_url:
            around.complaints.append(
                (
                    ("mail", "bounces"),
                    "belongs to a public service: set site.public_url, or leave it out: relays of others refuse it",
                )
            )
        return self

    @model_validator(mode="after")
    def _subscribing(self, info: ValidationInfo) -> Config:
        around = reading(info)
        if around and self.web.open and not self.site.public_url:
            around.complaints.append(
                (("web", "open"), "needs site.public_url: the mail that asks for a confirmation links to it")
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _sections(cls, data: object, info: ValidationInfo) -> object:
        """A section that is left out is read as an empty one, so that its default paths are resolved too."""
        if (around := reading(info)) is None or not isinstance(data, dict):
            return data
        around.complaints.extend(_waits_in_vain(data))
        return {"mail": {}, **data}


def _waits_in_vain(data: Mapping[str, object]) -> Iterator[tuple[Location, str]]:
    """An awaited source that is turned off. Asked of the text, so that it is told beside any other problem."""
    sources, freshness = data.get("sources"), data.get("freshness")
    if not isinstance(sources, dict) or not isinstance(freshness, dict):
        return
    awaited = freshness.get("wait_for")
    for source in ("arxiv", "huggingface"):
        if is_off(sources.get(source)) and source in (awaited if isinstance(awaited, list) else [awaited]):
            yield ("freshness", "wait_for"), f"waits for {source}, which sources.{source} turns off"


def load_config(path: Path, *, env: Mapping[str, str]) -> Config:
    """Read a configuration file.

    Relative paths begin at the file's folder. A few variables of ``env`` replace keys
    (:data:`digest.settings.environment.OVERRIDES`).

    Raises:
        ConfigError: with all problems of the file and the environment; none of them holds a secret.
    """
    if not path.exists():
        raise ConfigError([Problem(path, None, "", "is not there; `digest init` writes one, --config names another")])
    document = with_overrides(read_document(path), env)
    around = Reading(folder=path.absolute().parent, env=env, complaints=list(lost_colours(document.data)))
    config, problems = validate(document, Config, around)
    if config is None:
        raise ConfigError(problems)
    return config
