"""`digest preview [READER]`: any reader's mail for any day; sends nothing, changes nothing."""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import MISUSED, config_option, console, uncollected

if TYPE_CHECKING:
    from digest.app import App
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

SUFFIXES = {".html": "html", ".htm": "html", ".eml": "eml", ".json": "json", ".txt": "text", ".png": "png"}
"""What ``-o`` writes when no format is given."""

WIDTH = 640
"""Of a picture, in CSS pixels, unless told: the mail's own width."""


@click.command()
@config_option
@click.argument("reader", required=False)
@click.option("--date", type=DATE, help="That day's mail: replayed if it was sent, else reconstructed.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["term", "text", "html", "eml", "json", "png"]),
    help="Default: term on a terminal, text in a pipe. png needs Chromium.",
)
@click.option("--width", type=click.IntRange(200, 4000), help="As in a window so many pixels wide (png, --open).")
@click.option("--dark", is_flag=True, help="As in a dark mail program (png, --open).")
@click.option("--open", "open_it", is_flag=True, help="Open it in a browser.")
@click.option("--all", "everyone", is_flag=True, help="A page for every reader, and an index, into the folder -o.")
@click.option("--diff", "days", type=DATE, nargs=2, metavar="D1 D2", help="What changed between two days' mails.")
@click.option("--json", "as_json", is_flag=True, help="With --diff: print one JSON object.")
@click.option("--watch", is_flag=True, help="Serve it to a browser here, and reload when a template or file changes.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="With --watch: this port, not a free one.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file, or folder with --all.")
def command(
    *,
    config: Path,
    reader: str | None,
    date: dt.date | None,
    form: str | None,
    width: int | None,
    dark: bool,
    open_it: bool,
    everyone: bool,
    days: tuple[dt.date, dt.date] | None,
    as_json: bool,
    watch: bool,
    port: int,
    output: Path | None,
) -> None:
    """READER's mail, now or for a day; without READER, who there is. Sends nothing, changes nothing."""
    from digest.app import open_app

    if sum((everyone, days is not None, watch)) > 1:
        raise click.UsageError("--all, --diff and --watch are different things; take one")
    if everyone and (reader or form not in (None, "html")):
        raise click.UsageError("--all writes the HTML of every reader's mail; leave out READER and --format")
    form = form or SUFFIXES.get(output.suffix if output else "") or ("html" if open_it else None)
    form = form or ("term" if sys.stdout.isatty() and output is None else "text")
    if (width or dark) and not (form == "png" or open_it or watch):
        raise click.UsageError("--width and --dark go with --format png, --open or --watch")
    with open_app(config) as app:
        if everyone:
            from digest.cli.preview_all import write_all

            write_all(app, output or Path("previews"), date=date, open_it=open_it)
            return
        reader = reader or _chosen(app)
        if days is not None:
            from digest.cli.preview_diff import print_difference

            print_difference(app, reader, *days, as_json=as_json)
            return
        if not watch:
            with uncollected():
                shown = app.preview(reader, date=date)
    if watch:
        from digest.cli.preview_watch import watch_mail

        watch_mail(config, reader, date=date, port=port, width=width, dark=dark, open_it=open_it)
        return
    click.echo(f"{shown.subscriber.id}, {shown.edition:%a %d %b %Y}: {shown.words}", err=True)
    if form == "term":
        from digest.cli.preview_term import print_mail

        print_mail(console(), shown)
        return
    _write(shown, form, output, width=width, dark=dark, open_it=open_it)


def _chosen(app: App) -> str:
    """The reader to show: asked for on a terminal. Otherwise the list is all there is to say."""
    readers = app.readers()
    if not readers:
        click.echo("digest: no readers yet: digest init, or a file in subscribers/ (docs/configuration.md)", err=True)
        raise SystemExit(MISUSED)
    asked = sys.stdin.isatty() and sys.stderr.isatty()
    click.echo("Whose mail?" if asked else "Whose mail? digest preview READER, one of:", err=True)
    width = max(len(one.id) for one in readers)
    for number, one in enumerate(readers, start=1):
        lanes = ", ".join(lane.name for lane in one.lanes) or "what is trending"
        mark = f"{number:>3}  " if asked else "  "
        click.echo(f"{mark}{one.id:<{width}}  {one.email}  ({lanes})", err=True)
    if not asked:
        raise SystemExit(MISUSED)
    number = click.prompt("Number", type=click.IntRange(1, len(readers)), default=1, err=True)
    return readers[number - 1].id


def _write(shown: Preview, form: str, output: Path | None, *, width: int | None, dark: bool, open_it: bool) -> None:
    """To the file, to a new one that is opened, or to standard output."""
    if output is None and open_it:
        with tempfile.NamedTemporaryFile(prefix="digest-", suffix=f".{form}", delete=False) as file:
            output = Path(file.name)
    body = _png(shown, width or WIDTH, dark=dark) if form == "png" else _body(shown, form)
    if form == "html" and open_it and (width or dark):
        from digest.reports.previews import framed

        body = framed(body.decode(), shown.recipe.subject, width=width, dark=dark).encode()
    if output is None:
        if form == "png" and sys.stdout.isatty():
            raise click.UsageError("a picture is nothing for a terminal; write it to a file: -o mail.png")
        sys.stdout.buffer.write(body)
        return
    output.write_bytes(body)
    click.echo(f"written to {output}", err=True)
    if open_it:
        click.launch(str(output))


def _png(shown: Preview, width: int, *, dark: bool) -> bytes:
    from digest.camera import screenshot

    with tempfile.TemporaryDirectory(prefix="digest-") as folder:
        page, picture = Path(folder, "mail.html"), Path(folder, "mail.png")
        page.write_text(shown.html(), "utf-8")
        screenshot(page, picture, width=width, dark=dark)
        return picture.read_bytes()


def _body(shown: Preview, form: str) -> bytes:
    match form:
        case "eml":
            return shown.message()
        case "html":
            return shown.html().encode()
        case "text":
            return shown.text().encode()
        case _:
            return json.dumps(_json(shown), ensure_ascii=False, indent=1).encode() + b"\n"


def _json(shown: Preview) -> dict[str, object]:
    selection = shown.selection
    result: dict[str, object] = {
        "reader": shown.subscriber.id,
        "edition": shown.edition.isoformat(),
        "replayed": shown.replayed,
        "what": shown.words,
        "subject": shown.recipe.subject,
        "message_id": shown.recipe.message_id,
        "text": shown.text(),
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
