"""A lease's token tells whether its process is still there, and never buries the living."""

from __future__ import annotations

import subprocess
import sys

import pytest

from digest.store.owners import is_dead, machine, new_token

PRINT_TOKEN = "from digest.store.owners import new_token; print(new_token(), flush=True); input()"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


def test_tokens_are_distinct_and_alive() -> None:
    """Every claim has its own, and its own process never counts as dead."""
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {32}
    assert not any(is_dead(token) for token in tokens)


def test_a_killed_process_is_known_to_be_dead() -> None:
    """Alive while it runs, dead after SIGKILL, as a zombie too."""
    child = subprocess.Popen(
        [sys.executable, "-c", PRINT_TOKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    token = child.stdout.readline().strip()
    assert not is_dead(token)
    child.kill()
    child.stdout.read()
    assert is_dead(token) or child.poll() is None  # not yet reaped: a zombie, or on its way
    child.communicate()
    assert is_dead(token)


def test_a_reused_process_number_is_another_process() -> None:
    """Same machine, same number, another start: the old one is dead."""
    mine = new_token()
    assert is_dead(f"{mine[:16]}{(int(mine[16:24], 16) ^ 1):08x}{mine[24:]}")


@pytest.mark.parametrize("token", ["", "f" * 32, "not a token", "0" * 31])
def test_strangers_are_not_judged(token: str) -> None:
    """Another machine's lease ends by time alone."""
    assert not token.startswith(machine())
    assert not is_dead(token)
