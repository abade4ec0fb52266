"""Plain data and a pydantic model → the model, or every problem with its line and what would be right.

pydantic finds the problems; this module says them in the words of a settings file and knows which key was meant.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from digest.errors import Problem
from digest.settings.document import Document, Location, Plain
from digest.settings.reading import Reading


class Section(BaseModel):
    """A mapping in a settings file. Files use the aliases (``from``, ``every``), Python the attribute names."""

    model_config = ConfigDict(
        defer_build=True,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


SectionT = TypeVar("SectionT", bound=Section)


def validate(
    document: Document, model: type[SectionT], reading: Reading
) -> tuple[SectionT | None, tuple[Problem, ...]]:
    """The model, None if the document is not usable; and all problems in the order of their lines.

    What the validators of ``model`` add to ``reading.complaints`` counts as a problem too.
    """
    problems = list(document.problems)
    settings: SectionT | None = None
    data = _without_blanks(document.data)
    try:
        settings = model.model_validate(data, context=reading, by_alias=True, by_name=False)
    except ValidationError as error:
        found = [(_location_in(data, each["loc"]), each) for each in error.errors(include_url=False)]
        problems += [_problem(document, model, location, details) for location, details in found]
        reading.complaints.extend(_complaints_about_the_rest(data, [location for location, _ in found], model, reading))
    problems += [document.problem(where, clause) for where, clause in reading.complaints]
    problems.sort(key=lambda problem: problem.line or 0)
    return (None if problems else settings), tuple(dict.fromkeys(problems))


def _complaints_about_the_rest(
    data: Mapping[str, Plain], wrong: Sequence[Location], model: type[SectionT], reading: Reading
) -> list[tuple[Location, str]]:
    """What does not fit together in a file that has wrong values too, so that mending those is not half the work.

    pydantic asks a section for its consistency only when all of it is right, so the wrong keys are left out once. What
    is then said of a key that was left out, or names it, may be due to that and is dropped.
    """
    again = Reading(folder=reading.folder, env=reading.env)
    try:
        model.model_validate(_without(data, wrong), context=again, by_alias=True, by_name=False)
    except ValidationError:
        return []
    left_out = {key_of(location).rpartition(".")[2] for location in wrong}
    return [
        (where, clause)
        for where, clause in again.complaints
        if left_out.isdisjoint([*where, *re.findall(r"\w+", clause)])
    ]


def _without(data: Mapping[str, Plain], wrong: Sequence[Location]) -> dict[str, Plain]:
    """The data without the keys at, or around, these locations."""
    kept: dict[str, Plain] = {}
    for key, value in data.items():
        inner = [location[1:] for location in wrong if location[:1] == (key,)]
        if not inner:
            kept[key] = value
        elif isinstance(value, dict) and all(inner):
            kept[key] = _without(value, inner)
    return kept


def hints(document: Document, reading: Reading) -> tuple[Problem, ...]:
    """What the validators found worth saying although nothing is wrong."""
    return tuple(document.problem(document.where(typed), clause) for typed, clause in reading.hints)


def key_of(location: Location) -> str:
    """``lanes.phrases``: the key of a value, without the positions in lists (the line tells them)."""
    return ".".join(part for part in location if isinstance(part, str))


def keys(model: type[Section], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key of a model and of the sections in it, dotted, with its field: the reference of settings."""
    for name, info in model.model_fields.items():
        key = f"{prefix}{info.alias or name}"
        yield key, info
        if (inner := _section_in(info.annotation)) is not None:
            yield from keys(inner, f"{key}.")


def _section_in(annotation: object) -> type[Section] | None:
    """The Section that a field holds, be it optional or in a tuple."""
    if inspect.isclass(annotation) and issubclass(annotation, Section):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _section_in(part))), None)


def _without_blanks(data: Mapping[str, Plain]) -> dict[str, Plain]:
    """Keys without a value are as good as left out: a section whose options are all commented out, say."""
    return {key: _filled(value) for key, value in data.items() if value is not None}


def _filled(value: Plain) -> Plain:
    if isinstance(value, dict):
        return _without_blanks(value)
    return [_filled(item) for item in value] if isinstance(value, list) else value


# ── one problem of pydantic's in our words ──────────────────────────────────────────────────────────────────

_BOUNDS = {
    "greater_than_equal": ("too small: at least", "ge"),
    "greater_than": ("too small: more than", "gt"),
    "less_than_equal": ("too large: at most", "le"),
    "less_than": ("too large: less than", "lt"),
}
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "a text",
    "path": "a path",
    "list": "a list: [one, two]",
    "tuple": "a list: [one, two]",
    "model": "a mapping: indented `key: value` lines",
    "dict": "a mapping: indented `key: value` lines",
}


def _problem(document: Document, model: type[Section], location: Location, details: ErrorDetails) -> Problem:
    kind = details["type"]
    if kind == "extra_forbidden":
        message = _unknown(model, location)
    elif kind == "missing":
        message = "is needed" + _purpose(model, location)
    elif kind in {"value_error", "assertion_error"}:
        message = str(details.get("ctx", {}).get("error", details["msg"]))
    elif kind in {"enum", "literal_error"}:
        message = _not_among(details)
    elif kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        message = f"{details['input']} is {words} {details['ctx'][bound]:g}"
    elif kind == "string_too_long":
        message = f"is longer than {details['ctx']['max_length']} characters"
    elif (known := kind.partition("_")[0]) in _KINDS:
        message = f"{_shown(details['input'])} is not {_KINDS[known]}"
    else:
        message = details["msg"]
    return document.problem(location, message)


def _location_in(data: object, loc: tuple[int | str, ...]) -> Location:
    """pydantic's location without the parts that name a branch of a union instead of a place in the file."""
    found: list[str | int] = []
    for depth, part in enumerate(loc):
        if isinstance(data, Mapping) and (part in data or depth == len(loc) - 1):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            continue
        found.append(part)
    return tuple(found)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "an empty value"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:56]}…{text[-1]}"


def _purpose(model: type[Section], location: Location) -> str:
    """`` : why and an example``, from the field's description."""
    info = dict(keys(model)).get(key_of(location))
    return f": {info.description}" if info is not None and info.description else ""


def _not_among(details: ErrorDetails) -> str:
    import difflib

    expected = str(details["ctx"]["expected"]).replace(" or ", ", ").replace("'", "")
    choices = [choice.strip() for choice in expected.split(",")]
    typed = details["input"]
    near = difflib.get_close_matches(str(typed).casefold(), choices, n=1, cutoff=0.5)
    advice = f"did you mean {near[0]}? It is" if near else "it is"
    return f"{_shown(typed)} is no choice here; {advice} one of: {', '.join(choices)}"


def _siblings(every: Sequence[str], section: str) -> list[str]:
    """The keys of a section, without those of sections in it."""
    prefix = f"{section}." if section else ""
    inside = [known.removeprefix(prefix) for known in every if known.startswith(prefix)]
    return [known for known in inside if "." not in known]


def _unknown(model: type[Section], location: Location) -> str:
    import difflib

    every = [key for key, _ in keys(model)]
    typed = str(location[-1])
    siblings = _siblings(every, key_of(location[:-1]))
    if not siblings:  # the section around it has a name of the file's own, as mail.domains.uni.example has
        siblings = _siblings(every, key_of(location[:-2]))
    folded = typed.casefold().replace("-", "_").replace(" ", "_")
    if near := difflib.get_close_matches(folded, siblings, n=1, cutoff=0.7):
        return f"unknown key; did you mean {near[0]}?"
    if elsewhere := [known for known in every if known.rpartition(".")[2] == folded]:
        return f"unknown key here; did you mean {elsewhere[0]}?"
    return f"unknown key; known here: {', '.join(siblings)}"
