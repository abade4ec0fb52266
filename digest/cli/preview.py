"""`digest preview READER`: any reader's mail for any day; sends nothing, changes nothing."""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import config_option, console

if TYPE_CHECKING:
    from digest.pipeline.preview import Preview


class Date(click.ParamType[dt.date]):
    """A calendar day as YYYY-MM-DD, or the words today and yesterday."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        if isinstance(value, dt.date):
            return value
        words = {"today": 0, "yesterday": 1}
        if str(value) in words:
            return dt.datetime.now().astimezone().date() - dt.timedelta(days=words[str(value)])
        try:
            return dt.date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a day; write it as 2026-11-22, today or yesterday", param, ctx)


DATE = Date()

SUFFIXES = {".html": "html", ".htm": "html", ".eml": "eml", ".json": "json", ".txt": "text"}
"""What ``-o`` writes when no format is given."""


@click.command()
@config_option
@click.argument("reader")
@click.option("--date", type=DATE, help="That day's mail: replayed if it was sent, else reconstructed.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["term", "text", "html", "eml", "json"]),
    help="Default: term on a terminal, text in a pipe.",
)
@click.option("--open", "open_it", is_flag=True, help="Open the HTML in a browser.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def command(
    config: Path, reader: str, date: dt.date | None, form: str | None, open_it: bool, output: Path | None
) -> None:
    """READER's mail, now or for a day. Sends nothing, changes nothing."""
    from digest.app import open_app

    with open_app(config) as app:
        shown = app.preview(reader, date=date)
    form = form or SUFFIXES.get(output.suffix if output else "") or ("html" if open_it else None)
    form = form or ("term" if sys.stdout.isatty() and output is None else "text")
    click.echo(f"{shown.subscriber.id}, {shown.edition:%a %d %b %Y}: {shown.words}", err=True)
    if form == "term":
        _term(shown)
        return
    body = _body(shown, form)
    if output is None and open_it:
        with tempfile.NamedTemporaryFile(prefix="digest-", suffix=f".{form}", delete=False) as file:
            output = Path(file.name)
    if output is None:
        sys.stdout.buffer.write(body)
        return
    output.write_bytes(body)
    click.echo(f"written to {output}", err=True)
    if open_it:
        click.launch(str(output))


def _body(shown: Preview, form: str) -> bytes:
    from digest.editions.recipe import part_html, part_text

    match form:
        case "eml":
            return shown.message()
        case "html":
            return part_html(shown.recipe, shown.fragments).encode()
        case "text":
            return part_text(shown.recipe, shown.fragments).encode()
        case _:
            return json.dumps(_json(shown), ensure_ascii=False, indent=1).encode() + b"\n"


def _json(shown: Preview) -> dict[str, object]:
    from digest.editions.recipe import part_text

    selection = shown.selection
    result: dict[str, object] = {
        "reader": shown.subscriber.id,
        "edition": shown.edition.isoformat(),
        "replayed": shown.replayed,
        "what": shown.words,
        "subject": shown.recipe.subject,
        "message_id": shown.recipe.message_id,
        "text": part_text(shown.recipe, shown.fragments),
    }
    if selection is not None:
        result["considered"] = selection.considered
        result["picks"] = [
            {
                "paper": shown.papers[pick.paper_id].label,
                "title": shown.papers[pick.paper_id].title,
                "url": shown.papers[pick.paper_id].url,
                "section": str(pick.section),
                "lane": pick.lane,
                "score": pick.score,
                "parts": [{"kind": str(p.kind), "value": p.value, "note": p.note} for p in pick.parts],
                "reason": pick.reason,
            }
            for pick in selection.picks
        ]
        result["quiet_reason"] = selection.quiet_reason
    return result


def _term(shown: Preview) -> None:
    """The text twin with a little colour: headings stand out, addresses recede."""
    from rich.text import Text

    from digest.editions.recipe import part_text

    out = console()
    out.print(Text(shown.recipe.subject, style="bold"))
    for line in part_text(shown.recipe, shown.fragments).splitlines():
        text = Text(line)
        if line and line == line.upper() and any(c.isalpha() for c in line):
            text.stylize("bold cyan")
        elif line.strip().startswith("Why:"):
            text.stylize("green")
        text.highlight_regex(r"https?://\S+", "dim")
        out.print(text, soft_wrap=True)
