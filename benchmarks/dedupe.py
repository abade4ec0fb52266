"""Near-equal text: how well a paper is recognised, how fast against a large catalog, and datasketch beside it.

    python benchmarks/dedupe.py --data DIR [--catalog 500000] [--each 500] [--seed 1] [--from 2026-01] [--growth]

A catalog of real records, filled up with recombined ones, is written into the store's own tables on SQLite. Questions
(dedupe_pairs.py) are then asked in batches as an ingest does it, by a process that does nothing else: ``docs_per_s``
is the production look-up (keys, index, sketch, records, verdict) in digest.store.near; ``rss_mb`` is that process's
peak. Right and wrong are judged on the groups that digest.catalog.matching makes of what names and look-up found.

A question about a stored paper that is joined to it counts for recall; one that is joined to any other paper counts
against precision. Edits are made of the months from ``--from`` on, and half as many of the sample of 35 other fields
up to 2019; look-alikes are mined in both, and all of them count. The bounds in likeness.py were chosen looking at
mined pairs of all months and of the sample, but at edits of other seeds and of months before 2026-04. What
dedupe_pairs.py calls a *version* is reported and not counted, and reworded titles without any abstract are counted
apart, in ``recall_no_abstract``.

``docs_per_s`` is for looking a document up and adding its keys, as ``datasketch_docs_per_s`` is: MinHash.bulk of 128
permutations over runs of three words, one query of and one insertion into a MinHashLSH (threshold 0.5) that holds
PEER_CATALOG random signatures (a million would take 10 GB; its cost hardly depends on their number). datasketch gives
candidates and no verdict. Both are one process; ``docs_per_cpu_s`` counts its processor time, which other jobs
disturb less; ``new`` has the same figures for papers that are not stored, as most of a day are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import pickle
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from digest.catalog.matching import group
from digest.model import Entry
from digest.store.bulk import BulkInsert
from digest.store.codec import body_of
from digest.store.component import component
from digest.store.database import Database
from digest.store.drafts import drafts
from digest.store.near import near_papers, near_rows
from digest.store.schema import near_keys
from digest.store.upgrade import ensure_current

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.dedupe_pairs import Question, edits, found, mine, read

BATCH: Final = 250
BARE: Final = "no abstract"
SAMPLE: Final = ", sample"
GROWTH: Final = (10_000, 100_000, 500_000, 1_000_000)
PERMUTATIONS, THRESHOLD, RUN = 128, 0.5, 3
PEER_CATALOG: Final = 100_000
FIRST_NEW: Final = 1 << 40
"""The id of the first paper whose keys are added for the time of a measurement."""
NOW: Final = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
PAPER: Final = (
    "INSERT INTO papers (id, title, abstract, authors, categories, primary_category, url, withdrawn, candidate,"
    " sources, first_seen_at, news_at, updated_at) VALUES (?, ?, '', '[]', '[]', '', '', 0, 1, '[]', ?, 0, ?)"
)
RECORD: Final = (
    "INSERT INTO records (source, key, paper_id, title_key, content_hash, body, first_seen_at, seen_at)"
    " VALUES (?, ?, ?, '', '', ?, ?, ?)"
)


# ── the catalog ─────────────────────────────────────────────────────────────────────────────────────────────


def recombined(entries: Sequence[Entry], rng: random.Random) -> Iterator[Entry]:
    """Papers that do not exist, for ever: the authors of one, half the title and abstract of two others each."""
    for number in range(1 << 62):
        one, other, authors = rng.choice(entries), rng.choice(entries), rng.choice(entries).authors
        heads, tails = one.title.split(), other.title.split()
        abstract = f"{one.abstract[: len(one.abstract) // 2]} {other.abstract[len(other.abstract) // 2 :]}"
        title = " ".join([*heads[: len(heads) // 2], *tails[len(tails) // 2 :]])
        yield Entry(
            source="made", key=str(number), identifiers=(), title=title, authors=authors, abstract=abstract.strip()
        )


def store(db: Database, entries: Sequence[Entry], first_id: int) -> None:
    """Rows as the intake writes them, without the merged papers' texts, which no look-up reads."""
    at = NOW.replace(tzinfo=None).isoformat(" ")
    numbered = list(enumerate(entries, start=first_id))
    with db.write() as connection:
        run = connection.exec_driver_sql
        run(PAPER, [(number, entry.title, at, at) for number, entry in numbered])
        run(RECORD, [(entry.source, entry.key, number, body_of(entry), at, at) for number, entry in numbered])
        rows = sorted(row for number, entry in numbered for row in near_rows(entry, number))
        run("INSERT OR IGNORE INTO near_keys (key, paper_id, sketch) VALUES (?, ?, ?)", rows)


Timed = tuple[int, float, float]
"""Documents, seconds, seconds of processor time."""


# ── the questions, in a process of their own ────────────────────────────────────────────────────────────────


def ask(database: str, questions: Path) -> dict[str, Any]:
    """Ask all questions of the catalog; figures and, for each question, the keys of the records it was joined to."""
    asked: list[Question] = pickle.loads(questions.read_bytes())
    db = Database(database)
    new = [question.entry for question in asked if question.kind.startswith("new")]
    rest = [question.entry for question in asked if not question.kind.startswith("new")]
    parts = timed(db, new), timed(db, rest)  # nothing is asked twice: what is worked out of an entry is kept
    figures: dict[str, Any] = {**per_second(parts), "new": per_second(parts[:1]), "rss_mb": peak_mb()}
    joined = []
    with db.read() as connection:
        for start in range(0, len(asked), BATCH):
            entries = [question.entry for question in asked[start : start + BATCH]]
            fresh = {(one.entry.source, one.entry.key): one for one in drafts(entries, now=NOW)}
            told = component(connection, fresh, {}, NOW)
            for members in group([record.entry for record in told]):
                stored = [told[index].entry.key for index in members if told[index].id is not None]
                joined += [(told[index].entry.key, stored) for index in members if told[index].id is None]
    return {**figures, "joined": dict(joined)}


def timed(db: Database, entries: Sequence[Entry]) -> Timed:
    """Documents looked up and their keys added; nothing stays."""
    insert = BulkInsert(near_keys, ("key", "paper_id", "sketch"), db.engine.dialect, keep_old=True)
    with db.engine.connect() as connection:  # rolls back
        before, before_cpu = time.perf_counter(), time.process_time()
        for start in range(0, len(entries), BATCH):
            batch = list(enumerate(entries[start : start + BATCH], start=FIRST_NEW + start))
            near_papers(connection, [entry for _, entry in batch])
            insert(connection, [row for paper_id, entry in batch for row in near_rows(entry, paper_id)])
        return len(entries), time.perf_counter() - before, time.process_time() - before_cpu


def per_second(parts: Sequence[Timed]) -> dict[str, Any]:
    documents, wall, cpu = (sum(figures) for figures in zip(*parts, strict=True))
    return {"docs_per_s": round(documents / wall), "docs_per_cpu_s": round(documents / cpu)}


def peak_mb() -> float:
    """This process's own peak: getrusage would report the parent's, which holds the whole data."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def peer(questions: Path) -> dict[str, Any]:
    """datasketch's usual setting: one query and one insertion a document."""
    import numpy as np
    from datasketch import MinHash, MinHashLSH

    asked: list[Question] = pickle.loads(questions.read_bytes())
    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    signatures = np.random.default_rng(1).integers(0, 1 << 32, (PEER_CATALOG, PERMUTATIONS), dtype=np.uint64)
    made = MinHash(num_perm=PERMUTATIONS)
    for number, values in enumerate(signatures):
        made.hashvalues = values
        index.insert(f"made {number}", made, check_duplication=False)
    entries = [question.entry for question in asked[:4000]]
    before, before_cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(entries), BATCH):
        texts = [f"{entry.title} {entry.abstract}".lower().split() for entry in entries[start : start + BATCH]]
        runs = [
            [" ".join(run).encode() for run in zip(*(words[at:] for at in range(RUN)), strict=False)] for words in texts
        ]
        for number, sketch in enumerate(MinHash.bulk(runs, num_perm=PERMUTATIONS), start):
            index.query(sketch)
            index.insert(str(number), sketch)
    return per_second([(len(entries), time.perf_counter() - before, time.process_time() - before_cpu)])


def alone(*arguments: str) -> dict[str, Any]:
    """Run this file's ``ask`` or ``peer`` in a new process."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


# ── right and wrong ─────────────────────────────────────────────────────────────────────────────────────────


def judged(asked: Sequence[Question], joined: dict[str, list[str]], unlabelled: set[frozenset[str]]) -> dict[str, Any]:
    """Precision over all joins, recall over questions that have an answer; a *version* is reported, not counted."""
    kinds: dict[str, Counter[str]] = {}
    for question in asked:
        counts = kinds.setdefault(question.kind, Counter())
        keys = set(joined[question.entry.key])
        counts["asked"] += 1
        counts["right"] += question.answer in keys
        own = {question.answer, question.absent, question.entry.key.removeprefix("again ")}
        wrong = {key for key in keys - own if not any(frozenset({key, name}) in unlabelled for name in own if name)}
        counts["wrong"] += bool(wrong)
    counted = {kind: counts for kind, counts in kinds.items() if not kind.startswith("version")}
    answerable = {kind: c for kind, c in counted.items() if not kind.startswith(("new", "hard negative"))}
    right = sum(c["right"] for c in counted.values())
    bare = answerable.get(BARE, Counter())
    asked_in_full = sum(c["asked"] for c in answerable.values()) - bare["asked"]
    wrong_joins = sum(c["wrong"] for c in counted.values())
    return {
        "precision": round(right / max(1, right + wrong_joins), 5),
        "recall": round((right - bare["right"]) / max(1, asked_in_full), 5),
        "recall_no_abstract": round(bare["right"] / max(1, bare["asked"]), 5),
        "wrong": wrong_joins,
        "kinds": {kind: dict(counts) for kind, counts in sorted(kinds.items())},
    }


def prepared(args: argparse.Namespace, rng: random.Random) -> tuple[list[Question], list[Entry], set[frozenset[str]]]:
    """The questions, the real records to store (those that answer first), and pairs that nobody judged."""
    past: dict[str, Entry] = {}
    later: dict[str, Entry] = {}
    for path in sorted(args.data.glob("arxiv_announced/papers/*.jsonl.zst")):
        (later if path.name >= args.since else past).update((entry.key, entry) for entry in read(path))
    sample = {entry.key: entry for path in args.data.glob("arxiv_*_sample.jsonl.zst") for entry in read(path)}
    sample = {key: entry for key, entry in sample.items() if key not in later}
    domains = [(list(later.values()), args.each, ""), ([*sample.values()], args.each // 2, SAMPLE)]
    asked, mined = [], []
    for entries, each, domain in domains:
        pairs = mine(entries)
        mined.append((entries, pairs))
        asked += edits(entries, pairs, each=each, rng=rng) + found(entries, pairs, domain=domain)
    rng.shuffle(asked)
    taken = {question.absent for question in asked if question.absent}
    answers = {question.answer for question in asked if question.answer}
    others = {**past, **sample, **later}.values()
    real = sorted((entry for entry in others if entry.key not in taken), key=lambda entry: entry.key not in answers)
    unlabelled = {
        frozenset({entries[one].key, entries[other].key})
        for entries, pairs in mined
        for one, other in (*pairs.versions, *pairs.same)
    }
    return asked, real, unlabelled


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--catalog", type=int, default=500_000)
    parser.add_argument("--each", type=int, default=500, help="questions of each kind of edit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="since", default="2026-01", help="the first month that edits are made of")
    parser.add_argument("--growth", action="store_true", help="ask at 10k, 100k, 500k and 1M papers")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    asked, real, unlabelled = prepared(args, rng)
    sizes = GROWTH if args.growth else (args.catalog,)
    growth = []
    with tempfile.TemporaryDirectory() as folder:
        questions = Path(folder) / "questions.pickle"
        questions.write_bytes(pickle.dumps(asked))
        url = f"sqlite:///{folder}/catalog.db"
        db = Database(url)
        ensure_current(db)
        rest = chain(real, recombined(real, rng))
        stored = 0
        for size in sizes:
            while stored < size:
                batch = list(islice(rest, min(50_000, size - stored)))
                store(db, batch, stored + 1)
                stored += len(batch)
            answer = alone("ask", url, str(questions))
            joined = answer.pop("joined")
            growth.append({"catalog": size, **answer, "rss_mb": round(answer["rss_mb"])})
            figures = judged(asked, joined, unlabelled)
            if not args.json:
                print(growth[-1], figures, flush=True)
        db.close()
        other = alone("peer", str(questions))
    beside = {f"datasketch_{name}": value for name, value in other.items()}
    result = {"docs": len(asked), **beside, **growth[-1], **figures}
    if args.growth:
        result["growth"] = growth
    print(json.dumps(result))


if __name__ == "__main__":
    if sys.argv[1:2] == ["ask"]:
        print(json.dumps(ask(sys.argv[2], Path(sys.argv[3]))))
    elif sys.argv[1:2] == ["peer"]:
        print(json.dumps(peer(Path(sys.argv[2]))))
    else:
        main()
