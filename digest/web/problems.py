"""What goes wrong, told to a person: a page with a sentence, what to do, and a number to quote. No internals."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from digest.errors import NotFound, StoreError, TokenError
from digest.web.drawing import HTML, PRIVATE
from digest.web.front import state_of
from digest.web.site import Site

log = logging.getLogger(__name__)

_BUSY_S = 5
"""After which a database that was locked may be asked again."""

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
        elif isinstance(error, StoreError):
            status, headers = 503, {"Retry-After": str(_BUSY_S)}
            log.error("%s: %s id=%s", state.route, error, state.request_id)
        else:
            log.error("%s: %s id=%s", state.route, type(error).__name__, state.request_id)
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

    return dict.fromkeys((HTTPException, TokenError, NotFound, StoreError, Exception), problem)
