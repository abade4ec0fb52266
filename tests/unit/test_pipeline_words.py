"""What the pipeline says in passing: the health line of the mail, and the categories that are read."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from digest import arxiv_categories
from digest.editions.wording import health
from digest.languages import language
from digest.model import Lane, SendTimes, SourceReport, SourceStatus, Subscriber
from digest.pipeline.desk import source_health

ENGLISH = language("en")
NOW = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)
FULL = SourceReport(
    source="arxiv", started_at=NOW, finished_at=NOW, status=SourceStatus.OK, announced=312, read=312, new=290
)
UNCHANGED = dataclasses.replace(
    FULL, started_at=NOW + dt.timedelta(hours=1), status=SourceStatus.UNCHANGED, announced=None, read=0, new=0
)


def test_a_full_reading_is_told_even_when_later_ones_found_nothing_new() -> None:
    """The hourly "not modified" does not hide the morning's figures."""
    (line,) = source_health([FULL, UNCHANGED])
    assert (line.ok, health(line, ENGLISH)) == (True, "arXiv 312/312")


def test_the_latest_failure_is_told_in_its_own_words() -> None:
    """What is wrong now matters more than what went well before."""
    failed = dataclasses.replace(UNCHANGED, source="huggingface", status=SourceStatus.FAILED, error="it did not answer")
    lines = {line.name: line for line in source_health([FULL, failed])}
    assert (lines["Hugging Face"].ok, health(lines["Hugging Face"], ENGLISH)) == (False, "it did not answer")
    assert lines["arXiv"].ok


def test_a_quiet_source_is_called_quiet() -> None:
    """Nothing announced is good news of a kind."""
    (line,) = source_health([dataclasses.replace(UNCHANGED, status=SourceStatus.QUIET)])
    assert (line.ok, health(line, ENGLISH)) == (True, "arXiv: nothing new announced")


def reader(*lanes: Lane) -> Subscriber:
    return Subscriber(id="ada", email="ada@uni.example", times=SendTimes(timezone="UTC"), lanes=lanes)


@pytest.mark.parametrize(
    ("readers", "wanted"),
    [
        ([reader(Lane(name="a", categories=("q-bio.BM", "biorxiv/biophysics")))], ("q-bio.BM",)),
        ([reader(Lane(name="a", phrases=("kv cache",)))], arxiv_categories.GENERAL),
        ([reader()], arxiv_categories.GENERAL),
        ([reader(Lane(name="a", categories=("math.AG",)), Lane(name="b", phrases=("x",)))],
         (*arxiv_categories.GENERAL, "math.AG")),
        ([], arxiv_categories.GENERAL),
    ],
)  # fmt: skip
def test_categories_follow_from_the_lanes(readers: list[Subscriber], wanted: tuple[str, ...]) -> None:
    """The union of all lanes; a lane that names none is looked for in the general ones."""
    assert arxiv_categories.wanted(readers) == wanted
