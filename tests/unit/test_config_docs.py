"""docs/configuration.md and the models say the same."""

from __future__ import annotations

import datetime as dt
import os
import re
from enum import Enum
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from digest.config import Config, load_config
from digest.reader_file import ReaderFile
from digest.settings.environment import OVERRIDES
from digest.settings.mail import MailConfig, RelayConfig
from digest.settings.times import format_duration
from digest.settings.validation import Section, _section_in, keys
from digest.subscribers import load_subscribers

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
CONFIG_PART, READER_PART = TEXT.split("\n## Reader files\n")


def documented(part: str) -> dict[str, str]:
    """Key → default, of every table row that begins with a key."""
    return {
        key: default.strip() for key, default in re.findall(r"^\| `([a-z_.]+)` \|[^|]*\|([^|]*)\|", part, re.MULTILINE)
    }


def spelled(info: FieldInfo, name: str) -> str:
    """A field's default as the tables write it."""
    default = info.default
    if default is PydanticUndefined:
        return "needed"
    if isinstance(default, BaseModel):
        return "`true`" if "None" in str(info.annotation) else ""
    if default in (None, ""):
        return "—"
    if default == ():
        return "`[]`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, Enum):
        return f"`{default.value}`"
    if isinstance(default, dt.time):
        return f"`{default:%H:%M}`"
    if isinstance(default, tuple) and isinstance(default[0], str):
        return f"`{' '.join(default)}`"
    if isinstance(default, tuple):
        return f"`[{', '.join(map(format_duration, default))}]`"
    return f"`{format_duration(default)}`" if name.endswith("_s") else f"`{default}`"


def attribute_names(model: type[Section]) -> dict[int, str]:
    found = {id(info): name for name, info in model.model_fields.items()}
    for info in model.model_fields.values():
        if (inner := _section_in(info.annotation)) is not None:  # also of a source that is off by default
            found |= attribute_names(inner)
    return found


@pytest.mark.parametrize(
    ("model", "part"), [(Config, CONFIG_PART), (ReaderFile, READER_PART)], ids=["config", "reader"]
)
def test_every_key_is_documented_with_its_default_and_nothing_else_is(model: type[Section], part: str) -> None:
    """A key that is added, renamed or given another default fails here until the table says so."""
    names = attribute_names(model)
    # A fallback has the keys of an account, which MailConfig inherits: they are documented once, as mail's own.
    own = [(key, info) for key, info in keys(model) if not key.startswith("mail.fallback.")]
    expected = {key: spelled(info, names.get(id(info), "")) for key, info in own}
    assert documented(part) == expected


def test_the_keys_of_a_fallback_are_named() -> None:
    """The row of mail.fallback lists them all."""
    assert issubclass(MailConfig, RelayConfig)
    (row,) = re.findall(r"^\| `mail\.fallback` \|.*$", TEXT, re.MULTILINE)
    named = set(re.findall(r"`([a-z_]+)`", row.rpartition("|")[0].rpartition("|")[2]))
    assert named >= {info.alias or name for name, info in RelayConfig.model_fields.items()}


def test_every_variable_is_documented() -> None:
    """The table of the environment is complete."""
    rows = dict(re.findall(r"^\| `(DIGEST_\w+)` \| `([\w.]+)`", TEXT, re.MULTILINE))
    assert rows == {variable: ".".join(map(str, location)) for variable, location in OVERRIDES.items()}


def test_the_shipped_files_work_as_they_are() -> None:
    """And so does the example in the documentation."""
    config = load_config(ROOT / "config.yaml", env={})
    files = load_subscribers(config.subscribers)
    assert not files.broken
    assert len(files.good) >= 3
    assert all(loaded.subscriber.email.endswith("example.org") for loaded in files.good)


def test_the_documentation_s_example_of_a_reader_works(tmp_path: Path) -> None:
    """Copied as it is, beside a thesis.bib."""
    (found,) = re.findall(r"```yaml\n(.*?)```", READER_PART, re.DOTALL)
    (tmp_path / "ada.yaml").write_text(found)
    (tmp_path / "thesis.bib").write_text("@article{a, eprint={1706.03762}}\n")
    files = load_subscribers(tmp_path)
    assert not files.broken
    assert [lane.name for lane in files.good[0].subscriber.lanes] == ["Sparse attention", "Protein design"]
    assert os.fspath(files.good[0].files[0]).endswith("thesis.bib")
