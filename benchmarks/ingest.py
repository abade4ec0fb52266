"""What reading papers costs, per wire form: parsed, committed, and the whole way into a store on disk.

    python benchmarks/ingest.py --data FOLDER [--papers 10000] [--stored 100000] [--forms jsonl,arxiv-rss] [--json]

    parse    bytes → entries, in this process
    commit   decided papers, names, records and near keys → SQLite, in the production transactions; beside it the same
             rows by ``sqlite3.executemany`` into the same tables with the same indexes, in one transaction
    whole    bytes → parsed → identified, matched, merged → committed (pipeline.files.ingest_file, all processors),
             into an empty store and into one that holds ``--stored`` other papers

``per_s`` are papers per second of the clock, so they want a quiet machine; ``cpu_us`` is the processor time of a paper
over all processes and says what the clock would show on idle processors. ``longest_ms`` is the longest transaction.
The papers are real ones (benchmarks/wire.py). The ranker's features are apart: ``index_per_s``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.wire import FORMS, announced, pages
from digest.app import App
from digest.pipeline import ingest as production
from digest.pipeline.files import ingest_file
from digest.sources.formats import parser_of
from digest.store.database import Database
from digest.store.drafts import Draft, drafts
from digest.store.schema import metadata
from digest.store.shelving import Shelf

NOW = dt.datetime(2026, 5, 28, 6, 0, tzinfo=dt.UTC)
CONFIG = "store: sqlite:///bench.db\nsubscribers: readers\nmail: {from: Bench <bench@digest.example>}\n"
TABLES = ("papers", "identifiers", "records", "near_keys")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with arxiv_announced/ and wire_formats/")
    parser.add_argument("--papers", type=int, default=10_000, help="per form")
    parser.add_argument("--stored", type=int, default=100_000, help="other papers in the store, for the second figure")
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many runs counts")
    parser.add_argument("--processes", type=int, help="by default one per processor")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    lines = list(itertools.islice(announced(options.data), options.papers + options.stored))
    mine, others = lines[: options.papers], lines[options.papers :]
    result: dict[str, object] = {"papers": len(mine), "stored": len(others), "chunk": production.CHUNK, "forms": {}}
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as name:
        folder = Path(name)
        full = _filled(folder / "full", others, options.processes)
        forms: dict[str, object] = {}
        for form in options.forms.split(","):
            responses = pages(form, mine, options.data)
            forms[form] = measured = _form(folder, form, responses, full, options.processes, options.repeat)
            if not options.json:
                print(form, json.dumps(measured))
        result["forms"] = forms
        result["index_per_s"] = _indexed(folder, pages("jsonl", mine[:3000], options.data))
    print(json.dumps(result))


def _form(
    folder: Path, form: str, responses: Sequence[bytes], full: Path, processes: int | None, repeat: int
) -> dict[str, object]:
    parse, told = min((_parse(form, responses) for _ in range(repeat)), key=lambda run: run[0].clock_s)
    count = len(told)
    commits = [_commit(folder, told) for _ in range(repeat)]
    ours, raw = min(one.clock_s for one, _ in commits), min(other.clock_s for _, other in commits)
    measured: dict[str, object] = {
        "parse": parse.figures(count),
        "commit": {
            "per_s": round(count / ours),
            "raw_per_s": round(count / raw),
            "ratio": round(max(other.cpu_s / one.cpu_s for one, other in commits), 2),
            "clock_ratio": round(raw / ours, 2),
        },
    }
    for label, template in (("whole", None), ("whole_into_stored", full)):
        runs = [_whole(folder, form, responses, template, processes) for _ in range(repeat)]
        best = min((run for run, _ in runs), key=lambda run: run.clock_s)
        measured[label] = best.figures(count) | {"longest_ms": round(min(longest for _, longest in runs), 1)}
    return measured


class Stopwatch:
    """Seconds of the clock, and processor seconds of this process and of those it started and waited for."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), self._cpu()
        self.clock_s = self.cpu_s = 0.0

    def stop(self) -> Stopwatch:
        self.clock_s, self.cpu_s = time.perf_counter() - self._began[0], self._cpu() - self._began[1]
        return self

    def figures(self, count: int) -> dict[str, object]:
        return {"per_s": round(count / self.clock_s), "cpu_us": round(1e6 * self.cpu_s / count)}

    @staticmethod
    def _cpu() -> float:
        usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _parse(form: str, responses: Sequence[bytes]) -> tuple[Stopwatch, list[Draft]]:
    parse = parser_of(form)
    watch = Stopwatch()
    batches = [parse(response, now=NOW) for response in responses]
    watch.stop()
    return watch, drafts((entry for batch in batches for entry in batch.entries), now=NOW)


def _commit(folder: Path, told: Sequence[Draft]) -> tuple[Stopwatch, Stopwatch]:
    """Our writing of what is decided already, and SQLite's own of the same rows."""
    with _database(folder) as (db, path):
        shelf = Shelf(db)
        chunks = [told[start : start + production.CHUNK] for start in range(0, len(told), production.CHUNK)]
        ours = Stopwatch()
        for chunk in chunks:
            with db.write() as connection:
                shelf.add(connection, chunk, NOW)
        ours.stop()
        with sqlite3.connect(path) as plain:
            rows = {table: plain.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    with _database(folder) as (db, _), db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        raw = Stopwatch()
        driver.execute("BEGIN IMMEDIATE")
        for table, found in rows.items():
            marks = ", ".join("?" * len(found[0])) if found else ""
            driver.executemany(f"INSERT INTO {table} VALUES ({marks})", found)
        driver.execute("COMMIT")
        raw.stop()
    return ours, raw


def _whole(
    folder: Path, form: str, responses: Sequence[bytes], template: Path | None, processes: int | None
) -> tuple[Stopwatch, float]:
    with _app(folder / "whole", template) as app, _timed_transactions(app.rooms.db) as spent_ms:
        watch = Stopwatch()
        report = ingest_file(app.rooms, form, responses, processes=processes, indexed=False)
        watch.stop()
        assert report.counts.new + report.counts.updated, "nothing was stored"
    return watch, max(spent_ms)


def _filled(folder: Path, others: Sequence[str], processes: int | None) -> Path:
    """A database that holds other papers; the newest announced ones are measured, these are the ones before."""
    with _app(folder, None) as app:
        if others:
            ingest_file(app.rooms, "jsonl", ["".join(others).encode()], processes=processes, indexed=False)
    return folder / "bench.db"


def _indexed(folder: Path, responses: Sequence[bytes]) -> int:
    with _app(folder / "index", None) as app:
        ingest_file(app.rooms, "jsonl", responses, processes=1, indexed=False)
        app.rooms.basis()
        watch = Stopwatch()
        done = production.index(app.rooms)
        return round(done / watch.stop().clock_s)


@contextmanager
def _app(folder: Path, template: Path | None) -> Iterator[App]:
    """An App on a new database, or on a copy of one."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "readers").mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG)
    if template is not None:
        shutil.copy(template, folder / "bench.db")
    app = App(folder / "config.yaml", env={}, clock=lambda: NOW)
    try:
        app.rooms.papers.count()
        yield app
    finally:
        app.close()


@contextmanager
def _database(folder: Path) -> Iterator[tuple[Database, Path]]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "bench.db"
        db = Database(f"sqlite:///{path}")
        metadata.create_all(db.engine)
        try:
            yield db, path
        finally:
            db.close()


@contextmanager
def _timed_transactions(db: Database) -> Iterator[list[float]]:
    """Milliseconds of every write transaction, commit included."""
    spent_ms: list[float] = []
    inner = db.write

    @contextmanager
    def timed() -> Iterator[object]:
        with inner() as connection:
            began = time.perf_counter()
            yield connection
        spent_ms.append(1000 * (time.perf_counter() - began))

    db.write = timed  # type: ignore[assignment, method-assign]
    yield spent_ms


if __name__ == "__main__":
    main()
