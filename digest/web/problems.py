"""What goes wrong, told to a person: a page with a sentence, what to do, and a number to quote. No internals.

Programs are told the same as JSON, ``{"error": …}``, which is Hugging Face's form too.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from digest.errors import MembershipError, NotFound, StoreError, TokenError
from digest.web.drawing import HTML, PRIVATE
from digest.web.front import State, state_of
from digest.web.headers import OPEN
from digest.web.site import Site

log = logging.getLogger(__name__)

_BUSY_S = 5
"""After which a database that was locked may be asked again."""

PROGRAMS = "/api/"
"""Below it nobody looks at pages, not even at one that says that there is none."""

Handler = Callable[[Request, Exception], Awaitable[Response]]


def handlers(site: Site) -> dict[type[Exception], Handler]:
    """By exception, for Starlette. Those that nobody foresaw are logged with their traceback by uvicorn."""

    async def problem(request: Request, error: Exception) -> Response:
        state = state_of(request.scope)
        status, headers, expired = 500, {}, False
        if isinstance(error, HTTPException):
            status, headers = error.status_code, dict(error.headers or {})
        elif isinstance(error, TokenError):
            status, expired = 403, error.expired
        elif isinstance(error, NotFound):
            status = 404
        elif isinstance(error, MembershipError):
            status = 409
        elif isinstance(error, StoreError):
            status, headers = 503, {"Retry-After": str(_BUSY_S)}
            log.error("%s: %s id=%s", state.route, error, state.request_id)
        else:
            log.error("%s: %s id=%s", state.route, type(error).__name__, state.request_id)
        if state.open or state.key[0].startswith(PROGRAMS):
            return _told(state, error, status, headers)
        values = {
            "status": status,
            "phrase": HTTPStatus(status).phrase,
            "expired": expired,
            "token": isinstance(error, TokenError),
            "request_id": state.request_id,
            "here": "/",
            "asked": {},
            "now": site.clock(),
        }
        html = site.templates.render("problem.html.j2", state.language, values)
        return Response(html, status_code=status, headers={**headers, "content-type": HTML, "cache-control": PRIVATE})

    return dict.fromkeys((HTTPException, TokenError, NotFound, MembershipError, StoreError, Exception), problem)


def _told(state: State, error: Exception, status: int, headers: Mapping[str, str]) -> Response:
    """``X-Error-Message`` is where Hugging Face's own client reads what it tells its user."""
    said = error.detail if isinstance(error, HTTPException) else HTTPStatus(status).phrase
    name = {"x-error-message": said} if said.isascii() and said.isprintable() else {}
    return JSONResponse(
        {"error": said, "request_id": state.request_id},
        status_code=status,
        headers={**headers, **OPEN, **name, "cache-control": PRIVATE},
    )
