"""Chromium as a camera: pictures as wide as asked and as high as the page, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.camera import chromium, screenshot
from digest.errors import CameraError

PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; height: 1700px; background: #fff }
@media (prefers-color-scheme: dark) { body { background: #102030 } }
</style><body><script>document.body.style.background = "red"</script>"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")
def test_a_picture_is_as_narrow_as_asked_and_as_high_as_the_page(tmp_path: Path) -> None:
    """A phone's width, the dark scheme, the whole height; and the page's scripts do not run."""
    image = pytest.importorskip("PIL.Image")
    page, png = tmp_path / "page.html", tmp_path / "page.png"
    page.write_text(PAGE, "utf-8")
    screenshot(page, png, width=320, dark=True)
    with image.open(png) as picture:
        assert picture.size == (320, 1700)
        assert picture.convert("RGB").getpixel((5, 1690)) == (0x10, 0x20, 0x30)


def test_without_chromium_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CameraError, match="apt install chromium"):
        screenshot(tmp_path / "page.html", tmp_path / "page.png", width=600)


def test_a_chromium_that_fails_or_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it said last is the reason; one that says nothing is ended when the time is up."""
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho no display >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(CameraError, match="does not start: no display"):
        screenshot(tmp_path / "page.html", tmp_path / "page.png", width=600)
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(CameraError, match="took too long"):
        screenshot(tmp_path / "page.html", tmp_path / "page.png", width=600, timeout_s=0.2)
    assert not (tmp_path / "page.png").exists()
