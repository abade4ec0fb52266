"""JSON from strangers → plain values, without the surprises: numbers stay as typed, nothing nests forever.

``2305.10430`` as a JSON number would lose its last zero, so numbers with a point come back as the text that was typed.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence

from digest.errors import SourceError
from digest.sources.text import decode

_DECODER = json.JSONDecoder(parse_float=str)
_MAX_REPR = 200_000
"""Characters of one item written as a Python literal: reading those costs far more memory than JSON."""


def loads(data: bytes | str) -> object:
    """Any JSON value.

    Raises:
        ValueError: not JSON, with a reason in a few words.
    """
    try:
        value: object = _DECODER.decode(decode(data) if isinstance(data, bytes) else data)
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")  # "Unterminated string starting at": the place is ours to say
        raise ValueError(f"not JSON: {what} at character {error.pos + 1:,}") from error
    except RecursionError as error:
        raise ValueError("not usable: nested too deeply") from error
    except ValueError as error:  # an integer of thousands of digits
        raise ValueError("not usable: a number too long to read") from error
    return value


def read_json(data: bytes, *, source: str, label: str) -> object:
    """Any JSON value that a provider answered.

    Raises:
        SourceError: not JSON, told in a line for a reader's mail.
    """
    try:
        return loads(data)
    except ValueError as error:
        raise SourceError(source, f"{label} sent something that is {error}") from error


def mapping(value: object) -> Mapping[str, object]:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[object]:
    """``value`` if it is a list, else an empty one."""
    return value if isinstance(value, list) else ()


def text(value: object) -> str:
    """``value`` if it is text, or the text of a whole number; else empty."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def first_text(item: Mapping[str, object], *keys: str) -> str:
    """The first of some keys that holds text."""
    for key in keys:
        if (value := item.get(key)) is not None and (found := text(value)):
            return found
    return ""


def unwrapped(value: object) -> object:
    """What is inside a string that holds JSON or a Python literal, twice at most; else the value itself."""
    for _ in range(2):
        if not isinstance(value, str):
            break
        value = _inside(value)
    return value


def _inside(written: str) -> object:
    try:
        return loads(written)
    except ValueError:
        return _literal(written)


def _literal(written: str) -> object:
    if len(written) > _MAX_REPR:
        return None
    try:
        value: object = ast.literal_eval(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value


def names(value: object) -> list[str]:
    """Names from a list of texts or of objects with ``name``, or such a list as text; hidden ones are left out."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = unwrapped(value)
    shown = (one for one in sequence(value) if mapping(one).get("hidden") is not True)
    return [one if isinstance(one, str) else text(mapping(one).get("name")) for one in shown]
