"""uvicorn around the application: until a signal says stop, and then until what is being answered is answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors import Multiprocess

from digest.errors import DigestError

log = logging.getLogger(__name__)

HEADERS_TIMEOUT_S: Final = 10.0
"""For the head of a request: who takes longer is no browser."""
_STOP_S = 10
_MOST_CONNECTIONS = 1000
_SWITCH_S = 0.001
"""After which a thread that draws a page lets the event loop have its turn; Python's own 5 ms are felt by everybody."""
_HUNG_S = 30
"""A worker that answers its parent no sooner is replaced."""


class Impatient(HttpToolsProtocol):
    """Ends a connection whose request does not arrive: uvicorn itself waits for ever for the end of the headers."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self._timer is None and not self._is_busy():
            self._wait()
        super().data_received(data)

    def _is_busy(self) -> bool:
        """An answer is under way."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def on_headers_complete(self) -> None:
        self._cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEADERS_TIMEOUT_S, self._give_up)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        self.transport.close()


def serve(make: Callable[[], ASGIApp], *, host: str, port: int, workers: int = 1) -> None:
    """Serve until SIGTERM or Ctrl-C; call it in the main thread.

    Args:
        make: makes the application, in each process for itself; for several of them it can be pickled.
        workers: processes that share the port. One that dies is replaced, and all end with this one.

    Raises:
        SystemExit: the address is taken, or the application cannot be made.
    """
    config = uvicorn.Config(
        make if workers == 1 else _Worker(make=make, parent=os.getpid()),
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=Impatient,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # digest.web.proxies: who connected must stay known
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_STOP_S,
        timeout_worker_healthcheck=_HUNG_S,
    )
    if workers == 1:
        server = uvicorn.Server(config)
        sys.setswitchinterval(_SWITCH_S)
        with contextlib.suppress(KeyboardInterrupt):
            server.run()
        if not server.started:
            raise SystemExit(STARTUP_FAILURE)
    else:
        Multiprocess(config, sockets=[config.bind_socket()]).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worker:
    """The application in a process beside others."""

    make: Callable[[], ASGIApp]
    parent: int

    def __call__(self) -> ASGIApp:
        sys.setswitchinterval(_SWITCH_S)
        threading.Thread(target=self._watch, daemon=True, name="parent").start()
        try:
            return self.make()
        except DigestError as error:
            log.critical("%s", error)
            raise SystemExit(STARTUP_FAILURE) from error  # not to be tried again for ever

    def _watch(self) -> None:
        """Ends when the process that started us was killed: nobody else would end us."""
        while os.getppid() == self.parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
