"""Ten thousand mails through a storm with a fault for every fifty. Is anything lost, is anything sent twice?

    python benchmarks/soak.py [--mails 10000] [--every 50] [--seed N] [--store postgresql://…] [--plain] [--json]

Two real sender processes on one database, against a real server on loopback that refuses, hangs, resets and forgets to
answer, and keeps a ledger. Senders are killed at random moments and at random commits, frozen beyond their leases and
woken again, asked to stop; the database is locked; clocks are put forward. Who dies is replaced. What the ledger says
is then compared with the outbox. ``uncertain`` is bounded by ``crashes × window`` (of one process: connections ×
window), and one for each answer that the server kept to itself after the dot. ``--plain``: a server without PIPELINING.
A database given by --store must be empty.
"""

from __future__ import annotations

import argparse
import json
import logging
import secrets
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.forked import Habits
from tests.support.storm import Outcome, Storm


def as_json(outcome: Outcome, seed: int) -> dict[str, object]:
    return {
        **asdict(outcome),
        "uncertain_bound": outcome.bound,
        "accepted_share": round(outcome.accepted / outcome.mails, 4),
        "seconds": round(outcome.seconds, 1),
        "seed": seed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="A soak test of sending.")
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=50, help="one fault for so many mails on average")
    parser.add_argument("--seed", type=int, help="by default another one each time; it is printed")
    parser.add_argument("--store", help="a database URL; by default SQLite in a temporary folder")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--window", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="a server that does not offer PIPELINING")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else secrets.randbits(32)
    print(f"seed {seed}", file=sys.stderr, flush=True)
    logging.disable(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory(dir=given.folder) as name,
        Storm(
            given.store or f"sqlite:///{name}/digest.db",
            Path(name),
            mails=given.mails,
            every=given.every,
            seed=seed,
            habits=Habits(connections=given.connections, window=given.window, timeout_s=2.0),
            pipelining=not given.plain,
        ) as storm,
    ):
        told = as_json(storm.run(), seed)
    if given.json:
        print(json.dumps(told))
        return
    for key, value in told.items():
        print(f"{key:16} {value}")


if __name__ == "__main__":
    main()
