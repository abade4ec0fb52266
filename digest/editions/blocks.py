"""A mail before anything is drawn: its parts in order, each with its words.

Every part splits its words in two: ``fixed`` is the same for all readers and is rendered once, ``holes`` differ and are
filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from digest.languages import Language

Fixed = tuple[tuple[str, str], ...]
"""Names and values that a part is rendered with; a tuple, because it is the key that the rendering is kept under."""


@dataclass(frozen=True, slots=True)
class Block:
    """One part of the mail. A hole that would be empty is left out, and its template sees an empty string."""

    part: str
    fixed: Fixed = ()
    holes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole mail: the frame, and inside it the parts; the first of them opens the mail and names its kind."""

    shell: Block
    body: tuple[Block, ...]
    language: Language
    """Of the templates' own words; those of the blocks are in it already."""

    @property
    def mail(self) -> str:
        return self.body[0].part


def filled(holes: Mapping[str, str]) -> dict[str, str]:
    """The holes that have something in them."""
    return {name: value for name, value in holes.items() if value}
