"""Real senders in a storm: killed by real signals, frozen, asked to stop, against a server that misbehaves.

A small soak with a fault for every ten mails; the long one is benchmarks/soak.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.storm import Storm

pytestmark = pytest.mark.slow

MAILS = 100


def weather(url: str, folder: Path, *, seed: int, pipelining: bool = True) -> None:
    """The server's ledger and the outbox say the same after it."""
    with Storm(url, folder, mails=MAILS, every=10, seed=seed, pipelining=pipelining) as storm:
        outcome = storm.run(patience_s=120)
    assert (outcome.mails, outcome.lost, outcome.twice) == (MAILS, 0, 0), outcome
    assert outcome.uncertain <= outcome.bound, outcome
    assert outcome.balanced, outcome
    assert outcome.accepted > MAILS / 2, outcome


@pytest.mark.parametrize("seed", [1, 2])
def test_whole_transactions_in_one_flight(tmp_path: Path, seed: int) -> None:
    """Where the server offers PIPELINING."""
    weather(f"sqlite:///{tmp_path}/digest.db", tmp_path, seed=seed)


def test_command_by_command(tmp_path: Path) -> None:
    """Where it does not."""
    weather(f"sqlite:///{tmp_path}/digest.db", tmp_path, seed=4, pipelining=False)


@pytest.mark.postgres
def test_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    """The same with a database that really has several writers at once."""
    weather(postgres_url, tmp_path, seed=6)
