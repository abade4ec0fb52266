"""The templates of the pages that this program writes as files; every value is escaped."""

from __future__ import annotations

from functools import lru_cache

import jinja2

from digest.resources import data_path


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_path("templates") / "pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(name: str, **values: object) -> str:
    return _environment().get_template(name).render(values)
