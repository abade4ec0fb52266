"""A token endpoint on a loopback socket: RFC 6749 §6, with the answers that a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl


class TokenServer:
    def __init__(self, *answers: Mapping[str, object] | str, status: int = 200) -> None:
        """``answers`` in turn, the last one for ever; a text is sent as it is."""
        self.answers, self.status = list(answers), status
        self.asked: list[dict[str, str]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                owner.asked.append(dict(parse_qsl(body)))
                answer = owner.answers[0] if len(owner.answers) == 1 else owner.answers.pop(0)
                data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(owner.status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/token"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
