"""What letters say: the addresses in a mail that a real server took."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.support.smtp_server import SmtpServer


def place_in(server: SmtpServer, begins: str, index: int = -1) -> str:
    """The path of the first link of a mail that begins so, as a visitor would click it; of its text version."""
    part = server.parsed(index).get_body(preferencelist=("plain",))
    assert part is not None
    found = re.search(rf"https?://\S+?{re.escape(begins)}\S*", part.get_content())
    assert found is not None, part.get_content()
    return urlsplit(found[0]).path


def subjects(server: SmtpServer) -> list[str]:
    return [str(server.parsed(index)["Subject"]) for index in range(len(server.messages))]


def over(server: SmtpServer) -> str:
    """The section of a configuration that sends over this server."""
    return f"mail: {{transport: smtp, server: 'smtp://127.0.0.1:{server.port}', from: Papers <papers@uni.example>}}"
