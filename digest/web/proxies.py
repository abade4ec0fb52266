"""Who asks, through the proxies that are trusted: ``client`` becomes whom they ask for, ``peer`` stays who connected.

uvicorn's own middleware reads X-Forwarded-For and X-Forwarded-Proto; what it replaces is kept beside, since a header
that says who somebody is (``web.admin.proxy_header``) counts only from the proxy itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

PEER = "digest.peer"
"""In the scope: the address that the connection comes from, empty where there is none (a socket file)."""


class Proxies:
    def __init__(self, app: ASGIApp, trusted: Sequence[str]) -> None:
        """
        Args:
            trusted: addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
        """
        # uvicorn takes plain ASGI dictionaries where Starlette says Scope; they are the same thing.
        self._app: ASGIApp = ProxyHeadersMiddleware(app, list(trusted)) if trusted else app  # type: ignore[arg-type, assignment]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            client = scope.get("client")
            scope = {**scope, PEER: client[0] if client else ""}
        await self._app(scope, receive, send)


def is_trusted(peer: str, trusted: Sequence[str]) -> bool:
    """Whether an address is, or is in, one of these addresses and networks."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(network, strict=False) for network in trusted)
