"""`digest templates`: which there are and which are yours, whether they work, how they look, where to begin."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import FAILED, config_option, console, fail, load
from digest.languages import known, tags

if TYPE_CHECKING:
    from digest.config import Config


@click.group()
def command() -> None:
    """The mails' templates. A file of the same name in your own folder (`templates:` in the config) replaces one."""


@command.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file.")
def list_templates(config: Path, as_json: bool) -> None:
    """Which templates there are, and which of them are yours."""
    from rich.table import Table
    from rich.text import Text

    from digest.editions.parts import MAILS, MEANINGS, PARTS, part_of
    from digest.editions.trial import in_use
    from digest.resources import data_path

    rows = list(in_use(data_path("templates"), load(config).templates))
    if as_json:
        for name, own in rows:
            words = sorted(PARTS[part_of(name)])
            click.echo(json.dumps({"name": name, "own": str(own) if own else None, "words": words}))
        return
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for title in ("part", "what it is", "files, yours in green"):
        table.add_column(title)
    for part in PARTS:
        files = Text(" ").join(
            Text(name.removeprefix(f"mail/{part}."), style="green" if own else "dim")
            for name, own in rows
            if part_of(name) == part
        )
        table.add_row(Text(part, style="bold" if part in MAILS else ""), MEANINGS[part], files)
    out = console()
    out.print(table)
    for name, own in rows:
        if own:
            out.print(Text.assemble(("yours: ", "green"), f"{name} ← {own}"), soft_wrap=True)


@command.command("check")
@config_option
def check(config: Path) -> None:
    """Compile every template, yours each by itself, and draw all mails with calm and with hostile papers.

    Exit code 1 with problems, each as file:line: what is wrong.
    """
    from digest.editions.trial import try_templates
    from digest.resources import data_path

    used = load(config)
    problems = list(try_templates(data_path("templates"), used.templates, used.site.brand.palette))
    for problem in problems:
        click.echo(f"✗ {problem}")
    if problems:
        sys.exit(FAILED)
    click.echo("All templates work.")


@command.command("new")
@config_option
@click.argument("name")
def new(config: Path, name: str) -> None:
    """Copy the built-in template NAME (card, daily.subject.j2, …) into your folder, with the words it is given."""
    from digest.editions.parts import PARTS
    from digest.editions.trial import copies
    from digest.resources import data_path

    folder = load(config).templates
    if folder is None:
        fail("the config has no folder for templates; set `templates: templates`")
    try:
        files = list(copies(data_path("templates"), name))
    except KeyError:
        raise click.UsageError(f"no template {name!r}; there are: {', '.join(PARTS)}") from None
    if taken := [file for file, _ in files if (folder / file).exists()]:
        fail(f"{folder / taken[0]} is there already; move it away to begin anew")
    for file, text in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        click.echo(f"{path}")
    click.echo("Change what you like and delete what you leave; then: digest templates check", err=True)


@command.command("show")
@config_option
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "html", "subject", "eml"]),
    help="Default: text; html with --open, or as -o ends.",
)
@click.option("--compact", is_flag=True, help="An edition in the compact layout.")
@click.option("--language", default="en", show_default=True, help="The mail's language: en, de, fr, …")
@click.option("--hostile", is_flag=True, help="With the worst that feeds might say.")
@click.option("--open", "open_it", is_flag=True, help="Open the HTML in a browser.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def show(
    config: Path, name: str, form: str | None, compact: bool, language: str, hostile: bool, open_it: bool,
    output: Path | None,
) -> None:  # fmt: skip
    """The mail NAME (daily, weekly, welcome, confirm, link, goodbye, report) with made-up content; sends nothing."""
    suffix = output.suffix.removeprefix(".") if output else ""
    form = form or (suffix if suffix in {"html", "eml"} else "html" if open_it else "text")
    if known(language) is None:
        raise click.UsageError(f"no language {language!r}; there are: {', '.join(tags())}")
    body = _drawn(load(config), name, form, language, compact=compact, hostile=hostile)
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


def _drawn(config: Config, name: str, form: str, language: str, *, compact: bool, hostile: bool) -> bytes:
    from digest.composition import utc_now
    from digest.editions import samples
    from digest.editions.message import Composer
    from digest.editions.parts import MAILS
    from digest.editions.recipe import assemble, part_html, part_text
    from digest.editions.templates import Templates
    from digest.pipeline.desk import site_info
    from digest.resources import data_path

    if name not in MAILS:
        raise click.UsageError(f"no mail {name!r}; there are: {', '.join(MAILS)}")
    site = site_info(config)
    templates = Templates.load(data_path("templates"), config.templates, palette=config.site.brand.palette)
    make = samples.compose_hostile if hostile else samples.compose
    drawn = make(Composer(templates, site), name, site, utc_now(), compact=compact, language=language)
    match form:
        case "eml":
            return assemble(drawn.recipe, drawn.fragments)
        case "html":
            return part_html(drawn.recipe, drawn.fragments).encode()
        case "subject":
            return f"{drawn.recipe.subject}\n".encode()
        case _:
            return part_text(drawn.recipe, drawn.fragments).encode()
