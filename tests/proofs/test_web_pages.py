"""Every page in a real browser, with hostile words in it: nothing runs, nothing comes from elsewhere, it holds at every
width, and axe finds nothing serious, in light and in dark. Run by `make proofs`.

Pictures of all of them: DIGEST_TEST_PICTURES=FOLDER.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.camera import chromium
from digest.web.application import PAGES
from tests.support.browser import Tab, browser
from tests.support.house import PASSWORD, House, house
from tests.support.served import served

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed, so no page can be looked at")
AXE = Path(__file__).resolve().parents[2] / ".ci" / "mail" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS = ((320, False), (320, True), (600, False), (1200, False), (1200, True))
AS_SENT = "read"
"""A mail as it was sent is looked at in test_mails_in_browser.py."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), public_url="http://127.0.0.1/reader") as made:
        yield made


@pytest.fixture(scope="module")
def tab(here: House) -> Iterator[Tab]:
    with served(here.app) as base, browser() as opened:
        tab = Tab(opened, f"{base}/reader", scripts=True)
        tab.go("/reader/admin/login")
        tab.mouse.write("Password", PASSWORD)
        tab.keys.follow("Enter")
        yield tab


def test_every_page(here: House, tab: Tab) -> None:
    """No dialog, no script, no request to elsewhere, no complaint of the Content-Security-Policy; no sideways
    scrolling, contrast of 4.5:1, no words cut off."""
    wrong: list[str] = []
    for name, place in here.pages(PAGES).items():
        if not here.shows(place):
            continue
        tab.go(f"/reader{place}")
        wrong += [f"{place}: {trouble}" for trouble in tab.troubles()]
        for width, dark in LOOKS if not name.endswith(AS_SENT) else ():
            tab.resize(width, dark=dark)
            tab.picture(f"{name}-{width}-{'dark' if dark else 'light'}")
            wrong += [f"{place} at {width} px, {'dark' if dark else 'light'}: {flaw}" for flaw in tab.flaws()]
    assert "\n".join(wrong) == ""


def test_axe(here: House, tab: Tab) -> None:
    """Deque's axe finds nothing serious on any page, in light and in dark: WCAG 2.2 at level AA."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run .ci/mail/install")
    script = AXE.read_text("utf-8")
    wrong: list[str] = []
    for name, place in here.pages(PAGES).items():
        if name.endswith(AS_SENT) or not here.shows(place):
            continue
        tab.go(f"/reader{place}")
        for dark in (False, True):
            tab.resize(320 if dark else 1200, dark=dark)
            tab.ask(f"{script}; 0")
            found = tab.ask(
                "axe.run().then(r => r.violations.filter(v => ['serious', 'critical'].includes(v.impact))"
                ".map(v => `${v.id} ${v.nodes.length} ${v.nodes[0].html.slice(0, 200)}`))"
            )
            assert isinstance(found, list)
            wrong += [f"{place}, {'dark' if dark else 'light'}: {one}" for one in found]
    assert "\n".join(wrong) == ""
