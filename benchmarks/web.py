"""How fast the web pages are beside the framework's bare "hello", and how well search finds.

    python benchmarks/web.py --data FOLDER [--papers 100000] [--store FOLDER] [--seconds 4] [--repeat 3] [--json]

``wrk`` (Debian: apt install wrk) asks over loopback, 20 connections at once, page and hello in turns; the best of the
runs counts, since other work only takes away. *cached* pages are asked again and again, as a front page is; *distinct*
ones each for the first time, as a crawler or many searchers would: every paper by number, every search of other words
(of titles of stored papers: the first three of four letters and more). The store holds real papers, arxiv_announced and
arxiv_2019_sample; ``--store`` keeps it for the next run, since loading takes minutes.

Both servers have as many workers as there are processors (``--workers``). ``processor_ms`` is what the server's
processes used for one request, which other work on the machine changes less than the clock; memory that workers share
counts once.
The first start makes the search index, unless ``--store`` has it already; the second one maps it.

Quality: a paper's three rarest words (known to two papers or more) as a question, and its ``ai_keywords``; recall@10 is
the share of papers among the first ten.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import itertools
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import zstandard
from starlette.types import ASGIApp

from benchmarks.wire import announced
from digest.app import App
from digest.model import Identifier, Reading, Scheme, Signal
from digest.pipeline.files import ingest_file
from digest.pipeline.search import Searcher
from digest.ranking.questions import parse_question
from digest.ranking.search import Filters
from digest.ranking.tokens import tokenise

NOW = dt.datetime(2026, 5, 28, 12, 0, tzinfo=dt.UTC)
"""A moment of the data: the newest papers are news."""
CONNECTIONS = 20
CONFIG = """\
store: sqlite:///bench.db
subscribers: readers
site: {name: Bench}
mail: {from: Bench <bench@digest.example>}
web: {trusted_proxies: 127.0.0.1}
"""
LUA = """\
local paths, at = {}, 0
for line in io.lines("%s") do paths[#paths + 1] = line end
function request()
  at = at %% #paths + 1
  wrk.headers["X-Forwarded-For"] = string.format("10.%%d.%%d.%%d", at %% 250, math.floor(at / 250) %% 250, at %% 249)
  return wrk.format("GET", paths[at])
end
"""
_LETTERS = re.compile(r"[A-Za-z]{4,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with arxiv_announced/ and arxiv_2019_sample.jsonl.zst")
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--store", type=Path, help="keep the loaded store there, and use what is there")
    parser.add_argument("--seconds", type=int, default=4, help="of one run of wrk")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes of both servers")
    parser.add_argument("--questions", type=int, default=500, help="for each figure of quality")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", choices=("pages", "hello"), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        from digest.web.server import serve

        folder = options.store if options.serve == "pages" else None
        serve(Served(folder=folder), host="127.0.0.1", port=options.port, workers=options.workers)
        return
    if options.data is None:
        parser.error("--data is needed")
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as name:
        folder = options.store or Path(name)
        _fill(folder, options.data, options.papers)
        with _app(folder) as app:
            stored, ids, titles = app.rooms.papers.count(), *_some(app)
        result: dict[str, object] = {"papers": stored, "connections": CONNECTIONS}
        result |= _speed(folder, Path(name), ids, titles, options.seconds, options.repeat, options.workers)
        with _app(folder) as app:
            result |= _quality(app, options.data, options.questions)
    print(json.dumps(result, indent=None if options.json else 2))


# ── the store ───────────────────────────────────────────────────────────────────────────────────────────────


def _clock() -> dt.datetime:
    return NOW


@contextlib.contextmanager
def _app(folder: Path) -> Iterator[App]:
    app = App(folder / "config.yaml", env={}, clock=_clock)
    try:
        yield app
    finally:
        app.close()


def _fill(folder: Path, data: Path, papers: int) -> None:
    if (folder / "config.yaml").exists():
        return
    (folder / "readers").mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG)
    lines = itertools.islice(itertools.chain(announced(data), _lines(data / "arxiv_2019_sample.jsonl.zst")), papers)
    with _app(folder) as app:
        while portion := list(itertools.islice(lines, 20_000)):
            ingest_file(app.rooms, "jsonl", ["".join(portion).encode()])
        _vote(app, random.Random(1))


def _vote(app: App, chance: random.Random) -> None:
    """Votes of two days for the newest papers: heavy-tailed, as votes are."""
    newest = [paper_id for paper_id, _, _ in app.rooms.papers.news(since=NOW - dt.timedelta(days=30), until=NOW)]
    told = []
    for paper_id in chance.sample(newest, min(1000, len(newest))):
        votes = round(chance.paretovariate(1.1) * 3)
        told += [
            (paper_id, Reading(Signal.HF_UPVOTES, float(votes // 2), NOW - dt.timedelta(days=1))),
            (paper_id, Reading(Signal.HF_UPVOTES, float(votes), NOW - dt.timedelta(hours=2))),
        ]
    with app.db.write() as connection:
        from digest.store.intake import Intake

        Intake(app.db).observe(connection, told)


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as raw:
        yield from io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), "utf-8")


def _some(app: App) -> tuple[list[int], list[str]]:
    """Numbers and titles of papers in a fixed random order."""
    everything = [
        paper_id for paper_id, _, _ in app.rooms.papers.news(since=dt.datetime.fromtimestamp(0, dt.UTC), until=NOW)
    ]
    chosen = random.Random(2).sample(everything, min(20_000, len(everything)))
    papers = app.rooms.papers.get(chosen)
    return chosen, [papers[i].title for i in chosen if i in papers]


# ── speed ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The application of a worker: the pages of a store, or the framework's hello where there is none."""

    folder: Path | None

    def __call__(self) -> ASGIApp:
        from starlette.applications import Starlette
        from starlette.requests import Request
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route

        from digest.web.application import application

        async def hello(_: Request) -> PlainTextResponse:
            return PlainTextResponse("hello")

        if self.folder is None:
            return Starlette(routes=[Route("/", hello)])
        return application(App(self.folder / "config.yaml", env={}, clock=_clock))


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    base: str
    pid: int

    def processor_s(self) -> float:
        """What it and its workers have used so far, as Linux counts it (proc(5))."""
        ticks = 0
        for folder in self._all():
            ticks += sum(map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> int:
        """Its own and its workers', what they share counted once."""
        told = "".join((folder / "smaps_rollup").read_text() for folder in self._all())
        return sum(map(int, re.findall(r"^Pss:\s+(\d+)", told, re.MULTILINE))) // 1024

    def _all(self) -> list[Path]:
        proc = Path("/proc")
        workers = (proc / f"{self.pid}/task/{self.pid}/children").read_text().split()
        return [proc / str(pid) for pid in (self.pid, *workers)]


@contextlib.contextmanager
def _server(what: str, folder: Path, first: str, workers: int) -> Iterator[Server]:
    """A server that has answered once."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    command = [sys.executable, __file__, "--serve", what, "--store", str(folder), "--port", str(port)]
    command += ["--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(1200):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{first}", timeout=120).read()
                    break
                if process.poll() is not None:
                    raise SystemExit(f"the server of {what} ended at once")
                time.sleep(0.1)
            yield Server(base=f"http://127.0.0.1:{port}", pid=process.pid)
        finally:
            process.terminate()


def _speed(
    folder: Path, scratch: Path, ids: Sequence[int], titles: Sequence[str], seconds: int, repeat: int, workers: int
) -> dict[str, object]:
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing; Debian: apt install wrk")
    searches = list(dict.fromkeys("+".join(_LETTERS.findall(title)[:3]) for title in titles))
    asking = [f"?q={quote(words, safe='+')}" for words in searches if words]
    distinct = {
        "/paper/ID, distinct": [f"/paper/{number}" for number in ids],
        "/search, distinct": [f"/search{query}" for query in asking],
        "/api/papers/ID, distinct": [f"/api/papers/{number}" for number in ids],
        "/api/papers/search, distinct": [f"/api/papers/search{query}" for query in asking],
        "/search.atom, distinct": [f"/search.atom{query}" for query in asking],
    }
    runs = {
        "/": ["/"],
        "/?period=month": ["/?period=month"],
        "/paper/ID": [f"/paper/{number}" for number in ids[:20]],
        "/search": distinct["/search, distinct"][:20],
        "/api/daily_papers": ["/api/daily_papers"],
        "/api/papers/ID": distinct["/api/papers/ID, distinct"][:20],
        "/feed.atom": ["/feed.atom"],
        **distinct,
    }
    best: dict[str, tuple[float, float, float]] = {}
    began = time.perf_counter()
    with (
        _server("pages", folder, "/search?q=warm", workers) as pages,
        _server("hello", folder, "/", workers) as hello,
    ):
        first_s = time.perf_counter() - began
        began = time.perf_counter()
        with _server("pages", folder, "/search?q=warm", 1):
            started_s = time.perf_counter() - began
        for run in range(repeat):
            asked = {"hello": (hello, ["/"]), **{name: (pages, paths) for name, paths in runs.items()}}
            for name, (server, paths) in asked.items():
                fresh = name.endswith("distinct")  # others each time, or they would be cached
                chosen = paths[run * len(paths) // repeat : (run + 1) * len(paths) // repeat] if fresh else paths
                for path in [] if fresh else chosen * 4 * workers:  # into the cache of every worker
                    urllib.request.urlopen(server.base + path, timeout=120).read()
                used = server.processor_s()
                rate, p99 = _wrk(server.base, chosen, scratch, seconds)
                cost_ms = (server.processor_s() - used) / max(rate * seconds, 1) * 1000
                known = best.get(name, (0.0, float("inf"), float("inf")))
                best[name] = (max(known[0], rate), min(known[1], p99), min(known[2], cost_ms))
        memory = pages.memory_mb()
    bare = best["hello"][0]
    return {
        "workers": workers,
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "memory_mb": memory,
        "first_start_s": round(first_s, 1),
        "second_start_s": round(started_s, 1),
        "pages": {
            name: {
                "per_s": round(rate),
                "p99_ms": round(p99, 1),
                "of_hello": round(rate / bare, 3),
                "processor_ms": round(cost_ms, 2),
            }
            for name, (rate, p99, cost_ms) in best.items()
        },
    }


def _wrk(base: str, paths: Sequence[str], scratch: Path, seconds: int) -> tuple[float, float]:
    """(requests a second, the 99th percentile of their latency in ms)."""
    (scratch / "paths.txt").write_text("\n".join(paths))
    (scratch / "paths.lua").write_text(LUA % (scratch / "paths.txt"))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(scratch / "paths.lua"), base]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"{paths[0]}: {said}")
    rate, p99 = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    assert rate is not None
    assert p99 is not None
    return float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]


# ── quality ─────────────────────────────────────────────────────────────────────────────────────────────────


def _quality(app: App, data: Path, questions: int) -> dict[str, object]:
    searcher = Searcher(app.rooms)
    began = time.perf_counter()
    size = len(searcher.index)
    took_s = time.perf_counter() - began
    chance = random.Random(3)
    papers = app.rooms.papers.get(chance.sample(sorted(searcher.index.ids()), questions))
    having = _having(searcher)
    asked = {paper.id: " ".join(_rarest(paper.abstract, having)) for paper in papers.values()}
    keywords = _keywords(app, data, chance, questions)
    return {
        "index": {"papers": size, "mapped_s": round(took_s, 1)},
        "recall_at_10": {
            "three_rare_words": _recall(searcher, asked),
            "ai_keywords": _recall(searcher, keywords),
            "questions": [len(asked), len(keywords)],
        },
    }


def _having(searcher: Searcher) -> Counter[int]:
    """In how many papers each word is, by its key."""
    known: Counter[int] = Counter()
    for segment in searcher.index.segments:
        sizes = segment.postings.starts[1:] - segment.postings.starts[:-1]
        known.update(dict(zip(segment.postings.keys.tolist(), sizes.tolist(), strict=True)))
    return known


def _rarest(abstract: str, having: Counter[int]) -> list[str]:
    from digest.ranking.segments import word_key

    known: dict[str, str] = {}  # a word as the index has it → as it stands in the abstract
    for typed in _LETTERS.findall(abstract):
        for word in tokenise(typed):
            known.setdefault(word, typed)
    rare = sorted((word for word in known if having[word_key(word)] > 1), key=lambda word: having[word_key(word)])
    return [known[word] for word in rare[:3]]


def _keywords(app: App, data: Path, chance: random.Random, questions: int) -> dict[int, str]:
    """By paper, what a model named as its keywords; of those that are stored."""
    given = {}
    for line in _lines(data / "hf_daily_papers" / "papers.jsonl.zst"):
        record = json.loads(line)
        if record.get("ai_keywords"):
            given[Identifier(Scheme.ARXIV, record["id"])] = " ".join(record["ai_keywords"])
    stored = app.rooms.papers.find(sorted(given))
    chosen = chance.sample(sorted(stored), min(questions, len(stored)))
    return {stored[name]: given[name] for name in chosen}


def _recall(searcher: Searcher, asked: dict[int, str]) -> float | None:
    """The share of papers that are among the first ten of what their question finds."""
    found = 0
    for paper_id, text in asked.items():
        hits = searcher.search(parse_question(text), Filters()).hits[:10]
        found += any(hit.paper_id == paper_id for hit in hits)
    return round(found / len(asked), 4) if asked else None


if __name__ == "__main__":
    main()
