"""An SMTP server that takes everything and keeps nothing, in a process of its own so that its CPU time is not ours.

    with Sink() as sink:
        … send to 127.0.0.1, sink.port …
        assert sink.counts().messages == 1000

It speaks as much of RFC 5321 as a client on a good day needs, and PIPELINING (RFC 2920). Runs alone, too:
``python benchmarks/sink.py --port 2525`` prints its port, and its counts for every line on standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

HOST = "127.0.0.1"
END_OF_DATA = b"\r\n.\r\n"
EXTENSIONS = ("sink.localhost", "PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")


@dataclass(slots=True)
class Counts:
    """What arrived so far; ``octets`` are those of the messages, dot-stuffing included."""

    connections: int = 0
    messages: int = 0
    octets: int = 0


class Sink:
    """A sink server for the length of a ``with`` block."""

    port: int

    def __init__(self, *, reply_delay_ms: float = 0.0) -> None:
        """``reply_delay_ms`` is added before each batch of replies: a network's round trip, roughly."""
        self._reply_delay_ms = reply_delay_ms

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--reply-delay-ms", str(self._reply_delay_ms)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.port = int(self._line())
        return self

    def counts(self) -> Counts:
        assert self._process.stdin is not None
        self._process.stdin.write("counts\n")
        self._process.stdin.flush()
        return Counts(**json.loads(self._line()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the sink ended with status {self._process.wait()}")
        return line

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()


class Session(asyncio.Protocol):
    """One connection. Replies to all commands that came in one packet leave in one packet."""

    transport: asyncio.Transport

    def __init__(self, counts: Counts, reply_delay_s: float) -> None:
        self._counts = counts
        self._reply_delay_s = reply_delay_s
        self._buffer = bytearray()
        self._in_data = False
        self._searched = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._counts.connections += 1
        transport.write(b"220 sink.localhost ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        replies = bytearray()
        leaving = False
        while not leaving:
            if self._in_data:
                if not self._take_message():
                    break
                replies += b"250 2.0.0 taken\r\n"
            else:
                end = self._buffer.find(b"\r\n")
                if end < 0:
                    break
                verb = bytes(self._buffer[:end].split(b" ", 1)[0]).upper()
                # DATA keeps its CRLF in the buffer, so that an empty message, too, ends in CRLF . CRLF.
                del self._buffer[: end if verb == b"DATA" else end + 2]
                replies += self._reply(verb)
                leaving = verb == b"QUIT"
        if not self._reply_delay_s:
            self._answer(bytes(replies), leaving)
        elif replies:
            asyncio.get_running_loop().call_later(self._reply_delay_s, self._answer, bytes(replies), leaving)

    def _take_message(self) -> bool:
        """Drop one whole message from the buffer, if there is one."""
        end = self._buffer.find(END_OF_DATA, max(0, self._searched - len(END_OF_DATA)))
        if end < 0:
            self._searched = len(self._buffer)
            return False
        self._counts.messages += 1
        self._counts.octets += end
        del self._buffer[: end + len(END_OF_DATA)]
        self._in_data, self._searched = False, 0
        return True

    def _reply(self, verb: bytes) -> bytes:
        match verb:
            case b"EHLO":
                lines = [f"250-{word}\r\n" for word in EXTENSIONS[:-1]] + [f"250 {EXTENSIONS[-1]}\r\n"]
                return "".join(lines).encode()
            case b"DATA":
                self._in_data, self._searched = True, 0
                return b"354 go on\r\n"
            case b"QUIT":
                return b"221 2.0.0 bye\r\n"
            case b"HELO" | b"MAIL" | b"RCPT" | b"RSET" | b"NOOP":
                return b"250 2.0.0 ok\r\n"
            case _:
                return b"502 5.5.1 not here\r\n"

    def _answer(self, replies: bytes, leaving: bool) -> None:
        if replies and not self.transport.is_closing():
            self.transport.write(replies)
        if leaving:
            self.transport.close()


async def serve(port: int, reply_delay_s: float, commands: IO[str]) -> None:
    """Serve until standard input ends; print the port, then the counts for every line that comes in."""
    counts = Counts()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(counts, reply_delay_s), HOST, port)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        while await loop.run_in_executor(None, commands.readline):
            print(json.dumps(asdict(counts)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="An SMTP sink.")
    parser.add_argument("--port", type=int, default=0, help="0 = any free one")
    parser.add_argument("--reply-delay-ms", type=float, default=0.0)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.reply_delay_ms / 1000, sys.stdin))


if __name__ == "__main__":
    main()
