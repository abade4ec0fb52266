"""A long harvest: how fast `digest ingest` reads and indexes it, and whether its memory stays flat.

    python benchmarks/harvest.py [--papers 10000,100000] [--json]

A loopback server makes OAI-PMH records as it is asked for them, a thousand a part, as arXiv does. `digest ingest` reads
them as a process of its own into a fresh SQLite file: fetch, parse, match, store, then the ranker's features. `rss_mb`
is the most that this process ever held, `growth` that of the longest harvest over that of the shortest. `resumed` is
the same harvest killed with SIGKILL in the middle and started again: nothing lost, one part at most asked for twice.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from sqlite3 import connect
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[1]
PART = 1_000
WORDS = [
    start + middle + end
    for start in ("neur", "quant", "spars", "grad", "tens", "prot", "diff", "latt", "stoch", "kern")
    for middle in ("al", "um", "ient", "or", "ein", "us", "ice", "ast", "el", "ov")
    for end in ("", "s", "ic", "ity", "ing", "ation", "ed", "er", "ly", "ness", "al", "ism")
]
"""1,200 words: enough that no two papers look alike."""


def record(number: int) -> str:
    """The same paper for the same number, 150 words long."""
    rng = random.Random(number)
    abstract = " ".join(rng.choices(WORDS, k=150))
    title, (first, second) = " ".join(rng.choices(WORDS, k=9)), rng.sample(WORDS, 2)
    name = f"{2001 + number // 90_000}.{10_000 + number % 90_000:05d}"
    return f"""<record><header><identifier>oai:arXiv.org:{name}</identifier><datestamp>2026-08-19</datestamp>
<setSpec>cs:cs:LG</setSpec></header><metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{name}</id>
<created>2026-08-18</created><authors>
<author><keyname>{first.title()}</keyname><forenames>Ada {number}</forenames></author>
<author><keyname>{second.title()}</keyname><forenames>Charles</forenames></author></authors><title>{title}</title>
<categories>cs.LG cs.CL</categories><abstract>{abstract}</abstract></arXiv></metadata></record>"""


class Archive:
    """An OAI-PMH server with ``size`` papers; ``asked`` counts how often each part was asked for."""

    def __init__(self, size: int, *, part: int = PART) -> None:
        self.size = size
        self._part = part
        self.asked: Counter[int] = Counter()
        self.reached = threading.Event()
        archive = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                body = archive.part(int(query.get("resumptionToken", ["0"])[0]))
                self.send_response(200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):  # a killed reader hears nothing more
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/oai"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def part(self, start: int) -> bytes:
        self.asked[start] += 1
        if start >= self.size / 2:
            self.reached.set()
        end = min(start + self._part, self.size)
        token = str(end) if end < self.size else ""
        records = "".join(record(number) for number in range(start, end))
        return f"""<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>{records}
<resumptionToken completeListSize="{self.size}">{token}</resumptionToken></ListRecords></OAI-PMH>""".encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvested:
    """One harvest. ``papers`` and ``featured`` are what the database holds after it."""

    papers: int
    featured: int
    seconds: float
    rss_mb: float
    papers_per_s: float


def folder_for(archive: Archive) -> Path:
    """A fresh installation that reads this archive only."""
    folder = Path(tempfile.mkdtemp(prefix="harvest-"))
    (folder / "subscribers").mkdir()
    oai = {"categories": ["cs.LG"], "url": archive.url, "pace": "0s"}
    config = {"sources": {"arxiv": False, "huggingface": False, "arxiv_oai": oai}}
    (folder / "config.yaml").write_text(json.dumps(config))
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "digest", "ingest", "--json"]
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL)


def finish(process: subprocess.Popen[bytes]) -> float:
    """Wait for it; returns the most memory it held, in MB."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"digest ingest ended with {process.returncode}")
    return usage.ru_maxrss / 1024  # kilobytes on Linux


def counted(folder: Path) -> tuple[int, int]:
    with closing(connect(folder / "digest.db")) as connection:
        papers = connection.execute("SELECT count(*) FROM papers").fetchone()[0]
        return papers, connection.execute("SELECT count(*) FROM features").fetchone()[0]


def harvest(size: int, *, part: int = PART) -> Harvested:
    archive = Archive(size, part=part)
    folder = folder_for(archive)
    began = time.monotonic()
    rss_mb = finish(start(folder))
    seconds = time.monotonic() - began
    papers, featured = counted(folder)
    archive.close()
    shutil.rmtree(folder)
    return Harvested(
        papers=papers, featured=featured, seconds=round(seconds, 1), rss_mb=round(rss_mb, 1),
        papers_per_s=round(papers / seconds, 1),
    )  # fmt: skip


def resumed(size: int, *, part: int = PART) -> dict[str, int]:
    """Kill it half-way, start it again."""
    archive = Archive(size, part=part)
    folder = folder_for(archive)
    victim = start(folder)
    archive.reached.wait()
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    kept, _ = counted(folder)
    finish(start(folder))
    papers, featured = counted(folder)
    twice = sum(count > 1 for count in archive.asked.values())
    archive.close()
    shutil.rmtree(folder)
    return {"kept_at_kill": kept, "papers": papers, "featured": featured, "parts_asked_twice": twice}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--papers", default="10000,100000", help="sizes of the harvests, ascending")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    sizes = [int(size) for size in args.papers.split(",")]
    runs = {size: harvest(size) for size in sizes}
    growth = runs[sizes[-1]].rss_mb / runs[sizes[0]].rss_mb
    result = {
        "harvests": [asdict(run) for run in runs.values()],
        "growth": round(growth, 3),
        "resumed": resumed(sizes[0]),
    }
    if args.json:
        print(json.dumps(result))
        return
    for run in runs.values():
        print(f"{run.papers:>7,} papers: {run.rss_mb:.0f} MB, {run.seconds:.0f} s, {run.papers_per_s:.0f} papers/s")
    print(f"memory grows by a factor of {growth:.2f}; killed and resumed: {result['resumed']}")


if __name__ == "__main__":
    main()
