"""The command `digest`: names and one-line helps here, everything heavy inside the commands' own modules."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import cast

import click

from digest import __version__

# command: (module in digest.cli, one-line help). Kept here so that `digest --help` imports no command.
COMMANDS: Mapping[str, tuple[str, str]] = {}


class LazyGroup(click.Group):
    """Imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"digest.cli.{COMMANDS[cmd_name][0]}")
        return cast("click.Command", module.command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="digest")
def cli() -> None:
    """The research papers that are trending for you, once a day, in one good e-mail."""


def main() -> None:
    cli()
