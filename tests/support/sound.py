"""What every answer owes to whoever asked: its headers, nothing inline, no way elsewhere, no bug."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from httpx2 import Response
from lxml import html

from digest.web.routes import Route
from tests.support.house import PROBE

MAIL_AS_SENT = "/read"
"""Ends the paths that show a mail as it was sent: mails have inline styles, and a policy of their own."""


def named(routes: Sequence[Route]) -> list[object]:
    """As parameters of a test, called by their paths."""
    return [pytest.param(route, id=route.path) for route in routes]


def inline(answer: Response) -> list[str]:
    """What a page runs or styles by itself: scripts, handlers, inline styles, ``javascript:``; and strange elements."""
    tree = html.document_fromstring(answer.content, parser=html.HTMLParser(encoding="utf-8"))
    found = [f"<{node.tag!s}>" for node in tree.iter("script", "style", "base", "object", "iframe", PROBE)]
    for node in tree.iter():
        for name, value in node.attrib.items():
            leads = name in {"href", "src", "action", "formaction", "content", "srcset", "data", "xlink:href"}
            runs = leads and value.strip().lower().startswith(("javascript:", "vbscript:", "data:text"))
            if name.startswith("on") or name == "style" or runs:
                found.append(f"<{node.tag!s} {name}={value[:60]}>")
    return found


def is_html(answer: Response) -> bool:
    return answer.headers.get("content-type", "").startswith("text/html")


def assert_sound(answer: Response, path: str) -> None:
    """What every answer owes to whoever asked: its headers, nothing inline, no way elsewhere, no bug."""
    assert answer.status_code < 500, f"{path}: {answer.status_code}"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy, path
    assert "script-src" not in policy, path
    assert "unsafe" not in policy or path.endswith(MAIL_AS_SENT), path
    assert "frame-ancestors 'none'" in policy, path
    assert answer.headers["x-content-type-options"] == "nosniff", path
    assert answer.headers["x-frame-options"] == "DENY", path
    assert answer.headers["referrer-policy"] == "same-origin", path
    assert answer.headers["strict-transport-security"].startswith("max-age="), path
    assert re.fullmatch("[0-9a-f]{12}", answer.headers["x-request-id"]), path
    if "location" in answer.headers:
        assert re.match(r"/reader(?:/|\?|$)", answer.headers["location"]), f"{path}: to {answer.headers['location']}"
    if answer.content and is_html(answer) and not path.endswith(MAIL_AS_SENT):
        assert inline(answer) == [], path
