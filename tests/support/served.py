"""The pages of an App behind a real server on this machine, for programs that bring their own HTTP client."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from digest.app import App
from digest.web.application import application


@contextmanager
def served(app: App) -> Iterator[str]:
    """The address of a server in a thread; it ends with the block."""
    server = uvicorn.Server(uvicorn.Config(application(app), port=0, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
