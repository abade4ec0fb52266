"""What the commands share: the option that names the configuration, the console, and how a command gives up."""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from rich.console import Console

    from digest.config import Config
    from digest.settings.operating import LogConfig

FAILED = 1
"""Something failed, and the command said what."""
MISUSED = 2
"""Wrong usage or configuration."""

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    envvar="DIGEST_CONFIG",
    help="The configuration file.",
)


def _given_here_or_before(context: click.Context, parameter: click.Parameter, given: Path | None) -> Path:
    before = context.obj
    assert isinstance(before, Path)
    return given or before


own_config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    callback=_given_here_or_before,
    help="The configuration file.",
)
"""Of a subcommand: `digest queue retry -c FILE 1` says the same as `digest queue -c FILE retry 1`."""


def console(*, stderr: bool = False) -> Console:
    """A rich console: colours and tables on a terminal, plain lines in a pipe or a log."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """End the command with a message on stderr."""
    click.echo(f"digest: {message}", err=True)
    raise SystemExit(code)


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: for work that is short, and allocates a great deal that it keeps."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def end_politely() -> None:
    """Let SIGTERM end the command as Ctrl-C does: what is being sent is finished, the rest goes back to the queue.

    A shell's background job is started with SIGINT ignored (POSIX, 2.11): then SIGTERM would do nothing either.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))


def load(config_path: Path) -> Config:
    """The configuration; ends the command with all problems, one a line, if it is not usable."""
    from digest.config import load_config
    from digest.errors import ConfigError

    try:
        return load_config(config_path, env=os.environ)
    except ConfigError as error:
        click.echo(str(error), err=True)
        raise SystemExit(MISUSED) from error


def log_to_stderr(how: LogConfig | None = None, *, verbose: bool = False) -> None:
    """The log of what runs for long, as the configuration wants it; ``verbose`` is the louder of the two."""
    from digest import logs
    from digest.settings.operating import LogConfig

    how = how or LogConfig()
    level = logging.DEBUG if verbose else logging.getLevelNamesMapping()[how.level.upper()]
    # Under systemd the journal stamps the time itself.
    logs.log_to_stderr(how.format, level, addresses=how.addresses, timestamp="JOURNAL_STREAM" not in os.environ)
