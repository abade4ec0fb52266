"""A template file as it was read, and the colours that its author named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from digest.errors import RenderError
from digest.palette import COLOURS, Palette

JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_COLOUR = re.compile(r"\{\{\s*(light|dark)\.(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Source:
    """One template file: ``name`` below the templates' folder, ``path`` where it was found."""

    name: str
    path: Path
    text: str

    @classmethod
    def read(cls, name: str, path: Path, palette: Palette) -> Source:
        """The file with ``{{ light.accent }}`` and its like replaced by the brand's colours.

        Raises RenderError if it can't be read, or names a colour that there is not.
        """
        try:
            source = cls(name, path, path.read_text("utf-8").replace("\r\n", "\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise RenderError(str(path), f"can't be read: {error}") from error

        def colour(found: re.Match[str]) -> str:
            scheme, role = found.groups()
            if role not in COLOURS:
                raise source.error(
                    f"unknown colour {role!r}; known here: {', '.join(COLOURS)}", source.line_of(found[0])
                )
            return str(getattr(palette.light if scheme == "light" else palette.dark, role))

        return cls(name, path, _COLOUR.sub(colour, source.text))

    def line_of(self, needle: str) -> int | None:
        at = self.text.find(needle)
        return self.text.count("\n", 0, at) + 1 if at >= 0 else None

    def error(self, message: str, line: int | None = None) -> RenderError:
        return RenderError(str(self.path), message, line)
