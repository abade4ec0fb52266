"""`digest feedback`: what readers said of their picks, where it came from, how much it still counts, and undoing it."""

from __future__ import annotations

import json
import mailbox
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import FAILED, config_option, console, own_config_option
from digest.feedback import Feedback, Origin, Verb

if TYPE_CHECKING:
    from digest.app import App

MOST_MAILS = 10_000
"""Taken in at a time."""


@click.group()
@config_option
@click.pass_context
def command(context: click.Context, config: Path) -> None:
    """What readers said of their picks: more, less, save, mutes. It fades, and any piece of it can be undone."""
    context.obj = config


@command.command("list", short_help="What a reader said, with its numbers.")
@own_config_option
@click.argument("reader")
@click.option("--all", "everything", is_flag=True, help="Also what was undone, and what no longer counts.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_command(config: Path, reader: str, everything: bool, as_json: bool) -> None:
    """READER's feedback, the newest first, with its numbers for `digest feedback undo`."""
    from digest.app import open_app

    with open_app(config) as app:
        reader_id = app.subscriber(reader).id
        now = app.clock()
        said = app.rooms.feedback.history(reader_id)
        if not everything:
            said = [one for one in said if one.undone_at is None and one.weight(now) > 0]
        about = _about(app, said)
    if as_json:
        for one in said:
            click.echo(json.dumps(_json(one, about[one.id], one.weight(now)), ensure_ascii=False))
        return
    if not said:
        click.echo(f"{reader_id} has said nothing that counts")
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("no", justify="right")
    table.add_column("when")
    table.add_column("what", no_wrap=True)
    table.add_column("of")
    table.add_column("counts", justify="right")
    for one in said:
        counts = "undone" if one.undone_at else f"{one.weight(now):.0%}"
        table.add_row(str(one.id), f"{one.given_at:%d %b %Y}", str(one.verb), escape(about[one.id]), counts)
    console().print(table)


@command.command("give", short_help="Note more, less, save or a mute for a reader.")
@own_config_option
@click.argument("reader")
@click.argument("verb", type=click.Choice([str(verb) for verb in Verb]))
@click.argument("of")
def give_command(config: Path, reader: str, verb: str, of: str) -> None:
    """Note READER's VERB about OF: a paper (an id, or words of its title); with a mute, the author or word."""
    from digest.app import open_app
    from digest.pipeline.lookup import find_paper

    if not of.strip():
        raise click.UsageError(f"{verb} what? OF is empty")

    with open_app(config) as app:
        app.reread()
        reader_id = app.subscriber(reader).id
        chosen = Verb(verb)
        paper = find_paper(app.rooms, of) if chosen.is_about_paper else None
        said = app.rooms.feedback.give(
            reader_id,
            Feedback(
                verb=chosen,
                paper_id=paper.id if paper else None,
                subject="" if paper else " ".join(of.split()),
                lane=app.lane_of(reader_id, paper.id) if paper else None,
                origin=Origin.COMMAND,
                given_at=app.clock(),
            ),
        )
        click.echo(f"noted for {reader_id}: {said.verb} {_about(app, [said])[said.id]} (number {said.id})")


@command.command("undo", short_help="Take back one piece, by its number.")
@own_config_option
@click.argument("reader")
@click.argument("number", type=int)
def undo_command(config: Path, reader: str, number: int) -> None:
    """Take back the piece of READER's feedback with this NUMBER."""
    from digest.app import open_app

    with open_app(config) as app:
        reader_id = app.subscriber(reader).id
        now = app.clock()
        said = app.rooms.feedback.undo(reader_id, number, now=now)
        done = "undone" if said.undone_at is None or said.undone_at >= now else f"undone on {said.undone_at:%d %b %Y}"
        click.echo(f"{done} for {reader_id}: {said.verb} {_about(app, [said])[said.id]}")


@command.command("take", short_help="Take in readers' answers by mail.")
@own_config_option
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a mail.")
def take_command(config: Path, paths: tuple[Path, ...], as_json: bool) -> None:
    """Take in readers' answers: mail files, Maildir folders, or one mail from standard input (-, the default)."""
    from digest.app import open_app

    refused = 0
    with open_app(config) as app:
        for name, data in _mails(paths or (Path("-"),)):
            taken = app.take_answer(data)
            refused += bool(taken.refused)
            about = _about(app, taken.noted)
            if as_json:
                noted = [{"verb": str(one.verb), "of": about[one.id], "number": one.id} for one in taken.noted]
                told = {"file": name, "reader": taken.reader, "noted": noted, "refused": taken.refused or None}
                click.echo(json.dumps(told, ensure_ascii=False))
                continue
            for one in taken.noted:
                click.echo(f"{name}: noted for {taken.reader}: {one.verb} {about[one.id]} (number {one.id})")
            if taken.refused:
                click.echo(f"{name}: refused: {taken.refused}", err=True)
    if refused:
        sys.exit(FAILED)


def _mails(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every mail in the files and Maildirs."""
    from digest.answers import MOST_BYTES

    for path in paths:
        if str(path) == "-":
            yield "standard input", sys.stdin.buffer.read(MOST_BYTES + 1)
        elif path.is_dir():
            if not (path / "new").is_dir() and not (path / "cur").is_dir():
                raise click.UsageError(f"{path} is a folder, but no Maildir: it has neither new nor cur")
            box = mailbox.Maildir(path, factory=None, create=False)
            for key in sorted(box.keys())[:MOST_MAILS]:
                yield f"{path.name}/{key}", box.get_bytes(key)
        else:
            with path.open("rb") as file:
                yield str(path), file.read(MOST_BYTES + 1)


def _about(app: App, said: Iterable[Feedback]) -> dict[int, str]:
    """By the piece's number, what it is about in words."""
    said = list(said)
    papers = app.rooms.papers.get({one.paper_id for one in said if one.paper_id is not None})
    return {
        one.id: one.subject or (papers[one.paper_id].title if one.paper_id in papers else "a paper that is gone")
        for one in said
    }


def _json(said: Feedback, about: str, weight: float) -> dict[str, object]:
    return {
        "number": said.id,
        "verb": str(said.verb),
        "of": about,
        "lane": said.lane,
        "origin": str(said.origin),
        "given_at": said.given_at.isoformat(),
        "undone_at": said.undone_at.isoformat() if said.undone_at else None,
        "weight": round(weight, 3),
    }
