"""`digest doctor`: is this installation well, and what is to be done if not?"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.check import compile_templates
from digest.cli.common import FAILED, config_option, console

if TYPE_CHECKING:
    from digest.doctor.findings import Finding
    from digest.doctor.patient import Patient

MARKS = {"ok": ("✓", "green"), "hint": ("•", "yellow"), "problem": ("✗", "red"), "unknown": ("?", "cyan")}


@click.command()
@config_option
@click.option("--offline", is_flag=True, help="Ask nobody beyond this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(config: Path, offline: bool, as_json: bool) -> None:
    """Is this installation well? Configuration, database, disk, clock, sources, signals, mail account.

    Of a public service also DNS (SPF, DKIM, DMARC, PTR, MX), certificates, and one-click unsubscribing.

    ✓ well, • a hint, ✗ a problem, ? could not be looked at. Nothing is changed and nothing is sent. Exit code 1 with
    problems.
    """
    from digest.doctor.checks import diagnose
    from digest.doctor.examination import look

    patient = look(
        config,
        env=os.environ,
        clock=lambda: dt.datetime.now(dt.UTC),
        check_templates=compile_templates,
        offline=offline,
    )
    found = diagnose(patient)
    if as_json:
        click.echo(json.dumps(_json(patient, found), ensure_ascii=False, indent=1))
    else:
        _print(found)
    if any(finding.verdict == "problem" for finding in found):
        raise SystemExit(FAILED)


def _print(found: Sequence[Finding]) -> None:
    from rich.text import Text

    out = console()
    for finding in found:
        mark, style = MARKS[finding.verdict]
        line = Text.assemble((f"{mark} ", style), (f"{finding.about}: ", "bold"), finding.said)
        out.print(line, soft_wrap=True)
        if finding.advice:
            out.print(Text(f"  → {finding.advice}", style="dim"), soft_wrap=True)
    counts = Counter(str(finding.verdict) for finding in found)
    said = [f"{counts[name]} {words}" for name, words in _WORDS.items() if counts[name]]
    out.print(", ".join(said) + ".", soft_wrap=True)


_WORDS = {"ok": "well", "hint": "to think about", "problem": "to mend", "unknown": "not looked at"}


def _json(patient: Patient, found: Sequence[Finding]) -> dict[str, object]:
    return {
        "profile": str(patient.profile),
        "findings": [
            {"about": each.about, "verdict": str(each.verdict), "said": each.said, "advice": each.advice}
            for each in found
        ],
    }
