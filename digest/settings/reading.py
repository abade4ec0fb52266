"""What the checks of one settings file share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationInfo

from digest.settings.document import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the validators of one file share: where relative paths begin, the environment, and what they find.

    ``complaints`` holds (where, clause), ``hints`` (the value as it was typed, clause), since a value's own validator
    does not know where it stands. ``files`` are those that were read besides the settings file.
    """

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    complaints: list[tuple[Location, str]] = field(default_factory=list)
    hints: list[tuple[str, str]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def resolve(self, path: Path) -> Path:
        """``path`` as seen from the settings file; ``~`` is the home folder."""
        return (self.folder / path.expanduser()).absolute()


def reading(info: ValidationInfo) -> Reading | None:
    """The Reading of this validation; None when a model is built in Python."""
    return info.context if isinstance(info.context, Reading) else None
