"""docs/delivery.md says which test proves what; each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
GUIDE = TESTS.parent / "docs" / "delivery.md"
NAMED = re.compile(r"`((?:unit|integration|e2e)/\w+\.py)(?:::(\w+))?`")


def test_every_test_that_the_fault_list_names_exists() -> None:
    """A test that is renamed or deleted is missed here."""
    named = NAMED.findall(GUIDE.read_text(encoding="utf-8").partition("## How it is proven")[2])
    assert len(named) > 30
    for file, test in named:
        path = TESTS / file
        assert path.is_file(), file
        assert not test or f"def {test}(" in path.read_text(encoding="utf-8"), f"{file}::{test}"
