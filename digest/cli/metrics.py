"""`digest metrics`: the figures once, as Prometheus reads them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from digest.cli.common import config_option, fail


@click.command()
@config_option
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write them there whole or not at all.")
def command(config: Path, out: Path | None) -> None:
    """What there is to measure, counted now: for node_exporter's textfile collector where no daemon runs.

    The daemon serves the same, and its own, at `metrics.listen`.
    """
    from digest.app import open_app
    from digest.daemon.metrics import textfile

    with open_app(config) as app:
        text = textfile(app.figures, now=app.clock())
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        _write_whole(out, text)
    except OSError as error:
        fail(f"{out}: {error.strerror}")


def _write_whole(out: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=out.absolute().parent, prefix=".", suffix=".tmp")
    made = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        made.chmod(0o644)
        made.replace(out)
    except OSError:
        made.unlink(missing_ok=True)
        raise
