"""The bundled sample: some seventy real papers of one week in May 2026, and how their votes grew.

``data/papers.json`` holds the papers, ``data/votes.csv`` the readings of their votes; ``data/README.md`` tells where
everything is from. :mod:`digest.demo.wire` turns the papers into what arXiv and Hugging Face would have answered.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from digest.model import Reading, Signal

NOW = dt.datetime(2026, 5, 25, 12, 0, tzinfo=dt.UTC)
"""The moment that the sample shows: a Monday morning in New York, eight hours after arXiv's announcement."""

PRESS_DAY = dt.date(2026, 5, 25)
"""The day of the announcement that the RSS feeds carry. Papers announced before it come from the API's back-fill."""

RSS_CATEGORIES = ("cs.AI", "cs.CL", "cs.CV", "cs.LG", "cs.RO", "q-bio.QM")
"""Categories in whose feed there is something on :data:`PRESS_DAY`."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Replacement(_Strict):
    """A later version, and the day on which it was announced."""

    version: Annotated[int, Field(gt=1)]
    announced_on: dt.date


class Listing(_Strict):
    """A paper's place on Hugging Face Daily Papers. ``title`` and ``authors`` only where they differ there."""

    listed_on: dt.date
    title: str | None = None
    authors: tuple[str, ...] | None = None
    comments: int | None = None
    code: str | None = None
    stars: int | None = None


class SamplePaper(_Strict):
    """One record of ``papers.json``. ``title`` and ``abstract`` are as arXiv writes them, TeX included."""

    id: Annotated[str, Field(pattern=r"^\d{4}\.\d{5}$")]
    title: str
    abstract: str
    authors: Annotated[tuple[str, ...], Field(min_length=1)]
    authors_tex: tuple[str, ...] | None = None
    """Names as the RSS feed writes them, where they hold TeX accents."""
    categories: Annotated[tuple[str, ...], Field(min_length=1)]
    license: str
    comment: str | None = None
    published_on: dt.date
    announced_on: dt.date
    version: Annotated[int, Field(gt=0)]
    replaced: Replacement | None = None
    listing: Listing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The papers in order of their ids, and the readings of votes per arXiv id in order of time."""

    papers: tuple[SamplePaper, ...]
    votes: Mapping[str, tuple[Reading, ...]]

    @property
    def listing_days(self) -> tuple[dt.date, ...]:
        """Days on which Hugging Face listed something, oldest first."""
        return tuple(sorted({paper.listing.listed_on for paper in self.papers if paper.listing}))


def load_sample() -> Sample:
    """Read the sample out of the package.

    Raises:
        pydantic.ValidationError: the bundled file is damaged.
    """
    data = files("digest.demo") / "data"
    papers = TypeAdapter(tuple[SamplePaper, ...]).validate_json((data / "papers.json").read_bytes())
    votes: dict[str, list[Reading]] = {}
    for row in csv.DictReader(io.StringIO((data / "votes.csv").read_text(encoding="utf-8"))):
        observed_at = dt.datetime.fromisoformat(row["observed_at"])
        votes.setdefault(row["paper_id"], []).append(Reading(Signal.HF_UPVOTES, float(row["upvotes"]), observed_at))
    return Sample(papers=papers, votes={id_: tuple(readings) for id_, readings in votes.items()})
