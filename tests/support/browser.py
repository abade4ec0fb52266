"""A visitor with a real browser: one tab of a headless Chromium that goes where addresses, mouse and keys lead.

    with browser() as opened:
        tab = Tab(opened, "http://127.0.0.1:8080", scripts=False)
        tab.resize(320, dark=True)
        tab.go("/")
        tab.keys.reach("Search papers").write("sparse attention").follow("Enter")
        assert "Sparse" in tab.text()
        assert tab.troubles() == []

Things are found as a screen reader would tell them, by role and name. Mouse and keys are Chromium's own input events,
so what is covered cannot be clicked, and what cannot be reached by Tab cannot be typed into. Nothing but loopback
resolves.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urljoin, urlsplit

from digest.camera import Browser, chromium
from tests.support.window import AUDIT

_PATIENCE_S = 240
"""For all that is asked of one browser."""
_MOST_STOPS = 400
"""Of Tab on one page."""
PICTURES = os.environ.get("DIGEST_TEST_PICTURES", "")
"""A folder to keep pictures in; without it none are taken."""

_KEYS: Mapping[str, Mapping[str, object]] = {
    "Tab": {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
    "Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "Space": {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
    "Down": {"key": "ArrowDown", "code": "ArrowDown", "windowsVirtualKeyCode": 40},
    "Backspace": {"key": "Backspace", "code": "Backspace", "windowsVirtualKeyCode": 8},
}
_CONTROL = 2
"""The modifier of the debugging protocol's key events."""

Named = str | re.Pattern[str]


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium of its own that reaches this machine alone; there must be one."""
    program = chromium()
    assert program is not None
    flags = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    with Browser(program, deadline=time.monotonic() + _PATIENCE_S, flags=flags) as opened:
        yield opened


class Tab:
    """One tab of a profile of its own: no cookie is shared with another."""

    def __init__(self, browser: Browser, base: str, *, scripts: bool = False) -> None:
        """
        Args:
            base: what ``go`` is relative to.
            scripts: the pages' own may run; ours can be asked in any case.
        """
        self._browser, self.base = browser, base.rstrip("/")
        browser.session = None
        context = browser.ask("Target.createBrowserContext")["browserContextId"]
        target = browser.ask("Target.createTarget", url="about:blank", browserContextId=context)
        self._session = str(
            browser.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        )
        self._context = context
        self.keys, self.mouse = Keys(self), Mouse(self)
        for domain in ("Page", "DOM", "Log", "Runtime", "Network", "Accessibility"):
            self.command(f"{domain}.enable")
        self.command("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.resize(1200)
        self._problems: list[str] = []

    def command(self, method: str, **params: object) -> Mapping[str, object]:
        self._browser.session = self._session
        return self._browser.ask(method, **params)

    # ── where it is ─────────────────────────────────────────────────────────────────────────────────────────

    def resize(self, width: int, *, dark: bool = False, height: int = 800) -> None:
        """CSS pixels, and the colour scheme that the visitor's machine prefers."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", media="screen", features=[scheme])

    def go(self, address: str) -> None:
        """Open an address, as typed into the browser or clicked in a mail; its load is waited for."""
        self.arriving()
        told = self.command("Page.navigate", url=urljoin(f"{self.base}/", address))
        assert not told.get("errorText"), f"{address}: {told}"
        self.arrived()

    def arriving(self) -> None:
        """Forget what was loaded before."""
        self._take_notes()
        while self._browser.event("Page.loadEventFired") is not None:
            pass

    def arrived(self) -> None:
        self._browser.await_event("Page.loadEventFired")
        self.command("Runtime.evaluate", expression="0")  # so that what was said while it loaded is here

    @property
    def address(self) -> str:
        return str(self.ask("location.href"))

    @property
    def path(self) -> str:
        return urlsplit(self.address).path

    def ask(self, script: str) -> object:
        """The value of a JavaScript expression, as JSON has it; a promise is waited for."""
        answer = self.command(
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

    def text(self) -> str:
        """The words that show."""
        return str(self.ask("document.body.innerText"))

    # ── what is on it ───────────────────────────────────────────────────────────────────────────────────────

    def find(self, name: Named, role: str = "") -> int:
        """The one element of that name and role; its number in the DOM. Fails if there is none or several."""
        found = [node for node, what, called in self.told() if _is(called, name) and role in {"", what}]
        assert len(found) == 1, f"{len(found)} of {role} {name!r} on {self.path}: {self.names()}"
        return found[0]

    def has(self, name: Named, role: str = "") -> bool:
        return any(_is(called, name) and role in {"", what} for _, what, called in self.told())

    def names(self) -> list[str]:
        """What can be used on this page, as a screen reader tells it."""
        used = {"link", "button", "textbox", "searchbox", "combobox", "checkbox", "radio", "InputTime", "Date"}
        return [f"{role} {name!r}" for _, role, name in self.told() if role in used]

    def told(self) -> list[tuple[int, str, str]]:
        """(number in the DOM, role, name) of everything in the accessibility tree."""
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        assert isinstance(nodes, list)
        return [
            (int(node["backendDOMNodeId"]), _value(node, "role"), _value(node, "name"))
            for node in nodes
            if not node.get("ignored") and "backendDOMNodeId" in node and _value(node, "role") != "StaticText"
        ]

    def focused(self) -> tuple[int, str, str]:
        """(number in the DOM, role, name) of what has the focus."""
        handle = self.command("Runtime.evaluate", expression="document.activeElement")["result"]
        assert isinstance(handle, dict)
        told = self.command("Accessibility.getPartialAXTree", objectId=handle["objectId"], fetchRelatives=False)[
            "nodes"
        ]
        assert isinstance(told, list)
        node = told[0]
        return int(node["backendDOMNodeId"]), _value(node, "role"), _value(node, "name")

    # ── what is wrong ───────────────────────────────────────────────────────────────────────────────────────

    def troubles(self) -> list[str]:
        """Dialogs, errors of scripts and of the Content-Security-Policy, and requests that went elsewhere, since it was
        asked last."""
        self._take_notes()
        told, self._problems = self._problems, []
        return told

    def _take_notes(self) -> None:
        while (told := self._browser.event("Page.javascriptDialogOpening")) is not None:
            self._problems.append(f"a dialog: {told}")
            self.command("Page.handleJavaScriptDialog", accept=False)
        while (told := self._browser.event("Runtime.exceptionThrown")) is not None:
            self._problems.append(f"a script failed: {told}")
        while (told := self._browser.event("Log.entryAdded")) is not None:
            entry = told["entry"]
            assert isinstance(entry, dict)
            if entry["source"] == "security" or (entry["level"] == "error" and entry["source"] != "network"):
                self._problems.append(f"{entry['source']}: {entry['text']}")
        while (told := self._browser.event("Network.requestWillBeSent")) is not None:
            request = told["request"]
            assert isinstance(request, dict)
            url = str(request["url"])
            if not url.startswith((f"{urljoin(self.base, '/')}", "data:")):
                self._problems.append(f"asked elsewhere: {url}")

    def flaws(self) -> list[str]:
        """What is wrong with how the page shows: contrast, reflow, words cut off. See audit.js.

        Links in running text may be as low as their line (WCAG 2.2, 2.5.8 excepts them), so heights are axe's to judge.
        """
        found = self.ask(f"{AUDIT}({json.dumps({'contrast': 4.5, 'tap': 0})})")
        assert isinstance(found, list)
        return [flaw for flaw in map(str, found) if "px wide" not in flaw]

    def picture(self, name: str) -> None:
        """Keep a PNG of the whole page, if anybody wants to look at it: DIGEST_TEST_PICTURES."""
        if not PICTURES:
            return
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        assert isinstance(size, dict)
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(int(size["height"]), 6000), "scale": 1}
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.png").write_bytes(base64.b64decode(str(shot["data"])))

    def saving_to(self, folder: Path) -> None:
        """Files that are offered for saving go there, under their own names."""
        folder.mkdir(parents=True, exist_ok=True)
        self._browser.session = None
        self._browser.ask(
            "Browser.setDownloadBehavior",
            behavior="allow",
            browserContextId=self._context,
            downloadPath=str(folder),
            eventsEnabled=True,
        )

    def saved(self) -> None:
        """Wait until one more file was saved."""
        while self._browser.await_event("Browser.downloadProgress").get("state") != "completed":
            pass


class Keys:
    """A visitor who has no mouse."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab

    def press(self, key: str, *, modifiers: int = 0) -> Self:
        described = _KEYS.get(key) or {"key": key, "text": key}
        down = {"type": "keyDown", **described, "modifiers": modifiers}
        self._tab.command("Input.dispatchKeyEvent", **down)
        up = {name: value for name, value in described.items() if name != "text"}
        self._tab.command("Input.dispatchKeyEvent", type="keyUp", **up)
        return self

    def reach(self, name: Named, role: str = "") -> Self:
        """Press Tab until it has the focus. Fails where that never happens, or the focus does not show."""
        passed: list[str] = []
        for _ in range(_MOST_STOPS):
            self.press("Tab")
            _, what, called = self._tab.focused()
            if _is(called, name) and role in {"", what}:
                assert self._shows(), f"the focus on {called!r} does not show"
                return self
            passed.append(f"{what} {called!r}")
            if passed.count(passed[0]) > 2 and len(set(passed[-60:])) < len(passed[-60:]) / 2:
                break
        raise AssertionError(f"Tab does not reach {role} {name!r} on {self._tab.path}: {passed[:80]}")

    def write(self, text: str) -> Self:
        """Type over what is there."""
        self._tab.command(
            "Input.dispatchKeyEvent",
            type="keyDown",
            key="a",
            code="KeyA",
            windowsVirtualKeyCode=65,
            modifiers=_CONTROL,
            commands=["selectAll"],
        )
        if not text:
            return self.press("Backspace")
        for letter in text:
            self.press("Enter" if letter == "\n" else letter)
        return self

    def follow(self, key: str = "Enter") -> Self:
        """Press it and wait for the page where it leads."""
        self._tab.arriving()
        self.press(key)
        self._tab.arrived()
        return self

    def _shows(self) -> object:
        """Whether what has the focus has a ring: itself, or what is around it."""
        return self._tab.ask(
            "(() => { for (let at = document.activeElement, up = 0; at && up < 2; at = at.parentElement, up++) {"
            " const s = getComputedStyle(at);"
            " if ((s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none') return true;"
            " } return false; })()"
        )


class Mouse:
    """A visitor who clicks."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab

    def click(self, name: Named, role: str = "") -> Self:
        """Fails where something else lies above it."""
        node = self._tab.find(name, role)
        self._tab.command("DOM.scrollIntoViewIfNeeded", backendNodeId=node)
        quads = self._tab.command("DOM.getContentQuads", backendNodeId=node)["quads"]
        assert isinstance(quads, list)
        xs, ys = quads[0][::2], quads[0][1::2]
        at = {"x": sum(xs) / 4, "y": sum(ys) / 4, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self._tab.command("Input.dispatchMouseEvent", type=kind, **at)
        return self

    def write(self, name: Named, text: str) -> Self:
        """Click into a field and type over what is there."""
        self.click(name)
        self._tab.keys.write(text)
        return self

    def follow(self, name: Named, role: str = "") -> Self:
        """Click it and wait for the page where it leads."""
        self._tab.arriving()
        self.click(name, role)
        self._tab.arrived()
        return self


def _is(called: str, name: Named) -> bool:
    return bool(name.search(called)) if isinstance(name, re.Pattern) else called == name


def _value(node: Mapping[str, object], key: str) -> str:
    held = node.get(key)
    return str(held.get("value", "")) if isinstance(held, dict) else ""


def shots(tab: Tab, name: str, *, widths: Sequence[int] = (320, 600, 1200)) -> None:
    """Pictures of this page at several widths, in light and in dark."""
    if PICTURES:
        for width in widths:
            for dark in (False, True):
                tab.resize(width, dark=dark)
                tab.picture(f"{name}-{width}-{'dark' if dark else 'light'}")
