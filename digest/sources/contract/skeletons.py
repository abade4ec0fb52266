"""A new source that works from the first minute: a package with parser, fetcher, test and a sample recording."""

from __future__ import annotations

import datetime as dt
from importlib import resources
from pathlib import Path
from string import Template

from digest.sources.base import FetchRequest
from digest.sources.contract.recording import Recorded, Tape
from digest.sources.contract.tapes import save

SAMPLES = {"json": ("sample.json", "application/json"), "xml": ("sample.xml", "application/xml"),
           "feed": ("sample.rss", "application/rss+xml")}  # fmt: skip
"""Kind of answer → its sample, and what a server calls it."""


def write(folder: Path, *, name: str, url: str, kind: str, now: dt.datetime) -> tuple[Path, ...]:
    """Write the package ``name`` into ``folder``; returns its files.

    Raises:
        FileExistsError: there is something of that name.
    """
    package = folder / name
    package.mkdir(parents=True)
    words = {
        "NAME": name,
        "URL": url,
        "LABEL": name.replace("_", " ").capitalize(),
        "CLASS": "".join(part.capitalize() for part in name.split("_")) + "Source",
    }
    source, test = package / "__init__.py", package / f"test_{name}.py"
    source.write_text(Template(_file(f"{kind}.py.txt")).substitute(words), encoding="utf-8")
    test.write_text(Template(_file("test.py.txt")).substitute(words), encoding="utf-8")
    sample, content_type = SAMPLES[kind]
    answer = Recorded(
        url=url, status=200, body=_file(sample).encode(), at=now, headers=(("content-type", content_type),)
    )
    save(Tape(source=name, answers=(answer,), request=FetchRequest(now=now)), package / "recordings")
    return source, test, package / "recordings"


def _file(name: str) -> str:
    return (resources.files("digest.sources.contract") / "skeleton" / name).read_text(encoding="utf-8")
