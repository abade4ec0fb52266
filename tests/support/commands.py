"""Small commands that stand in for sendmail and for helpers that print tokens."""

from __future__ import annotations

import sys
from pathlib import Path

TAKE = """
import os, sys, tempfile
folder = sys.argv[-2]
handle, name = tempfile.mkstemp(dir=folder, prefix=f"{len(os.listdir(folder)):03}-")
os.write(handle, sys.stdin.buffer.read())
"""
"""Keeps what it reads in the folder that its last argument but one names."""


def stub(folder: Path, script: str) -> tuple[str, ...]:
    """A command that runs this Python, and what it begins with."""
    path = folder / "stub.py"
    path.write_text(script)
    return sys.executable, "-IS", str(path)
