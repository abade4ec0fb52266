"""Which source a command means: one of the configuration, or a module beside it that is not named there yet."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import load

if TYPE_CHECKING:
    from digest.sources.base import Parser, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A source: how to make it anew, its parsers, and where its recordings are unless somebody says otherwise."""

    make: Callable[[], Source]
    parsers: tuple[Parser, ...]
    recordings: Path


def chosen(config: Path, name: str) -> Choice:
    """The source of that name, or that ``module:callable`` makes.

    Raises:
        UsageError: there is none.
        SourceError: it is a plug-in, and broken.
    """
    from digest.sources.formats import formats_of, parser_of
    from digest.sources.plugins import load_plugin, module_file, plugin_parser
    from digest.sources.registry import build_sources

    folder = config.parent

    def plugged(spec: str) -> Choice:
        module = spec.partition(":")[0].partition(".")[0]
        file = module_file(module, folder)
        own = file.parent / "recordings" if file is not None and file.name == "__init__.py" else _place(folder, module)
        parser = plugin_parser(spec, beside=folder)
        load_plugin(spec, beside=folder)
        return Choice(
            make=lambda: load_plugin(spec, beside=folder),
            parsers=(parser,) if parser is not None else (),
            recordings=own,
        )

    if module_file(name, folder) is not None:
        return plugged(f"{name}:make")
    if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", name):
        return plugged(name)
    sources = load(config).sources
    for spec in sources.plugins:
        if load_plugin(spec, beside=folder).name == name:
            return plugged(spec)

    def built() -> list[Source]:
        return [source for source in build_sources(sources) if source.name == name]

    if not built():
        there = [source.name for source in build_sources(sources, plugins=sources.plugins, beside=folder)]
        raise click.UsageError(
            f"no source {name!r}: {config} has {', '.join(there) or 'none'}, and there is no {folder / name}"
        )
    return Choice(
        make=lambda: built()[0],
        parsers=tuple(parser_of(form) for form in formats_of(name)),
        recordings=_place(folder, name),
    )


def _place(folder: Path, name: str) -> Path:
    return folder / "recordings" / re.sub(r"[^\w.-]+", "-", name)
