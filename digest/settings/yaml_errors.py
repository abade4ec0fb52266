"""libyaml's complaints, in words for people who do not know YAML."""

from __future__ import annotations

import yaml

_EXPLAINED: tuple[tuple[str, str], ...] = (
    ("found a tab character", "a tab; YAML indents with spaces only"),
    ("mapping values are not allowed", "a second `: ` on one line, or wrong indentation; quote a text that holds `: `"),
    ("could not find expected ':'", "a line without `key: value`"),
    (
        "did not find expected key",
        "the indentation does not line up with the lines above, or text follows a closing quotation mark",
    ),
    ("did not find expected '-' indicator", "the indentation does not line up with the list above"),
    ("did not find expected ',' or ']'", "a `[` that is never closed, or a comma is missing"),
    ("did not find expected ',' or '}'", "a `{` that is never closed, or a comma is missing"),
    ("found unexpected end of stream", "a quotation mark that is never closed"),
    ("found unknown escape character", "a backslash inside double quotes; use single quotes"),
    ("did not find expected alphabetic", "a text cannot begin with * or &; put quotes around it"),
    ("did not find expected node content", "a value is missing, or a bracket is never closed"),
    ("found undefined tag handle", "a text that begins with !; put quotes around it"),
)
_ON_CONTEXT = ("found unexpected end of stream", "could not find expected ':'", "did not find expected ','")
"""Complaints that are noticed late: the line where the thing began says more."""


def explain(error: yaml.YAMLError, text: str) -> tuple[int | None, str]:
    """(line counted from 1, what is wrong) of one of libyaml's errors in ``text``."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        return line, "holds a control character that YAML does not allow; remove it"
    problem, mark = error.problem or "", error.problem_mark
    line = mark.line + 1
    if error.context_mark is not None and problem.startswith(_ON_CONTEXT):
        line = error.context_mark.line + 1
    if problem.startswith("found character that cannot start any token"):
        rows = text.splitlines()
        found = rows[mark.line][mark.column : mark.column + 1] if mark.line < len(rows) else ""
        if found == "\t":
            return line, "a tab; YAML indents with spaces only"
        return line, f"a text cannot begin with {found}; put quotes around it"
    for start, words in _EXPLAINED:
        if problem.startswith(start):
            return line, words
    return line, f"is not YAML here: {problem}"
