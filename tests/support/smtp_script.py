"""An SMTP server that follows a script to the byte, for what a well-behaved one never does.

    async with scripted(Hear(b"DATA\\r\\n"), Say(b"250 ok\\r\\n250 ok\\r\\n354 go\\r\\n"), …) as line:
        … connect to line.port …
    assert line.heard == [b"MAIL FROM:…", …]

It greets and answers EHLO by itself. Unlike tests.support.smtp_server it runs in the test's own event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hear:
    """Read up to and with these octets; one entry of ``heard``."""

    until: bytes


@dataclass(frozen=True, slots=True)
class Say:
    """Write these octets; one by one if they are to ``drip``."""

    octets: bytes
    drip: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection."""


@dataclass(frozen=True, slots=True)
class HearAll:
    """Read until the other side ends the connection; one entry of ``heard``."""


Step = Hear | Say | Close | HearAll
DATA = Hear(b"DATA\r\n")
DOT = Hear(b"\r\n.\r\n")
GO = Say(b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n")


@dataclass(slots=True)
class Line:
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextlib.asynccontextmanager
async def scripted(*steps: Step, extensions: tuple[bytes, ...] = (b"PIPELINING",)) -> AsyncIterator[Line]:
    """Every connection gets the script from where the last one left it."""
    line = Line()
    script = iter(steps)
    offer = b"".join(b"250-%b\r\n" % word for word in (b"mx.test", *extensions)) + b"250 HELP\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line.connections += 1
        try:
            writer.write(b"220 mx.test ESMTP\r\n")
            await reader.readuntil(b"\r\n")
            writer.write(offer)
            for step in script:
                match step:
                    case Hear(until):
                        line.heard.append(await reader.readuntil(until))
                    case HearAll():
                        line.heard.append(await reader.read())
                        return
                    case Say(octets, drip):
                        for octet in octets if drip else ():
                            writer.write(bytes([octet]))
                            await asyncio.sleep(0)
                        writer.write(b"" if drip else octets)
                    case Close():
                        return
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            line.heard.append(getattr(error, "partial", b""))
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    async with server:
        yield line
