"""What one reader's mail costs, through the production path: due → ranked → composed → accepted by an SMTP server.

    python benchmarks/pipeline.py [--data FOLDER] [--papers 2000] [--readers 10000] [--json]

Every stage is the pipeline's own (digest.pipeline), on a database file, into a loopback SMTP sink in another process;
mails are those of a public service: links and return paths of each reader, signed with RSA-2048. Beside it, in the same
run: the stock stack of benchmarks/stock.py on the same papers, signing too. Times are CPU time of this process, all
threads, user and system. With --data (the folder that holds arxiv_announced/) papers are real ones; 2,000 are two
days of four large categories of arXiv, 20,000 three weeks.

``cpu_ms_per_subscriber`` is everything that happens because a reader is due. Reading and storing papers happens once,
whoever reads them, and is reported apart as ``ingest_ms_per_paper``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import itertools
import json
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import zstandard

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import stock
from benchmarks.sink import HOST, Sink
from digest.app import App
from digest.cli.main import collect_rarely
from digest.editions.content import EditionContent
from digest.editions.dkim_keys import new_rsa
from digest.editions.message import Composed, Composer
from digest.model import Batch, Frequency, Lane, Paper, SendTimes, Subscriber
from digest.pipeline import build, deliver
from digest.pipeline.ingest import CHUNK, index, store_page
from digest.pipeline.plan import plan
from digest.sources import jsonl
from digest.sources.base import Page

NOW = dt.datetime(2026, 5, 28, 6, 0, tzinfo=dt.UTC)
DUE = NOW + dt.timedelta(hours=1)

CONFIG = """\
site: {{public_url: "https://digest.example/papers"}}
store: sqlite:///bench.db
subscribers: readers
sources: {{arxiv: false, huggingface: false}}
mail:
  transport: smtp
  server: "smtp://{host}:{port}"
  from: Bench <bench@digest.example>
  bounces: bounces@digest.example
  dkim: {{domain: digest.example, selector: bench, key: {{file: key.pem}}}}
  connections: 8
  window: 16
"""

PHRASES = (
    "sparse attention", "diffusion models", "reinforcement learning", "protein design", "graph neural networks",
    "robot manipulation", "speech recognition", "federated learning", "large language models", "3D reconstruction",
    "causal inference", "time series", "retrieval augmented generation", "object detection", "code generation",
    "medical imaging", "knowledge distillation", "multi-agent systems", "state space models", "chain of thought",
    "video generation", "quantization", "point clouds", "recommender systems",
)  # fmt: skip
CATEGORIES = ("cs.LG", "cs.CL", "cs.CV", "cs.AI", "cs.RO", "stat.ML", "cs.IR", "q-bio.QM", "eess.AS")

T = TypeVar("T")


class Stages:
    """CPU seconds by stage of this process."""

    def __init__(self) -> None:
        self.cpu_s: dict[str, float] = defaultdict(float)

    def time(self, stage: str, work: Callable[[], T]) -> T:
        started = time.process_time()
        try:
            return work()
        finally:
            self.cpu_s[stage] += time.process_time() - started


class TimedComposer(Composer):
    """The production composer, with its share of the build told apart."""

    def __init__(self, inner: Composer, stages: Stages) -> None:
        self._inner = inner
        self._stages = stages

    def compose(self, content: EditionContent) -> Composed:
        return self._stages.time("compose", lambda: self._inner.compose(content))


def lines(data: Path | None, count: int) -> bytes:
    """``count`` papers as JSON Lines, newest months first."""
    if data is None:
        made = stock.made_up_papers(count)
        return b"\n".join(_made_up(paper) for paper in made)
    found: list[str] = []
    for path in sorted((data / "arxiv_announced" / "papers").glob("*.jsonl.zst"), reverse=True):
        with path.open("rb") as raw:
            text = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), "utf-8")
            found.extend(itertools.islice(text, count - len(found)))
        if len(found) >= count:
            break
    return "".join(found).encode()


def _made_up(paper: Paper) -> bytes:
    record = {"id": paper.label, "title": paper.title, "abstract": paper.abstract, "authors": list(paper.authors)}
    return json.dumps(record | {"categories": list(paper.categories), "first_announced": "2026-05-27"}).encode()


def readers(count: int) -> list[Subscriber]:
    """Readers with two lanes each, all due at one moment: the worst case of a morning."""
    rng = random.Random(1)
    times = SendTimes(timezone="UTC", send=DUE.time(), frequency=Frequency.DAILY)
    return [
        Subscriber(
            id=f"reader-{number:06d}",
            email=f"reader-{number:06d}@inbox.example",
            times=times,
            lanes=tuple(
                Lane(name=phrases[0], phrases=phrases, categories=(rng.choice(CATEGORIES),))
                for phrases in (tuple(rng.sample(PHRASES, 2)), tuple(rng.sample(PHRASES, 1)))
            ),
        )
        for number in range(count)
    ]


def ours(folder: Path, body: bytes, people: list[Subscriber], sink: Sink) -> tuple[Stages, int, list[Paper]]:
    """Everything from parsing to the last 250. Returns the stages, how many were accepted, and the stored papers."""
    (folder / "readers").mkdir()
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(host=HOST, port=sink.port))
    (folder / "key.pem").write_bytes(new_rsa())
    (folder / "key.pem").chmod(0o600)
    now = NOW
    app = App(config, env={}, clock=lambda: now)
    stages = Stages()
    batch = stages.time("ingest", lambda: jsonl.parse(body, now=now))
    for start in range(0, len(batch.entries), CHUNK):
        page = Page(batch=Batch(entries=batch.entries[start : start + CHUNK]))
        stages.time("ingest", partial(store_page, app.rooms, "file", page))
    stages.time("ingest", lambda: index(app.rooms))
    app.rooms.subscribers.sync(people, broken={}, max_lateness=dt.timedelta(0), now=now)
    now = DUE
    stages.time("load", lambda: (app.composer, app.basis))
    composer = TimedComposer(app.composer, stages)
    stages.time("plan", lambda: plan(app.rooms, trial=False))
    stages.time("build", lambda: build.build(app.rooms, composer=lambda: composer, trial=False))
    report = stages.time(
        "deliver", lambda: deliver.deliver(app.rooms, relays=app.relays, postmark=app.postmark, stop=threading.Event())
    )
    stages.cpu_s["rank"] = stages.cpu_s.pop("build") - stages.cpu_s["compose"]
    papers = list(app.rooms.papers.get(range(1, len(batch.entries) + 1)).values())
    app.close()
    return stages, report.sent, papers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with arxiv_announced/")
    parser.add_argument("--papers", type=int, default=2_000)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--stock-readers", type=int, default=100, help="readers for the stock stack, which is slow")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    collect_rarely()  # as every command does
    people = readers(options.readers)
    body = lines(options.data, options.papers)
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as name, Sink() as sink:
        stages, accepted, papers = ours(Path(name), body, people, sink)
    with Sink() as sink:
        peer = stock.measure(papers, people[: options.stock_readers], now=DUE, host=HOST, port=sink.port)
    result = report(stages, accepted, len(papers), people, peer)
    if not options.json:
        for key, value in result.items():
            print(f"{key:>24}  {value}")
    print(json.dumps(result))
    if accepted != len(people):
        sys.exit(1)


def report(
    stages: Stages, accepted: int, papers: int, people: list[Subscriber], peer: stock.Result
) -> dict[str, object]:
    per_reader = {
        name: round(1000 * cpu_s / len(people), 3) for name, cpu_s in stages.cpu_s.items() if name != "ingest"
    }
    total = round(sum(per_reader.values()), 3)
    theirs = round(peer.cpu_ms_per_subscriber(len(people)), 3)
    return {
        "subscribers": len(people),
        "papers": papers,
        "accepted": accepted,
        "cpu_ms_per_subscriber": total,
        "stages": per_reader,
        "ingest_ms_per_paper": round(1000 * stages.cpu_s["ingest"] / max(papers, 1), 3),
        "stock": {"cpu_ms_per_subscriber": theirs, "stages": peer.stages},
        "speedup": round(theirs / total, 1),
    }


if __name__ == "__main__":
    main()
