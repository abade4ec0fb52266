"""`digest ingest` as a real process on a long list, killed in the middle."""

from __future__ import annotations

import pytest

from benchmarks.harvest import resumed

pytestmark = pytest.mark.slow

PART, CHUNK = 200, 100


def test_a_killed_harvest_goes_on_where_it_stopped() -> None:
    """kill -9 half-way: what was stored stays, the rest comes, and one part at most is asked for twice."""
    told = resumed(1_000, part=PART)
    assert 2 * PART <= told["kept_at_kill"] < 1_000
    assert told["kept_at_kill"] % CHUNK == 0, "whole transactions"
    assert (told["papers"], told["featured"]) == (1_000, 1_000)
    assert told["parts_asked_twice"] <= 1
