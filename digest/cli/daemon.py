"""`digest daemon`: the same work as `digest run`, on a schedule, until a signal says stop."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import config_option, log_to_stderr

if TYPE_CHECKING:
    from digest.app import App

log = logging.getLogger(__name__)


@click.command()
@config_option
@click.option("-v", "--verbose", is_flag=True, help="Log passes in which nothing happened, too.")
def command(config: Path, verbose: bool) -> None:
    """Read the sources and send what is due, every reader at their own local time, until stopped.

    SIGTERM or Ctrl-C: mails in flight finish, then it stops; a second one stops at once. SIGHUP: read the configuration
    again. Reader files are read again whenever they change. For a single pass there is `digest run`.
    """
    from digest.daemon import run

    log_to_stderr(verbose=verbose)  # until the configuration says how

    @contextmanager
    def open_work() -> Iterator[App]:
        from digest.app import open_app

        with open_app(config) as app:
            log_to_stderr(app.config.log, verbose=verbose)
            if app.trial:
                log.warning(
                    "TRIAL: mail.transport is `files`. Mails are written to %s/, nobody receives them, and none of them"
                    " counts as sent. For real mail: transport: smtp",
                    app.config.mail.files_dir,
                )
            yield app

    sys.exit(run(open_work))
