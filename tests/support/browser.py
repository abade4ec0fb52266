"""Chromium as a camera: what a mail looks like at a width, in light or in dark."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """The path of a Chromium, None if there is none; tests then skip."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def screenshot(
    html: Path, png: Path, *, width: int, height: int = 2400, dark: bool = False, timeout_s: float = 60
) -> None:
    """Photograph ``html`` at ``width`` × ``height`` CSS pixels. Raises FileNotFoundError without a Chromium.

    A headless window is never narrower than 500 pixels, so a phone is an iframe in a page of its own.
    """
    program = chromium()
    if program is None:
        raise FileNotFoundError("no Chromium found")
    with tempfile.TemporaryDirectory() as folder:
        page = html
        if width < 500:
            page = Path(folder) / "phone.html"
            page.write_text(
                f'<body style="margin:0"><iframe src="{html.resolve().as_uri()}" width="{width}" height="{height}" '
                'style="border:0"></iframe>',
                "utf-8",
            )
        command = [
            program,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"),
            f"--user-data-dir={folder}/profile",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--window-size={max(width, 500)},{height}",
            f"--screenshot={png}",
            page.resolve().as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=timeout_s)
