"""Sources (and signals) from outside the program: ``module:callable``, installed or lying beside ``config.yaml``.

Beside the configuration a module is found by its file (``acme.py`` or ``acme/__init__.py`` for ``acme:make``) and by
nothing else: the folder is not put on Python's path, so no other file in it can take the place of a module that the
program imports. It is trusted as the configuration itself is: who can write there can already say what runs.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from digest.errors import SourceError
from digest.sources.base import Parser, Source

MAX_NAME = 64
"""Characters in a source's name: the width of its column in the store."""


def load_plugin(spec: str, *, beside: Path | None = None) -> Source:
    """The source that ``module:callable`` makes.

    Args:
        beside: the folder of the configuration, where modules may lie.

    Raises:
        SourceError: there is no such thing, it breaks, or what it makes is no source.
    """
    source: Source = made_by(spec, "source", beside=beside)
    if not isinstance(getattr(source, "name", None), str) or not callable(getattr(source, "fetch", None)):
        raise SourceError(spec, f"source {spec!r} makes a {type(source).__name__}, which has no name and fetch")
    if not 0 < len(source.name) <= MAX_NAME:
        raise SourceError(spec, f"source {spec!r}: its name must have 1 to {MAX_NAME} characters")
    return source


def made_by(spec: str, kind: str, *, beside: Path | None = None) -> Any:
    """What the callable of ``module:callable`` returns; ``kind`` is what it should be, for the error.

    Raises:
        SourceError: there is no such callable, or it breaks.
    """
    module_name, _, attribute = spec.partition(":")
    if not module_name or not attribute:
        raise SourceError(spec, f"{kind} {spec!r}: write module:callable")
    make: object = getattr(plugin_module(spec, kind, beside=beside), attribute, None)
    if make is None:
        raise SourceError(spec, f"{kind} {spec!r}: {module_name} has no {attribute}; write module:callable")
    if not callable(make):
        raise SourceError(spec, f"{kind} {spec!r} is not callable")
    try:
        return make()
    except Exception as error:  # a stranger's code: whatever it raises is told with its name
        raise SourceError(spec, f"{kind} {spec!r}: {type(error).__name__}: {error}") from error


def plugin_module(spec: str, kind: str = "source", *, beside: Path | None = None) -> ModuleType:
    """The module that a spec names.

    Raises:
        SourceError: there is none, or it cannot be imported.
    """
    module_name = spec.partition(":")[0]
    top = module_name.partition(".")[0]
    try:
        if beside is not None and (file := module_file(top, beside)) is not None:
            _load(spec, top, file)
        return importlib.import_module(module_name)
    except SourceError:
        raise
    except SyntaxError as error:
        raise SourceError(spec, f"{kind} {spec!r}: {error.filename}:{error.lineno}: {error.msg}") from error
    except Exception as error:
        hint = "; write module:callable" if isinstance(error, ImportError | ValueError) else ""
        raise SourceError(spec, f"{kind} {spec!r}: {type(error).__name__}: {error}{hint}") from error


def plugin_parser(spec: str, *, beside: Path | None = None) -> Parser | None:
    """The function ``parse`` of a plug-in's module, if it has one: what the contract suite examines."""
    parser: Parser | None = getattr(plugin_module(spec, beside=beside), "parse", None)
    return parser if callable(parser) else None


def module_file(name: str, folder: Path) -> Path | None:
    """Where a module of that name lies in a folder: its own file, or the first one of a package."""
    if not name.isidentifier():
        return None
    places = (folder / name / "__init__.py", folder / f"{name}.py")
    return next((place.resolve() for place in places if place.is_file()), None)


def is_taken(name: str, *, file: Path | None = None) -> bool:
    """Whether Python already knows another module of that name, which a file of ours must not replace."""
    if name in sys.stdlib_module_names or name == "digest":
        return True
    found = importlib.util.find_spec(name) if name not in sys.modules else sys.modules[name].__spec__
    origin = found.origin if found is not None else None
    if origin is None or (file is not None and Path(origin).resolve() == file):
        return False
    return name not in _OURS


_OURS: set[str] = set()
"""Modules that were loaded from beside a configuration; another configuration's may replace them."""


def _load(spec: str, name: str, file: Path) -> None:
    """Import one file as ``name``, unless that is what the name stands for already."""
    known = sys.modules.get(name)
    if known is not None and known.__file__ is not None and Path(known.__file__).resolve() == file:
        return
    if is_taken(name, file=file):
        raise SourceError(spec, f"source {spec!r}: Python has a module {name!r} of its own; give {file} another name")
    found = importlib.util.spec_from_file_location(
        name, file, submodule_search_locations=[str(file.parent)] if file.name == "__init__.py" else None
    )
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    for stale in [one for one in sys.modules if one == name or one.startswith(f"{name}.")]:
        del sys.modules[stale]
    sys.modules[name] = module
    _OURS.add(name)
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
