"""The transport ``sendmail``: every message goes to the standard input of a local command, once per message.

Postfix, Exim, OpenSMTPD, msmtp, nullmailer and others install such a command, and its exit status tells what became of
the message (sysexits.h, as sendmail(8) and Postfix's sendmail(1) use it). The arguments are a list and no shell reads
them; the command gets a clean environment, without any secret of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Mapping
from typing import IO

from digest.delivery.base import RelayError
from digest.delivery.mailbox import UnsendableError, wire_address
from digest.delivery.replies import Phase, Reply
from digest.delivery.settings import SendmailSettings
from digest.model import Envelope
from digest.refusals import legible

KEPT = ("HOME", "USER", "LOGNAME", "TZ")
"""What msmtp and others need to find their own settings."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PLACES = re.compile(r"\{(?:sender|recipient)\}")
MOST_TEXT = 4096
"""Bytes of its output that are read: an explanation, not a log."""
KILL_S = 5.0
"""From asking it to end to making it."""

EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_NOUSER, EX_NOHOST, EX_UNAVAILABLE, EX_SOFTWARE = range(64, 71)
EX_OSERR, EX_OSFILE, EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL, EX_PROTOCOL, EX_NOPERM, EX_CONFIG = range(71, 79)

MEANINGS: Mapping[int, tuple[Phase, int, str]] = {
    0: (Phase.DOT, 250, ""),
    EX_DATAERR: (Phase.DOT, 554, "5.6.0 it does not take this message (EX_DATAERR)"),
    EX_NOUSER: (Phase.RCPT, 550, "5.1.1 no such user (EX_NOUSER)"),
    # A host that is not found may be the relay's own, as with msmtp: nobody's address is suppressed for that.
    EX_NOHOST: (Phase.RCPT, 451, "4.4.4 a host was not found (EX_NOHOST)"),
    EX_UNAVAILABLE: (Phase.DOT, 554, "it refuses this message (EX_UNAVAILABLE)"),
    EX_SOFTWARE: (Phase.DOT, 554, "an error of its own (EX_SOFTWARE)"),
    EX_OSERR: (Phase.DATA, 451, "4.3.0 an error of the system (EX_OSERR)"),
    EX_CANTCREAT: (Phase.DATA, 451, "4.3.0 it cannot write its queue (EX_CANTCREAT)"),
    EX_IOERR: (Phase.DATA, 451, "4.3.0 an error of reading or writing (EX_IOERR)"),
    EX_TEMPFAIL: (Phase.DATA, 451, "4.0.0 not now (EX_TEMPFAIL)"),
    EX_PROTOCOL: (Phase.DATA, 451, "4.5.0 the server it spoke to was not understood (EX_PROTOCOL)"),
}
"""Exit status → how far it went, an SMTP reply with the same consequence, and words."""

OURS: Mapping[int, str] = {
    EX_USAGE: "it does not know these arguments (EX_USAGE); see mail.sendmail",
    EX_NOINPUT: "an input file is missing (EX_NOINPUT)",
    EX_OSFILE: "a file of the system is missing (EX_OSFILE)",
    EX_NOPERM: "it may not, or its login is refused (EX_NOPERM)",
    EX_CONFIG: "its own settings are wrong (EX_CONFIG)",
    126: "it cannot be executed",
    127: "it is not there",
}
"""Exit statuses that would be the same for every message: the relay is at fault, not a delivery."""


class SendmailTransport:
    trial = False

    def __init__(self, settings: SendmailSettings) -> None:
        self.settings = settings
        self.name = settings.relay

    async def open(self) -> SendmailSession:
        """Look whether the command is there. Raises RelayError."""
        program = self.settings.command[0]
        if shutil.which(program, path=PATH) is None:
            reply = Reply(phase=Phase.CONNECT, code=None, text=f"there is no command {program}")
            raise RelayError(self.name, reply, "install a mail server or msmtp, or name the command in mail.sendmail")
        return SendmailSession(self.settings)


class SendmailSession:
    """One command at a time; a connection in name only."""

    def __init__(self, settings: SendmailSettings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self.usable = True

    async def send(self, envelope: Envelope, following: Envelope | None = None) -> Reply:
        try:
            sender, _ = wire_address(envelope.sender, empty_ok=True)
            recipient, _ = wire_address(envelope.recipient)
        except UnsendableError as error:
            return Reply(phase=Phase.CHECK, code=553, text=str(error))
        if recipient.startswith(b"-") and "--" not in self._settings.command:
            return Reply(phase=Phase.CHECK, code=553, text="5.1.3 the address would be read as an option")
        addresses = {"{sender}": os.fsdecode(sender), "{recipient}": os.fsdecode(recipient)}
        arguments = [PLACES.sub(lambda place: addresses[place[0]], each) for each in self._settings.command]
        with tempfile.TemporaryFile() as said:  # not a pipe: what it leaves running may keep that open
            return await self._run(arguments, envelope.data.replace(b"\r\n", b"\n"), said)

    async def _run(self, arguments: list[str], message: bytes, said: IO[bytes]) -> Reply:
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=said,
                stderr=said,
                env=_environment(),
                cwd="/",
                start_new_session=True,  # Ctrl-C on our terminal is for us
            )
        except (OSError, ValueError) as error:
            self.usable = False
            return Reply(phase=Phase.CONNECT, code=None, text=legible(str(error)))
        complete, late = False, ""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                complete = await _feed(process, message)
                await process.wait()
        except TimeoutError:
            late = f"no end within {self._settings.timeout_s:g} s"
        finally:
            self._process = None
            await _end(process)
        # Until the pipe is closed a sendmail waits for the end of the message: what it has not got it cannot send.
        phase = Phase.DOT if complete else Phase.DATA
        if late:
            return Reply(phase=phase, code=None, text=late)
        return _meaning(process.returncode or 0, phase=phase, complete=complete, text=_read(said))

    async def close(self) -> None:
        """Nothing stays open."""

    def abort(self) -> None:
        self.usable = False
        if self._process is not None:
            _signal(self._process, signal.SIGTERM)


async def _feed(process: asyncio.subprocess.Process, message: bytes) -> bool:
    """Write the message and end it; False if the command would not read all of it."""
    pipe = process.stdin
    if pipe is None:
        return False
    try:
        pipe.write(message)
        await pipe.drain()
    except (BrokenPipeError, ConnectionResetError):
        return False
    finally:
        pipe.close()
    try:
        await pipe.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _meaning(status: int, *, phase: Phase, complete: bool, text: str) -> Reply:
    """An exit status (negative: the signal that ended it) as an SMTP reply."""
    if status < 0:
        return Reply(phase=phase, code=None, text=f"killed by signal {-status}{_said(text)}")
    if status in OURS:
        return Reply(phase=Phase.CONNECT, code=None, text=f"exit {status}: {OURS[status]}{_said(text)}")
    if status == 0 and not complete:
        return Reply(phase=Phase.DOT, code=None, text="it ended well, but did not read the whole message")
    where, code, words = MEANINGS.get(status, (Phase.DOT, 554, f"exit {status}"))
    return Reply(phase=where, code=code, text=f"{words}{_said(text)}" if status else text or "taken by sendmail")


def _said(text: str) -> str:
    return f": {text}" if text else ""


def _read(said: IO[bytes]) -> str:
    said.seek(0)
    return legible(said.read(MOST_TEXT).decode("utf-8", "surrogateescape"))


async def _end(process: asyncio.subprocess.Process) -> None:
    """See to it that nothing is left of a command that had not ended."""
    if process.returncode is not None:
        return
    _signal(process, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), KILL_S)
    except TimeoutError:
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """To its whole group: a shell script has children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {"PATH": PATH, "LC_ALL": "C"}
