"""What a language model is asked about a paper, and what of its answer may be believed. No network here.

    paper ─prompts─▶ Question ─payload─▶ (somebody asks) ─read_answer─▶ text ─faithful─▶ kept | refused

The form is that of OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat) with a JSON schema,
which vLLM, llama.cpp, Ollama and most providers speak. Temperature and length are left to the server: newer models
refuse the parameters that older ones need, and the answer is bounded by schema, size and time in any case.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import jinja2

from digest.errors import RenderError
from digest.model import Paper

PROMPTS = ("system", "user")
"""``templates/prompts/NAME.txt.j2``; ``user`` is given ``title`` and ``abstract``."""
_READ_CHARS = 20_000
_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"sentences": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}},
    "required": ["sentences"],
    "additionalProperties": False,
}
_FENCE = re.compile(r"^```(?:json)?\s*(.*?)\s*```$", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """``key`` is the hash of all that was asked: another version, prompt or model is another question."""

    paper_id: int
    title: str
    abstract: str
    model: str
    system: str
    user: str

    @property
    def key(self) -> str:
        asked = f"{self.model}\0{self.system}\0{self.user}".encode("utf-8", "replace")
        return hashlib.blake2b(asked, digest_size=16).hexdigest()

    def payload(self) -> dict[str, object]:
        """The body of ``POST …/chat/completions``."""
        return {
            "model": self.model,
            "messages": [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "summary", "strict": True, "schema": _SCHEMA},
            },
        }


class Prompts:
    """The two texts that make a question."""

    def __init__(self, system: jinja2.Template, user: jinja2.Template) -> None:
        self._system, self._user = system, user

    @classmethod
    def load(cls, builtin: Path, override: Path | None = None) -> Prompts:
        """From ``prompts/`` in the folder ``builtin``; a file of the same name in ``override`` comes first.

        Raises:
            RenderError: a template that cannot be read or used.
        """
        environment = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined)  # noqa: S701  plain text
        system, user = (_template(environment, f"prompts/{name}.txt.j2", builtin, override) for name in PROMPTS)
        prompts = cls(system, user)
        prompts.question(0, "Title", "Abstract.", model="")
        return prompts

    def question(self, paper_id: int, title: str, abstract: str, *, model: str) -> Question:
        """
        Raises:
            RenderError: a prompt wants something that it is not given.
        """
        given = {"title": title, "abstract": abstract[:_READ_CHARS]}
        try:
            system, user = (template.render(given).strip() for template in (self._system, self._user))
        except jinja2.TemplateError as error:
            raise RenderError("templates/prompts", str(error)) from error
        return Question(
            paper_id=paper_id, title=title, abstract=given["abstract"], model=model, system=system, user=user
        )

    def about(self, paper: Paper, *, model: str) -> Question | None:
        """The question about a paper; None for one without an abstract, of which nothing could be checked."""
        return self.question(paper.id, paper.title, paper.abstract, model=model) if paper.abstract.strip() else None


def _template(environment: jinja2.Environment, name: str, builtin: Path, override: Path | None) -> jinja2.Template:
    own = override / name if override is not None else None
    path = own if own is not None and own.is_file() else builtin / name
    try:
        return environment.from_string(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RenderError(str(path), f"cannot be read: {error}") from error
    except jinja2.TemplateSyntaxError as error:
        raise RenderError(str(path), error.message or "is no Jinja", error.lineno) from error


def read_answer(data: bytes) -> str:
    """The one or two sentences of a finished answer, white space folded.

    Raises:
        ValueError: why it is none, in a line.
    """
    try:
        said = json.loads(data)["choices"][0]["message"]["content"]
        if not isinstance(said, str):
            raise ValueError("no text in the answer")  # noqa: TRY004 - one kind of refusal
        found = json.loads(fenced.group(1) if (fenced := _FENCE.match(said.strip())) else said)["sentences"]
    except (KeyError, IndexError, TypeError, RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError("the answer has not the form that was asked for") from error
    if not isinstance(found, list) or not 1 <= len(found) <= 2 or not all(isinstance(one, str) for one in found):
        raise ValueError("the answer is not one or two sentences")
    text = " ".join(" ".join(found).split())
    if not text:
        raise ValueError("the answer is empty")
    return text
