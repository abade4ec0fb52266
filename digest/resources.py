"""Where the files are that ship with the program: templates, examples, the sample configuration.

People find them at the top of a checkout; a wheel carries them inside the package, under ``digest/_data``
(pyproject.toml, force-include).
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_path(name: str) -> Path:
    """The file or folder ``name`` ("templates", "subscribers", "config.yaml"): the installed one, else the checkout's.

    Raises FileNotFoundError if neither is there: a broken installation.
    """
    for place in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if place.exists():
            return place
    raise FileNotFoundError(f"{name} is missing from the installed package; install paper-digest again")
