"""`digest preview --all`: a page of every reader's mail and an index beside them, in one folder."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import fail
from digest.cli.reporting import bar

if TYPE_CHECKING:
    from digest.app import App

INDEX = "index.html"


def write_all(app: App, folder: Path, *, date: dt.date | None, open_it: bool) -> None:
    """Readers whose mail can't be made are told, in the index too, and in the exit code."""
    from digest.errors import DigestError
    from digest.reports.previews import Shown, index

    readers = app.readers()
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    with bar("Drawing") as progress:
        for done, (reader, shown) in enumerate(app.previewer().everyone(readers, date), start=1):
            if isinstance(shown, DigestError):
                line = Shown(reader=reader.id, name=reader.name, email=reader.email, problem=str(shown))
            else:
                page = f"{reader.id}.html"
                if page == INDEX:
                    page = "reader-index.html"
                (folder / page).write_text(shown.html(), "utf-8")
                line = Shown(
                    reader=reader.id,
                    name=reader.name,
                    email=reader.email,
                    edition=shown.edition,
                    subject=shown.recipe.subject,
                    words=shown.words,
                    page=page,
                )
            lines.append(line)
            progress(done, len(readers))
    lines.sort(key=lambda line: line.reader)
    (folder / INDEX).write_text(index(app.config.site.name, lines, made_at=app.clock()), "utf-8")
    drawn = sum(not line.problem for line in lines)
    click.echo(f"{drawn} of {len(lines)} mails written to {folder / INDEX}", err=True)
    if open_it:
        click.launch(str(folder / INDEX))
    if drawn < len(lines):
        fail("; ".join(f"{line.reader}: {line.problem}" for line in lines if line.problem))
