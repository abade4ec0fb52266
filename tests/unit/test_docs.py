"""The documentation says what the program does: every command, every option, every link."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from digest.cli.main import COMMANDS, GROUPS, cli

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    """docs/commands.md has a line for each command, with each of its options that is not shared."""
    text = (ROOT / "docs" / "commands.md").read_text()
    assert f"`digest {name}`" in text
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    section = re.split(r"\n- \*\*|\n## ", text.split(f"**`digest {name}`**", 1)[1], maxsplit=1)[0]
    options = [o for o in command.params if isinstance(o, click.Option) and o.name not in {"config", "limit"}]
    missing = [option.opts for option in options if not any(opt in section for opt in option.opts)]
    assert not missing, f"digest {name}: {missing}"
    assert command.help, f"digest {name} has no help"


def test_the_document_has_the_groups_of_the_help() -> None:
    """docs/commands.md lists the commands in the groups and the order that `digest --help` shows."""
    sections = (ROOT / "docs" / "commands.md").read_text().split("\n## ")[1:]
    documented = {section.split("\n")[0]: re.findall(r"(?m)^- \*\*`digest ([a-z-]+)", section) for section in sections}
    assert list(documented.items()) == [(title, list(group)) for title, group in GROUPS.items()]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    """No relative link or picture is dead."""
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"", path.read_text())
    local = [target for pair in targets for target in pair if target and not target.startswith(("http", "mailto:"))]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_commands_in_the_documents_exist() -> None:
    """Whatever is written as `digest something` is a command."""
    for path in DOCS:
        words = re.findall(r"`(?:\.venv/bin/)?digest ([a-z][a-z-]+)", path.read_text())
        assert {word for word in words if word not in COMMANDS} == set(), path.name
