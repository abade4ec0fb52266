"""Figures for Prometheus: counted in the database, told by the daemon or once by a command, and parsed back."""

from __future__ import annotations

import datetime as dt
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from digest.cli.main import cli
from digest.daemon.metrics import Observatory, textfile
from digest.errors import StoreError
from digest.model import DeliveryState, SourceReport, SourceStatus
from digest.store.database import Database
from digest.store.figures import Figures, FigureStore
from digest.store.outbox import AttemptResult, Outbox
from digest.store.sources import SourceStore
from digest.store.upgrade import ensure_current
from tests.support.outbox_rows import HOUR, NOW, add_readers, make_ready

PARSE: Callable[[str], Iterable[Metric]] = text_string_to_metric_families
PARSE_OPENMETRICS: Callable[[str], Iterable[Metric]] = openmetrics
LATER = NOW + dt.timedelta(seconds=40)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    ensure_current(made)
    yield made
    made.close()


def attempt(outbox: Outbox, delivery: int, outcome: DeliveryState, at: dt.datetime) -> None:
    result = AttemptResult(
        delivery_id=delivery, lease_token="t", at=at, relay="smtp.example:587", phase="dot", outcome=outcome,
        code=250 if outcome is DeliveryState.ACCEPTED else 450, text="ada@example.org", state=outcome,
    )  # fmt: skip
    outbox.record([result], now=at)


def a_day(db: Database) -> Outbox:
    """Three mails: one accepted after a deferral, one waiting, one a trial; a source that was read twice."""
    outbox = Outbox(db)
    add_readers(db, "ada", "bob", "eve")
    ada, _ = make_ready(outbox, ["ada", "bob"])
    (trial,) = make_ready(outbox, ["eve"], trial=True)
    attempt(outbox, ada, DeliveryState.DEFERRED, LATER)
    attempt(outbox, ada, DeliveryState.ACCEPTED, LATER)
    attempt(outbox, trial, DeliveryState.ACCEPTED, LATER)
    sources = SourceStore(db)
    for status, new in ((SourceStatus.OK, 3), (SourceStatus.FAILED, 0)):
        sources.report(SourceReport(source="arxiv", started_at=NOW, finished_at=NOW, status=status, read=5, new=new))
    outbox.pause_relay("smtp.other.example:25", until=NOW + 2 * HOUR, failures=2, reason="down", now=NOW)
    return outbox


def parsed(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in PARSE(text)
        for sample in family.samples
    }


def test_a_days_figures_are_those_of_the_database(db: Database) -> None:
    """Attempts, delays, the queue, the relays, the sources; no trial counts, and no reader is named."""
    a_day(db)
    text = textfile(lambda: FigureStore(db).now(NOW + HOUR), now=NOW + HOUR)
    found = parsed(text)
    relay = ("relay", "smtp.example:587")
    assert found["digest_attempts_total", (("outcome", "accepted"), relay)] == 1
    assert found["digest_attempts_total", (("outcome", "deferred"), relay)] == 1
    assert found["digest_delivery_seconds_bucket", (("le", "15.0"), relay)] == 0
    assert found["digest_delivery_seconds_bucket", (("le", "60.0"), relay)] == 1
    assert found["digest_delivery_seconds_bucket", (("le", "+Inf"), relay)] == 1
    assert found["digest_delivery_seconds_sum", (relay,)] == pytest.approx(40, abs=0.01)
    assert found["digest_queue_deliveries", (("state", "ready"),)] == 1
    assert found["digest_queue_oldest_seconds", ()] == 3600
    assert found["digest_edition_deliveries", (("days_ago", "0"), ("state", "accepted"))] == 1
    assert found["digest_relay_paused", (("relay", "smtp.other.example:25"),)] == 1
    assert found["digest_relay_paused", (relay,)] == 0
    assert found["digest_source_last_success_timestamp_seconds", (("source", "arxiv"),)] == NOW.timestamp()
    assert found["digest_source_runs_total", (("source", "arxiv"), ("status", "failed"))] == 1
    assert found["digest_ingested_entries_total", (("result", "new"), ("source", "arxiv"))] == 3
    assert found["digest_ingested_entries_total", (("result", "unchanged"), ("source", "arxiv"))] == 7
    assert found["digest_readers", (("state", "active"),)] == 3
    assert found["digest_books_unbalanced_total", ()] == 0
    assert found["digest_bounces_total", (("kind", "hard"),)] == 0
    assert found["digest_up", ()] == 1
    assert found["digest_figures_timestamp_seconds", ()] == (NOW + HOUR).timestamp()
    for secret in ("ada", "example.org", "@"):
        assert secret not in text


def test_what_was_counted_once_is_counted_once(db: Database) -> None:
    """A long-lived collector adds what is new to what can't change any more; a new one counts it all alike."""
    outbox = a_day(db)
    kept = FigureStore(db)
    before = kept.now(NOW + HOUR).attempts
    assert kept.now(NOW + HOUR).attempts == before
    (eve,) = make_ready(outbox, ["eve"])
    attempt(outbox, eve, DeliveryState.ACCEPTED, NOW + HOUR)
    for moment in (NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR):
        now = kept.now(moment).attempts
        assert now == FigureStore(db).now(moment).attempts
        assert now.outcomes["smtp.example:587", "accepted"] == 2


def test_an_empty_database_has_figures_too(db: Database) -> None:
    """Zeros, and no error."""
    found = parsed(textfile(lambda: FigureStore(db).now(NOW), now=NOW))
    assert found["digest_queue_oldest_seconds", ()] == 0
    assert found["digest_queue_deliveries", (("state", "uncertain"),)] == 0


def test_a_scrape_of_a_lost_database_says_so() -> None:
    """The page stays whole; an alert can watch digest_up."""

    def lost() -> Figures:
        raise StoreError("store: gone")

    assert parsed(textfile(lost, now=NOW))["digest_up", ()] == 0


def test_the_server_tells_figures_and_health_in_both_formats(tmp_path: Path) -> None:
    """Prometheus asks for OpenMetrics, people with a browser get text, and a balancer looks at /healthz."""
    db = Database(f"sqlite:///{tmp_path}/digest.db")
    ensure_current(db)
    ill: list[str] = []
    observatory = Observatory(lambda: FigureStore(db).now(NOW), lambda: (not ill, {"failed": ill}))
    port = observatory.listen("127.0.0.1", 0)
    assert port is not None
    base = f"http://127.0.0.1:{port}"
    observatory.passed(0.2)
    with urllib.request.urlopen(f"{base}/metrics", timeout=10) as plain:
        text = plain.read().decode()
    assert parsed(text)["digest_pass_seconds_count", ()] == 1
    assert parsed(text)["process_start_time_seconds", ()] > 0
    wants = urllib.request.Request(f"{base}/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    with urllib.request.urlopen(wants, timeout=10) as modern:
        assert {family.name for family in PARSE_OPENMETRICS(modern.read().decode())} >= {
            "digest_attempts",
            "digest_build",
        }
    with urllib.request.urlopen(f"{base}/healthz", timeout=10) as well:
        assert json.loads(well.read()) == {"status": "ok", "failed": []}
    ill.append("tick")
    with pytest.raises(urllib.error.HTTPError) as unwell:
        urllib.request.urlopen(f"{base}/healthz", timeout=10)
    assert (unwell.value.code, json.loads(unwell.value.read())) == (503, {"status": "ill", "failed": ["tick"]})
    with pytest.raises(urllib.error.HTTPError, match="404") as none:
        urllib.request.urlopen(f"{base}/", timeout=10)
    none.value.close()
    other = Observatory(lambda: FigureStore(db).now(NOW), lambda: (True, {}))
    assert other.listen("127.0.0.1", port) is None, "the daemon goes on without"
    observatory.close()
    db.close()


def test_the_command_writes_a_whole_file(tmp_path: Path) -> None:
    """For node_exporter's textfile collector: never half a file, and readable for it."""
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "config.yaml").write_text("store: sqlite:///digest.db\n")
    out = tmp_path / "digest.prom"
    done = CliRunner().invoke(cli, ["metrics", "-c", str(tmp_path / "config.yaml"), "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert parsed(out.read_text())["digest_up", ()] == 1
    assert out.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.glob(".*.tmp")] == []


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """One line with the file that was asked for; nothing is left beside it."""
    (tmp_path / "config.yaml").write_text("sources: {arxiv: false, huggingface: false}\n")
    (tmp_path / "taken").mkdir()
    done = CliRunner().invoke(cli, ["metrics", "-c", str(tmp_path / "config.yaml"), "-o", str(tmp_path / "taken")])
    assert done.exit_code == 1
    assert done.output == f"digest: {tmp_path}/taken: Is a directory\n"
    assert not list(tmp_path.glob(".*.tmp"))
