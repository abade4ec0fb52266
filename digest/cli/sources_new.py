"""`digest sources new`: a small working source beside the configuration."""

from __future__ import annotations

import re
from pathlib import Path

import click

from digest.cli.common import config_option


@click.command()
@config_option
@click.argument("name")
@click.option("--url", help="Where its papers are; can be written later.")
@click.option("--json", "kind", flag_value="json", default="json", help="It answers in JSON (the default).")
@click.option("--xml", "kind", flag_value="xml", help="It answers in XML of its own.")
@click.option("--feed", "kind", flag_value="feed", help="It is an RSS, Atom or JSON feed that needs mending.")
def command(config: Path, name: str, url: str | None, kind: str) -> None:
    """Write a small working source beside your config: parser, fetcher, test, and a sample recording."""
    from digest.composition import utc_now
    from digest.config import NAMED_SOURCES
    from digest.sources.contract import skeletons
    from digest.sources.entries import web_url
    from digest.sources.plugins import is_taken

    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise click.UsageError(f"{name!r}: a source is named like a Python module: small letters, digits, _")
    if name in NAMED_SOURCES or is_taken(name):
        raise click.UsageError(f"{name!r} is taken, by a source or by a module of Python's; take another name")
    url = url or f"https://api.{name.replace('_', '-')}.example/papers"
    if web_url(url) != url or "'" in url or "$" in url:
        raise click.UsageError(f"{url!r} is not a web address")
    folder = config.parent
    try:
        source, test, recordings = skeletons.write(folder, name=name, url=url, kind=kind, now=utc_now())
    except FileExistsError as error:
        raise click.UsageError(f"{folder / name} is there already") from error
    click.echo(f"{source}   parser and fetcher: the lines with ← are yours to change")
    click.echo(f"{test}   its test")
    click.echo(f"{recordings}   a sample answer, until you record a real one")
    click.echo("")
    click.echo("It works as it is. Next:")
    option = "" if config == Path("config.yaml") else f" -c {config}"
    click.echo(f"  digest sources record {name}{option}   what they really answer")
    click.echo(f"  digest sources test {name}{option}     after each change, until all is ✓")
    click.echo(f"  and in {config.name}:   sources: {{plugins: ['{name}:make']}}")
