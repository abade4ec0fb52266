"""`digest --help`: every command in a group, and nothing heavy imported to say so."""

from __future__ import annotations

import subprocess
import sys

from click.testing import CliRunner

from digest.cli.main import GROUPS, cli

LISTS_MODULES = """
import sys
from digest.cli.main import cli
cli(["--help"], standalone_mode=False)
print(*sorted(name for name in sys.modules if name.startswith("digest")), file=sys.stderr)
print(*sorted({"rich", "sqlalchemy", "numpy", "jinja2", "lxml", "asyncio"} & set(sys.modules)), file=sys.stderr)
"""


def test_each_group_and_command_has_its_line() -> None:
    """A title for each group, one line for each command, and their texts below each other."""
    lines = CliRunner().invoke(cli, ["--help"], terminal_width=80).output.splitlines()
    places = set()
    for title, group in GROUPS.items():
        start = lines.index(f"{title}:") + 1
        for line, (name, (_, text)) in zip(lines[start:], group.items(), strict=False):
            assert line.split()[0] == name
            places.add(line.index(text[:20]))
    assert len(places) == 1


def test_help_imports_no_command() -> None:
    """`digest --help` loads neither a command's module nor a heavy library."""
    ended = subprocess.run([sys.executable, "-c", LISTS_MODULES], capture_output=True, text=True, check=True)
    ours, heavy = ended.stderr.split("\n")[:2]
    assert ours.split() == ["digest", "digest.cli", "digest.cli.main"]
    assert heavy == ""
