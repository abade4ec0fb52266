"""`digest sources test`: every promise of a source, tried on it, as a checklist."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import config_option, console

if TYPE_CHECKING:
    from digest.sources.contract import Finding, Tape

MARKS = {"kept": ("✓", "green"), "broken": ("✗", "bold red"), "not tried": ("–", "dim")}
WIDEST = 46
"""Columns of a promise's own words."""


@click.command()
@config_option
@click.argument("name", metavar="NAME|MODULE:CALLABLE")
@click.option("--recordings", type=click.Path(path_type=Path), help="Folder of recorded answers [default: its own].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a promise.")
def command(config: Path, name: str, recordings: Path | None, as_json: bool) -> None:
    """Try every promise of a source on it: its recorded answers, and a provider on its worst days.

    Nothing leaves this machine: all its requests are led to a loopback server, whatever they ask for.
    """
    from digest.cli.source_choice import chosen
    from digest.sources.contract import Subject, examine, load
    from digest.sources.contract.tapes import MANIFEST

    choice = chosen(config, name)
    folder = recordings or choice.recordings
    tape = load(folder) if recordings or (folder / MANIFEST).exists() else None
    findings = []
    if not as_json:
        click.echo(_heading(name, folder, tape))
    for finding in examine(Subject(make=choice.make, parsers=choice.parsers, tape=tape)):
        findings.append(finding)
        if as_json:
            told = {"promise": finding.promise.name, "outcome": str(finding.outcome), "words": finding.words}
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            _show(finding)
    counts = {outcome: sum(finding.outcome == outcome for finding in findings) for outcome in MARKS}
    if not as_json:
        click.echo(f"{counts['kept']} kept, {counts['broken']} broken, {counts['not tried']} not tried")
    sys.exit(1 if counts["broken"] else 0)


def _heading(name: str, folder: Path, tape: Tape | None) -> str:
    if tape is None:
        return f"{name}: nothing recorded in {folder}; `digest sources record {name}` brings what is not tried below"
    recorded = "1 recorded answer" if len(tape.answers) == 1 else f"{len(tape.answers)} recorded answers"
    return f"{name}: {recorded} of {tape.request.now:%d %b %Y}, {folder}"


def _show(finding: Finding) -> None:
    """One line a promise; what is wrong with a broken one stands on lines of its own."""
    from rich.text import Text

    mark, style = MARKS[finding.outcome]
    line = Text.assemble((mark, style), f" {finding.promise.says:{WIDEST}}")
    out = console()
    if finding.outcome == "broken":
        out.print(line)
        out.print(Text(f"    {finding.promise.name}: {finding.words}", style="red"), soft_wrap=True)
        return
    line.append(f" {finding.words}", style="dim")
    out.print(line, no_wrap=True, overflow="ellipsis")
