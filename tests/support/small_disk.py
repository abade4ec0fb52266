"""A disk of a few megabytes that a test can fill."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, megabytes: int = 6) -> Iterator[Path | None]:
    """A file system of its own at the folder; None without the right to mount one."""
    mount = shutil.which("mount")
    folder.mkdir()
    size = f"size={megabytes}m"
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", size, "tmpfs", folder], check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class Ballast:
    """Takes up the room that is left."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "ballast"

    def fill(self, *, leave: int = 0) -> None:
        """All but ``leave`` octets."""
        with self._file.open("wb") as file:
            file.write(bytes(max(0, shutil.disk_usage(self._file.parent).free - leave)))

    def drop(self) -> None:
        self._file.unlink()
