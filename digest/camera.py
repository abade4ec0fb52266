"""Chromium as a camera: what a page looks like at a width, in light or in dark.

Chromium is driven over its own debugging pipe (Chrome DevTools Protocol: JSON messages that end in NUL, on file
descriptors 3 and 4), so a picture is as high as the page and as narrow as a phone, which ``--screenshot`` cannot do.
The page's scripts stay off and no name resolves: a picture asks nobody for anything.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import itertools
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from digest.errors import CameraError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    *("--headless", "--disable-gpu", "--disable-background-networking", "--disable-extensions", "--hide-scrollbars"),
    *("--no-first-run", "--remote-debugging-pipe", "--host-resolver-rules=MAP * ~NOTFOUND"),
)
_VIEWPORT_HEIGHT = 800
MOST_PIXELS = 16_000
"""Of one picture's height: Chromium's own limit on what it draws at once."""


def chromium() -> str | None:
    """The path of a Chromium, None if there is none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def screenshot(
    html: Path, png: Path, *, width: int, height: int | None = None, dark: bool = False, timeout_s: float = 60
) -> None:
    """Photograph ``html`` at ``width`` × ``height`` CSS pixels, by default as high as the page is.

    Raises:
        CameraError: there is no Chromium, or it fails, or takes longer than ``timeout_s``.
    """
    program = chromium()
    if program is None:
        raise CameraError("a picture needs Chromium, and there is none here; Debian and Ubuntu: apt install chromium")
    with Browser(program, deadline=time.monotonic() + timeout_s) as browser:
        png.write_bytes(_photograph(browser, html, width=width, height=height, dark=dark))


def _photograph(browser: Browser, html: Path, *, width: int, height: int | None, dark: bool) -> bytes:
    target = browser.ask("Target.createTarget", url="about:blank")
    browser.session = str(browser.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"])
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height or _VIEWPORT_HEIGHT,
        deviceScaleFactor=1,
        mobile=False,
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.ask("Emulation.setEmulatedMedia", media="screen", features=[scheme])
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.ask("Page.enable")
    opened = browser.ask("Page.navigate", url=html.resolve().as_uri())
    if problem := opened.get("errorText"):
        raise CameraError(f"Chromium can't open {html}: {problem}")
    browser.await_event("Page.loadEventFired")
    if height is None:
        size = browser.ask("Page.getLayoutMetrics")["cssContentSize"]
        assert isinstance(size, dict)
        height = min(int(size["height"]), MOST_PIXELS)
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    shot = browser.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
    try:
        return base64.b64decode(str(shot["data"]), validate=True)
    except (KeyError, binascii.Error) as error:
        raise CameraError("Chromium gave no picture") from error


class Browser:
    """One Chromium process of its own profile, ended and cleaned up at the end of the block.

    Args:
        deadline: of ``time.monotonic``, for all that is asked of it.
        flags: beside ours; where both say something, these win.
    """

    def __init__(self, program: str, *, deadline: float, flags: Sequence[str] = ()) -> None:
        self._program, self._deadline, self._flags = program, deadline, flags
        self._numbers = itertools.count(1)
        self._received = b""
        self._events: list[Mapping[str, object]] = []
        self.session: str | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="digest-camera-", ignore_cleanup_errors=True)
        their_input, self._out = os.pipe()
        self._in, their_output = os.pipe()
        flags = [*_FLAGS, f"--user-data-dir={self._folder.name}", *self._flags]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # root has none
        with Path(self._folder.name, "stderr").open("wb") as log:
            # By way of high numbers: whatever our pipes are called, 3 and 4 are free when they are assigned.
            self._pid = os.posix_spawn(
                self._program,
                [self._program, *flags, "about:blank"],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, their_input, 100),
                    (os.POSIX_SPAWN_DUP2, their_output, 101),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
                    (os.POSIX_SPAWN_DUP2, 100, 3),
                    (os.POSIX_SPAWN_DUP2, 101, 4),
                    (os.POSIX_SPAWN_CLOSE, 100),
                    (os.POSIX_SPAWN_CLOSE, 101),
                ],
                setpgroup=0,
            )
        os.close(their_input)
        os.close(their_output)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Killed, not asked: it has nothing to save, and its helpers are in its process group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._in)
        os.close(self._out)
        self._folder.cleanup()

    def ask(self, method: str, **params: object) -> Mapping[str, object]:
        """The answer to one command. Raises CameraError."""
        number = next(self._numbers)
        message: dict[str, object] = {"id": number, "method": method, "params": params}
        if self.session is not None:
            message["sessionId"] = self.session
        try:
            os.write(self._out, json.dumps(message).encode() + b"\0")
        except BrokenPipeError as error:
            raise self._died() from error
        while (answer := self._message()).get("id") != number:
            self._events.append(answer)
        if problem := answer.get("error"):
            raise CameraError(f"Chromium refuses {method}: {problem}")
        result = answer.get("result")
        return result if isinstance(result, dict) else {}

    def await_event(self, method: str) -> Mapping[str, object]:
        """The first event of that name which nobody took yet, with what it tells. Raises CameraError."""
        while (told := self.event(method)) is None:
            self._events.append(self._message())
        return told

    def event(self, method: str) -> Mapping[str, object] | None:
        """The same, if it came already."""
        for place, event in enumerate(self._events):
            if event.get("method") == method:
                params = self._events.pop(place).get("params")
                return params if isinstance(params, dict) else {}
        return None

    def _message(self) -> Mapping[str, object]:
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._in], [], [], max(self._deadline - time.monotonic(), 0))
            if not ready:
                raise CameraError("Chromium took too long for a picture; try again on a quieter machine")
            if not (some := os.read(self._in, 1 << 20)):
                raise self._died()
            self._received += some
        first, _, self._received = self._received.partition(b"\0")
        message = json.loads(first)
        return message if isinstance(message, dict) else {}

    def _died(self) -> CameraError:
        lines = Path(self._folder.name, "stderr").read_text("utf-8", "replace").strip().splitlines()
        return CameraError(f"{self._program} does not start: {lines[-1] if lines else 'it said nothing'}")
