"""`digest why READER PAPER`: the parts of the score, the decisions, and what would have let the paper in."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click

from digest.cli.common import config_option, console
from digest.cli.preview import DATE
from digest.model import Paper, Subscriber, Verdict


@click.command()
@config_option
@click.argument("reader")
@click.argument("paper")
@click.option("--date", type=DATE, help="As of that day's mail (YYYY-MM-DD) instead of now.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(config: Path, reader: str, paper: str, date: dt.date | None, as_json: bool) -> None:
    """Why PAPER (an arXiv id, DOI, or words of its title) is, or is not, in READER's mail."""
    from digest.app import open_app

    with open_app(config) as app:
        found, subscriber, verdict = app.why(reader, paper, date=date)
    if as_json:
        click.echo(json.dumps(_json(found, subscriber, verdict), ensure_ascii=False))
    else:
        _print(found, subscriber, verdict)


def _print(paper: Paper, subscriber: Subscriber, verdict: Verdict) -> None:
    from rich.markup import escape
    from rich.table import Table

    out = console()
    out.print(f"[bold]{escape(paper.title)}[/]  [dim]{escape(paper.label)}[/]")
    mail = f"{subscriber.id}'s mail" + (f" of {verdict.edition:%d %b %Y}" if verdict.edition else "")
    place = f"number {verdict.position} in {mail}" if verdict.position else f"not in {mail}"
    out.print(place, style="green" if verdict.position else "yellow")
    if verdict.pick:
        if verdict.position:
            out.print(f"Why: {escape(verdict.pick.reason)}")
        table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
        table.add_column("part")
        table.add_column("value", justify="right")
        table.add_column("because")
        for part in verdict.pick.parts:
            table.add_row(str(part.kind), f"{part.value:+.2f}", escape(part.note))
        table.add_row("[bold]score[/]", f"[bold]{verdict.pick.score:+.2f}[/]", "")
        out.print(table)
    if verdict.lanes:
        lanes = sorted(verdict.lanes.items(), key=lambda item: -item[1])
        out.print("Lanes: " + ", ".join(f"{escape(name)} {value:+.2f}" for name, value in lanes), style="dim")
    for decision in verdict.decisions:
        out.print(f"• {decision.kind}" + (f": {escape(decision.detail)}" if decision.detail else ""))
        if decision.remedy:
            out.print(f"  would have let it in: {escape(decision.remedy)}", style="dim")


def _json(paper: Paper, subscriber: Subscriber, verdict: Verdict) -> dict[str, object]:
    pick = verdict.pick
    return {
        "reader": subscriber.id,
        "paper": paper.label,
        "title": paper.title,
        "position": verdict.position,
        "edition": verdict.edition and verdict.edition.isoformat(),
        "score": pick.score if pick else None,
        "reason": pick.reason if pick else None,
        "lane": pick.lane if pick else None,
        "parts": [{"kind": str(p.kind), "value": p.value, "note": p.note} for p in pick.parts] if pick else [],
        "lanes": dict(verdict.lanes),
        "decisions": [{"kind": str(d.kind), "detail": d.detail, "remedy": d.remedy} for d in verdict.decisions],
    }
