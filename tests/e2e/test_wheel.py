"""The wheel away from the tree it was built from: everything that the program reads is inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.world import OFFLINE, ROOT, environment, run_digest

pytest.importorskip("hatchling", reason="builds the wheel")
pytestmark = pytest.mark.slow


def pip(*args: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input", *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_works_outside_the_tree(tmp_path: Path) -> None:
    """Built, unpacked and run from an unrelated folder: the demo, the example files, and a first configuration."""
    pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(tmp_path / "dist"), ".")
    (wheel,) = (tmp_path / "dist").glob("paper_digest-*.whl")
    installed = tmp_path / "installed"
    pip("install", "--no-deps", "--no-index", "--target", str(installed), str(wheel))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    env = environment(tmp_path / "network-attempts", {"PYTHONPATH": f"{OFFLINE}{os.pathsep}{installed}"})

    names = ("templates", "subscribers", "config.yaml")
    where = subprocess.run(
        [sys.executable, "-c", f"import digest.resources as r; print(r.__file__, *map(r.data_path, {names}))"],
        cwd=elsewhere,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(Path(place).is_relative_to(installed) for place in where.stdout.split()), where.stdout

    demo = run_digest("demo", "--dir", "out", cwd=elsewhere, env=env)
    assert demo.code == 0, demo
    assert len(list((elsewhere / "out" / "mails").glob("*.eml"))) == 3

    made = run_digest("init", "mine", "--email", "ada@uni.example", "--timezone", "UTC", cwd=elsewhere, env=env)
    assert made.code == 0, made
    checked = run_digest("check", "--config", "mine/config.yaml", cwd=elsewhere, env=env)
    assert checked.code == 0, checked
    assert not (tmp_path / "network-attempts").exists()

    shipped = {str(path.relative_to(installed)) for path in (installed / "digest" / "_data").rglob("*.yaml")}
    assert {f"digest/_data/subscribers/{path.name}" for path in (ROOT / "subscribers").glob("*.yaml")} <= shipped
