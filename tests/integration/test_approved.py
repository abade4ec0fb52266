"""The mails look as they looked when somebody approved of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.camera import chromium
from tests.support.window import Window, window

Image = pytest.importorskip("PIL.Image")
from tests.approve import APPROVED, SHOTS, approved_fonts, difference, fonts, name, side_by_side, take  # noqa: E402  needs Pillow

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="Chromium is not installed, so no pictures can be taken"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Window]:
    with window() as opened:
        if fonts(opened) != approved_fonts():
            pytest.skip("the approved pictures were taken with other fonts than this machine's")
        yield opened


@pytest.mark.parametrize("shot", SHOTS, ids=name)
def test_looks_as_approved(browser: Window, shot: tuple[str, int, bool], tmp_path: Path) -> None:
    """Height and blocks of the picture are the approved ones, within what other fonts change."""
    with Image.open(APPROVED / name(shot)) as approved:
        taken = take(browser, shot)
        if problem := difference(approved, taken):
            side_by_side(approved, taken).save(tmp_path / name(shot))
            pytest.fail(f"{problem}: see {tmp_path / name(shot)}; if it is meant, python -m tests.approve")


def test_a_change_is_seen(browser: Window) -> None:
    """Another mail, another width and the other scheme are all told apart; the same mail is not."""
    shot = SHOTS[1]
    kind, width, dark = shot
    one = take(browser, shot)
    assert difference(one, take(browser, shot)) == ""
    for other in ((kind, width, not dark), (kind, width + 200, dark), ("quiet", width, dark)):
        assert difference(one, take(browser, other))
