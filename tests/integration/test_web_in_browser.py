"""Every page in a real browser, with hostile words in it: nothing runs, nothing comes from elsewhere, and it holds at
every width, in light and in dark.

Pictures of all of them: DIGEST_TEST_PICTURES=FOLDER.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from digest.camera import chromium
from digest.web.application import PAGES
from tests.support.browser import Tab, browser
from tests.support.house import House, house
from tests.support.served import served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="Chromium is not installed, so the pages can't be looked at"),
]
LOOKS = ((320, False), (320, True), (600, False), (1200, False), (1200, True))
AS_SENT = "read"
"""A mail as it was sent is looked at in test_mails_in_browser.py."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), public_url="http://127.0.0.1/papers") as made:
        yield made


@pytest.fixture(scope="module")
def tab(here: House) -> Iterator[Tab]:
    with served(here.app) as base, browser() as opened:
        yield Tab(opened, f"{base}/papers", scripts=True)


def test_every_page(here: House, tab: Tab) -> None:
    """No dialog, no script, no request to elsewhere, no complaint of the Content-Security-Policy; no sideways
    scrolling, contrast of 4.5:1, no words cut off."""
    wrong: list[str] = []
    for name, place in here.pages(PAGES).items():
        answer = here.client.get(place)
        if not answer.headers.get("content-type", "text/html").startswith("text/html"):
            continue  # a feed, a file
        here.forget_limits()
        tab.go(f"/papers{place}")
        wrong += [f"{place}: {trouble}" for trouble in tab.troubles()]
        for width, dark in LOOKS if not name.endswith(AS_SENT) else ():
            tab.resize(width, dark=dark)
            tab.picture(f"{name}-{width}-{'dark' if dark else 'light'}")
            wrong += [f"{place} at {width} px, {'dark' if dark else 'light'}: {flaw}" for flaw in tab.flaws()]
    assert "\n".join(wrong) == ""
