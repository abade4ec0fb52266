"""What the commands print, on a narrow terminal."""

from __future__ import annotations

import datetime as dt
import io

from rich.console import Console

from digest.cli.reporting import sources_table
from digest.model import SourceReport, SourceStatus

NOW = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
ERROR = "Hugging Face could not be reached: no network, or the name does not resolve (8 days, 16 to 23 Nov)"


def test_an_error_has_the_whole_width_below_its_table() -> None:
    """At 60 columns each source keeps its one line with its whole name, and the error is whole text below."""
    reports = [
        SourceReport(source="arxiv", started_at=NOW, finished_at=NOW, status=SourceStatus.OK, announced=312, read=312),
        SourceReport(source="huggingface", started_at=NOW, finished_at=NOW, status=SourceStatus.FAILED, error=ERROR),
    ]
    written = io.StringIO()
    Console(file=written, width=60).print(sources_table(reports))
    title, header, arxiv, hugging_face, *below = written.getvalue().splitlines()
    assert (title.split(), header.split()[0]) == (["Sources"], "source")
    assert arxiv.split() == ["arxiv", "ok", "312", "312", "0", "0", "0"]
    assert hugging_face.split() == ["huggingface", "failed", "·", "0", "0", "0", "0"]
    assert " ".join(" ".join(below).split()) == f"huggingface: {ERROR}"
