"""A real SMTP server on a loopback socket that misbehaves on request, and keeps a ledger of what it took.

    with SmtpServer(ledger=tmp_path / "ledger.jsonl") as server:
        server.script(Rule(at="rcpt", match="bob@", do=Say("450 4.2.0 try again later"), times=1))
        ...
        assert server.ledger() == [...]

It runs its own event loop in its own thread, so that a client under test can hang, crash or block its loop. A message
is in the ledger (and on disk, fsynced) before its 250 is written, as an honest server does it. As a program it is a
plain sink: ``python -m tests.support.smtp_server --port 2525 --ledger FILE``.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Literal, Self

At = Literal["greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot", "accepted", "rset", "quit"]
"""``body``: after 354, with only a first piece of the content read. ``dot``: all read, nothing in the ledger yet.
``accepted``: in the ledger, the 250 not yet written."""

Answering = Literal["each", "together", "halves"]
"""How replies leave: each at once; late, with those to other commands of the same flight; each in two pieces."""
PAUSE_S = 0.01

LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Say:
    """Answer with this line (or lines) instead of the usual one; a 421 also closes."""

    text: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection without a word; ``reset`` sends RST instead of FIN."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class Hang:
    """Say nothing more and read nothing more until the server stops."""


@dataclass(frozen=True, slots=True)
class HalfLine:
    """Write this without a line end and then hang, or drop."""

    text: str
    then: Drop | Hang = field(default_factory=Hang)


Act = Say | Drop | Hang | HalfLine


@dataclass(slots=True)
class Rule:
    """What to do at a phase, the first ``times`` times it is reached (None: always) by a command that holds ``match``.

    ``after`` skips that many matching occasions first.
    """

    at: At
    do: Act
    match: str = ""
    times: int | None = None
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One message in the ledger."""

    message_id: str
    sender: str
    recipient: str
    size: int
    tls: bool
    login: str | None


class SmtpServer:
    def __init__(
        self,
        *,
        ledger: Path | None = None,
        users: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        starttls: bool = False,
        extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 33554432", "ENHANCEDSTATUSCODES"),
        auth: tuple[str, ...] = ("PLAIN", "LOGIN"),
        answering: Answering = "each",
        lax: bool = False,
        deaf: bool = False,
        fsync: bool = True,
        keep: bool = True,
        port: int = 0,
    ) -> None:
        """``lax``: waits for content though it has refused every recipient, and calls what then comes accepted.
        ``deaf``: drops what comes together with a dot.
        """
        self.users = users
        self.extensions = extensions
        self.auth = auth
        self.answering, self.lax, self.deaf = answering, lax, deaf
        self.messages: list[bytes] = []
        """The content of every message taken, dots unstuffed, if ``keep``."""
        self.seen: Counter[str] = Counter()
        """How often each phase was reached."""
        self.commands: list[str] = []
        self._ledger_path = ledger
        self._taken: list[Taken] = []
        self._tls, self._starttls = tls, starttls
        self._fsync, self._keep = fsync, keep
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._arrived = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._started = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", port))
        self.host, self.port = self._socket.getsockname()[:2]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="smtp-server", daemon=True)

    # ── for tests ───────────────────────────────────────────────────────────────────────────────────────────

    def script(self, *rules: Rule) -> None:
        """Replace the rules; the first that applies wins."""
        with self._lock:
            self._rules = list(rules)

    def ledger(self) -> list[Taken]:
        with self._lock:
            return list(self._taken)

    def message_ids(self) -> list[str]:
        return [taken.message_id for taken in self.ledger()]

    def parsed(self, index: int = -1) -> EmailMessage:
        return BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(self.messages[index])

    def wait_for(self, phase: At, count: int = 1, timeout_s: float = 10.0) -> None:
        """Block until a phase has been reached that often; for killing a client at that moment."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: self.seen[phase] >= count, timeout_s):
                raise TimeoutError(f"the phase {phase} was reached {self.seen[phase]} times, not {count}")

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        # A failed handshake is a test's intention, not news.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(_Conversation(self, reader, writer).run())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(
            connected, sock=self._socket, ssl=None if self._starttls else self._tls, limit=LIMIT
        )
        self._started.set()
        await self._stopped.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def act_at(self, phase: At, command: str) -> Act | None:
        with self._arrived:
            self.seen[phase] += 1
            self._arrived.notify_all()
        with self._lock:
            for rule in self._rules:
                if rule.at != phase or rule.match.lower() not in command.lower():
                    continue
                if rule.after > 0:
                    rule.after -= 1
                    continue
                if rule.times is None:
                    return rule.do
                if rule.times > 0:
                    rule.times -= 1
                    return rule.do
        return None

    def take(self, taken: Taken, content: bytes) -> None:
        with self._lock:
            self._taken.append(taken)
            if self._keep:
                self.messages.append(content)
            if self._ledger_path is not None:
                with self._ledger_path.open("a") as file:
                    file.write(json.dumps({"message_id": taken.message_id, "recipient": taken.recipient}) + "\n")
                    file.flush()
                    if self._fsync:
                        os.fsync(file.fileno())


class _End(Exception):
    """This conversation is over."""


class _Conversation:
    def __init__(self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.secure = server._tls is not None and not server._starttls
        self.login: str | None = None
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.unsaid = b""
        self.handlers: dict[str, Callable[[str], Awaitable[None]]] = {
            "EHLO": self.ehlo, "HELO": self.helo, "STARTTLS": self.starttls, "AUTH": self.authenticate,
            "MAIL": self.mail, "RCPT": self.rcpt, "DATA": self.data, "RSET": self.rset, "NOOP": self.noop,
            "QUIT": self.quit,
        }  # fmt: skip

    async def run(self) -> None:
        try:
            await self.reach("greeting", "", "220 mx.test ESMTP")
            while line := await self.reader.readline():
                command = line.decode("utf-8", "replace").rstrip("\r\n")
                self.server.commands.append(command)
                handler = self.handlers.get(command.partition(" ")[0].upper())
                if handler is None:
                    await self.say("500 5.5.2 what?")
                else:
                    await handler(command)
        except (_End, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError):
            pass
        finally:
            self.flush()
            self.writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError, asyncio.CancelledError):
                await self.writer.wait_closed()

    async def reach(self, phase: At, command: str, usual: str | None) -> bool:
        """Play the phase; True if it went the usual way."""
        act = self.server.act_at(phase, command)
        if act is None:
            if usual is not None:
                await self.say(usual)
            return True
        await self.play(act)
        return False

    async def play(self, act: Act) -> None:
        match act:
            case Say(text):
                await self.say(text)
                if text.startswith("421"):
                    raise _End
            case Drop(reset):
                if reset:
                    raw: socket.socket = self.writer.get_extra_info("socket")
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.writer.transport.abort()
                raise _End
            case Hang():
                self.writer.transport.pause_reading()  # type: ignore[attr-defined]  # every socket transport has it
                await asyncio.Event().wait()
            case HalfLine(text, then):
                self.writer.write(text.encode())
                await self.writer.drain()
                await self.play(then)

    async def say(self, text: str) -> None:
        line = text.replace("\n", "\r\n").encode() + b"\r\n"
        match self.server.answering:
            case "each":
                self.writer.write(line)
            case "together":
                if not self.unsaid:
                    asyncio.get_running_loop().call_later(PAUSE_S, self.flush)
                self.unsaid += line
            case "halves":
                self.writer.write(line[: len(line) // 2])
                await asyncio.sleep(PAUSE_S)
                self.writer.write(line[len(line) // 2 :])
        await self.writer.drain()

    def flush(self) -> None:
        unsaid, self.unsaid = self.unsaid, b""
        if unsaid and not self.writer.is_closing():
            self.writer.write(unsaid)

    async def ehlo(self, command: str) -> None:
        offers = list(self.server.extensions)
        if self.server._starttls and not self.secure:
            offers.append("STARTTLS")
        if self.server.users is not None:
            offers.append(f"AUTH {' '.join(self.server.auth)}")
        lines = ["mx.test", *offers]
        usual = "\n".join(f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines)
        await self.reach("ehlo", command, usual)

    async def helo(self, command: str) -> None:
        await self.reach("ehlo", command, "250 mx.test")

    async def starttls(self, command: str) -> None:
        if not self.server._starttls or self.server._tls is None:
            await self.say("502 5.5.1 no TLS here")
        elif await self.reach("starttls", command, "220 go ahead"):
            await self.writer.start_tls(self.server._tls)
            self.secure = True

    async def authenticate(self, command: str) -> None:
        if not await self.reach("auth", command, None):
            return
        _, mechanism, *initial = command.split()
        if mechanism.upper() == "PLAIN":
            secret = initial[0] if initial else await self.ask("")
            _, user, password = base64.b64decode(secret).decode().split("\0")
        elif mechanism.upper() == "LOGIN":
            user = base64.b64decode(initial[0] if initial else await self.ask("VXNlcm5hbWU6")).decode()
            password = base64.b64decode(await self.ask("UGFzc3dvcmQ6")).decode()
        elif mechanism.upper() in {"XOAUTH2", "OAUTHBEARER"}:
            await self.by_token(mechanism.upper(), base64.b64decode(initial[0]).decode())
            return
        else:
            await self.say("504 5.5.4 unknown mechanism")
            return
        if (self.server.users or {}).get(user) == password:
            self.login = user
            await self.say("235 2.7.0 welcome")
        else:
            await self.say("535 5.7.8 Username and Password not accepted")

    async def by_token(self, mechanism: str, said: str) -> None:
        """The whole SASL string must be right; a refusal has two steps, the challenge and the 535."""
        for user, token in (self.server.users or {}).items():
            place = f"host={self.server.host}\x01port={self.server.port}\x01"
            good = {
                "XOAUTH2": f"user={user}\x01auth=Bearer {token}\x01\x01",
                "OAUTHBEARER": f"n,a={user},\x01{place}auth=Bearer {token}\x01\x01",
            }
            if said == good[mechanism]:
                self.login = user
                await self.say("235 2.7.0 welcome")
                return
        why = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"https://mail.example/"}').decode()
        answer = await self.ask(why)
        right = answer == ("" if mechanism == "XOAUTH2" else "AQ==")
        await self.say("535 5.7.8 Username and Password not accepted" if right else "501 5.5.2 empty answer wanted")

    async def ask(self, challenge: str) -> str:
        await self.say(f"334 {challenge}")
        return (await self.reader.readline()).decode().strip()

    async def mail(self, command: str) -> None:
        if self.server.users is not None and self.login is None:
            await self.say("530 5.7.0 Authentication required")
        elif await self.reach("mail", command, "250 2.1.0 ok"):
            self.sender, self.recipients = _path(command), []

    async def rcpt(self, command: str) -> None:
        if self.sender is None:
            await self.say("503 5.5.1 MAIL first")
        elif await self.reach("rcpt", command, "250 2.1.5 ok"):
            self.recipients.append(_path(command))

    async def data(self, command: str) -> None:
        if not self.recipients and not self.server.lax:
            await self.say("503 5.5.1 RCPT first")
            return
        if not await self.reach("data", command, "354 go on"):
            return
        about = ",".join(self.recipients)
        await self.reach("body", about, None)
        content = (await self.content()).replace(b"\r\n..", b"\r\n.")
        sender, recipients = self.sender or "", self.recipients
        self.sender, self.recipients = None, []
        if not await self.reach("dot", about, None):
            return
        for recipient in recipients:
            taken = Taken(
                message_id=_message_id(content),
                sender=sender,
                recipient=recipient,
                size=len(content),
                tls=self.secure,
                login=self.login,
            )
            self.server.take(taken, content)
        await self.reach("accepted", about, "250 2.0.0 taken")

    async def content(self) -> bytes:
        """All up to the final dot, which may be all there is."""
        read = bytearray(b"\r\n")
        while not read.endswith(b"\r\n.\r\n"):
            read += await self.reader.readuntil(b".\r\n")
        if self.server.deaf:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.reader.read(LIMIT), PAUSE_S)
        return bytes(read[2:-3])

    async def rset(self, command: str) -> None:
        self.sender, self.recipients = None, []
        await self.reach("rset", command, "250 2.0.0 ok")

    async def noop(self, _command: str) -> None:
        await self.say("250 2.0.0 ok")

    async def quit(self, command: str) -> None:
        await self.reach("quit", command, "221 2.0.0 bye")
        raise _End


def _path(command: str) -> str:
    return command[command.index("<") + 1 : command.index(">")]


def _message_id(content: bytes) -> str:
    for line in content[:8192].split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            return line[11:].strip().decode("utf-8", "replace")
    return ""


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port that nothing listens on."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def main() -> None:
    parser = argparse.ArgumentParser(description="A sink for mail on 127.0.0.1; ends with its standard input.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path)
    parser.add_argument("--no-fsync", action="store_true")
    given = parser.parse_args()
    with SmtpServer(ledger=given.ledger, fsync=not given.no_fsync, keep=False, port=given.port) as server:
        print(server.port, flush=True)
        with contextlib.suppress(EOFError, KeyboardInterrupt):
            input()
        print(len(server.ledger()), flush=True)


if __name__ == "__main__":
    main()
