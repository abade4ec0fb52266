"""A window of a headless Chromium that is kept open: show a page in it, resize it, ask what it looks like."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digest.camera import Browser, chromium

AUDIT = Path(__file__).with_name("audit.js").read_text("utf-8")
_PATIENCE_S = 240
"""For all that is asked of one browser; a test run has a limit of its own."""


class Window:
    """One page at a time, without scripts of its own and without network. Raises CameraError where Chromium fails."""

    def __init__(self, browser: Browser, *, scripts: bool = False) -> None:
        self._browser = browser
        target = browser.ask("Target.createTarget", url="about:blank")
        attached = browser.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        browser.session = str(attached["sessionId"])
        browser.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        browser.ask("Page.enable")
        tree = browser.ask("Page.getFrameTree")["frameTree"]
        assert isinstance(tree, dict)
        self._frame = tree["frame"]["id"]

    def show(self, html: str) -> None:
        self._browser.ask("Page.setDocumentContent", frameId=self._frame, html=html)

    def resize(self, width: int, *, dark: bool = False, height: int = 800) -> None:
        """CSS pixels, and the colour scheme that the reader's machine prefers."""
        self._browser.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._browser.ask("Emulation.setEmulatedMedia", media="screen", features=[scheme])

    def ask(self, script: str) -> object:
        """The value of a JavaScript expression, as JSON has it; a promise is waited for."""
        answer = self._browser.ask(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
            allowUnsafeEvalBlockedByCSP=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        result = answer["result"]
        assert isinstance(result, dict)
        return result.get("value")

    def problems(self, *, contrast: float = 4.5, tap: int = 44) -> list[str]:
        """What is wrong with how the page shows, in sentences: see audit.js."""
        found = self.ask(f"{AUDIT}({json.dumps({'contrast': contrast, 'tap': tap})})")
        assert isinstance(found, list)
        return found

    def picture(self) -> bytes:
        """The whole page as PNG."""
        size = self._browser.ask("Page.getLayoutMetrics")["cssContentSize"]
        assert isinstance(size, dict)
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self._browser.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(str(shot["data"]))


@contextmanager
def window(*, scripts: bool = False) -> Iterator[Window]:
    """A browser of its own with one window; there must be a Chromium.

    With ``scripts``, what is asked of the page may wait for timers.
    """
    program = chromium()
    assert program is not None
    with Browser(program, deadline=time.monotonic() + _PATIENCE_S) as browser:
        yield Window(browser, scripts=scripts)
