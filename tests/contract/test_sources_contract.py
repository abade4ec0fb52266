"""Every built-in source keeps every promise of the importable contract suite."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from digest.sources import crossref_works, pubmed_search
from digest.sources.contract import PROMISES, NotTried, Promise
from tests.support import tapes

subject = cache(tapes.subject)


@pytest.fixture(scope="module", autouse=True)
def small_pages() -> Iterator[None]:
    """Three papers to a page where a source sets the size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossref_works, "ROWS", 3)
        patch.setattr(pubmed_search, "PER_FETCH", 3)
        yield


NOT_TRIED = {
    "feed:lab.example": {"breakdown", "crash"},
}
"""What a source gives no occasion for; everything else must be tried."""


@pytest.mark.parametrize("name", tapes.BUILTINS)
@pytest.mark.parametrize("promise", PROMISES, ids=[promise.name for promise in PROMISES])
def test_every_source_keeps_every_promise(name: str, promise: Promise) -> None:
    """Parsers and fetchers stand what providers do on their worst days."""
    if promise.name in NOT_TRIED.get(name, set()):
        with pytest.raises(NotTried):
            promise.check(subject(name))
        return
    try:
        promise.check(subject(name))
    except NotTried as reason:
        pytest.fail(f"not tried: {reason}")
