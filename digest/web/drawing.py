"""An answer → bytes and headers, and those → what is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from digest.web.front import has_it
from digest.web.routes import Answer, Asked, Document, SeeOther
from digest.web.site import Site

PRIVATE = "no-store"
PUBLIC = "public, max-age=60"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Ready to be sent. ``version``: of the data that it shows, for :mod:`digest.web.cache`."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    version: int = 0

    @property
    def etag(self) -> str:
        return f'"{hashlib.blake2b(self.body, digest_size=12).hexdigest()}"'


def draw(site: Site, asked: Asked, answer: Answer, *, place: str) -> Drawn:
    """
    Args:
        place: the path of this page, for links to it in other languages.

    Raises:
        RenderError: a template is broken.
    """
    if isinstance(answer, SeeOther):
        return Drawn(status=303, headers={"location": answer.address, **answer.headers})
    if isinstance(answer, Document):
        saved = {"content-disposition": f'attachment; filename="{answer.filename}"'} if answer.filename else {}
        return Drawn(
            body=answer.body,
            status=answer.status,
            headers={"content-type": answer.media_type, **saved, **answer.headers},
        )
    values = {"here": place, "asked": dict(asked.query), "now": asked.now, **answer.values}
    html = site.templates.render(answer.template, asked.language, values)
    return Drawn(body=html.encode(), status=answer.status, headers={"content-type": HTML, **answer.headers})


def response(drawn: Drawn, request: Request, *, public: bool) -> Response:
    """With caching headers, or 304 where the client has it already.

    An answer that says itself that it may be kept (``private, no-cache``) has a tag too.
    """
    headers = {"cache-control": PUBLIC if public else PRIVATE, **drawn.headers}
    if headers["cache-control"] != PRIVATE and drawn.status == 200:
        headers = {"vary": "Accept-Language, Cookie", **headers, "etag": drawn.etag}
        given = ((name.encode(), value.encode("latin-1")) for name, value in headers.items())
        if has_it(request.headers.raw, given):
            return Response(status_code=304, headers={k: v for k, v in headers.items() if k != "content-type"})
    if "content-type" in drawn.headers and drawn.headers["content-type"] == HTML:
        headers["content-language"] = request.scope["digest"].language.tag
    return Response(drawn.body, status_code=drawn.status, headers=headers)
