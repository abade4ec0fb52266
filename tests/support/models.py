"""A stand-in for a language model's endpoint on loopback, which says what a test wants it to say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from digest.sources.contract.server import HttpServer, Reply, Seen

PATH = "/v1/chat/completions"


def said(*sentences: str) -> Reply:
    """An answer as it should be."""
    return content(json.dumps({"sentences": list(sentences)}))


def content(text: object) -> Reply:
    """An answer whose message holds ``text``."""
    body = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]}
    return Reply(body=json.dumps(body).encode(), content_type="application/json")


def asked_about(seen: Seen) -> str:
    """The prompt that a request holds."""
    prompt: str = json.loads(seen.body)["messages"][1]["content"]
    return prompt


@contextmanager
def model_server(script: Callable[[Seen], Reply]) -> Iterator[HttpServer]:
    """A server whose every answer ``script`` makes."""
    with HttpServer() as server:
        server.answer(PATH, script)
        yield server
