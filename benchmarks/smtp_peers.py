"""The ways to send in Python that benchmarks/smtp.py compares, each in a process of its own:

    python benchmarks/smtp_peers.py WHO PORT COUNT CONNECTIONS FOLDER

The folder holds ``parts.json`` (see Parts) and ``messages.pickle``: (recipient, signed message) of every reader.
Prints {"accepted", "seconds", "cpu_s"}: from before the first connection is opened until the last is closed, CPU time
of this process, user and system, all threads. What is needed beforehand (imports, signed messages) is not counted.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from digest.delivery.replies import Phase
from digest.delivery.settings import SmtpSettings
from digest.delivery.smtp import SmtpTransport
from digest.model import Envelope
from digest.settings.mail import TlsMode

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a client that builds its own messages starts from; NUMBER stands where they differ."""

    sender: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """The work of one process."""

    count: int
    connections: int
    folder: Path

    def finished(self) -> list[tuple[str, bytes]]:
        with (self.folder / "messages.pickle").open("rb") as stream:
            messages: list[tuple[str, bytes]] = pickle.load(stream)
        return messages[: self.count]

    def parts(self) -> Parts:
        return Parts(**json.loads((self.folder / "parts.json").read_text()))


Work = Callable[[int], Awaitable[int]]
"""Sends everything to a port; returns how many messages were accepted."""


def ours(parcel: Parcel) -> Work:
    """The transport and the sessions of the product, told what follows as a worker tells them."""
    sender = parcel.parts().sender
    queue = iter(
        [
            Envelope(delivery_id=number, sender=sender, recipient=recipient, message_id="", data=data)
            for number, (recipient, data) in enumerate(parcel.finished())
        ]
    )

    async def work(port: int) -> int:
        transport = SmtpTransport(SmtpSettings(host=HOST, port=port, tls=TlsMode.NONE))

        async def connection() -> int:
            session = await transport.open()
            accepted, envelope = 0, next(queue, None)
            while envelope is not None:
                following = next(queue, None)
                reply = await session.send(envelope, following)
                accepted += reply.phase is Phase.DOT and reply.code == 250
                envelope = following
            await session.close()
            return accepted

        return sum(await asyncio.gather(*(connection() for _ in range(parcel.connections))))

    return work


def aiosmtplib_pool(parcel: Parcel) -> Work:
    """One client per connection, each sending finished bytes one after the other."""
    sender, queue = parcel.parts().sender, iter(parcel.finished())

    async def send(client: aiosmtplib.SMTP) -> int:
        accepted = 0
        for recipient, data in queue:
            errors, _ = await client.sendmail(sender, [recipient], data)
            accepted += not errors
        return accepted

    return _pool(parcel, send)


def aiosmtplib_email_message(parcel: Parcel) -> Work:
    """The same with an ``EmailMessage`` made for each reader, as most people would write it; not signed."""
    queue = _messages(parcel.parts(), parcel.count)

    async def send(client: aiosmtplib.SMTP) -> int:
        accepted = 0
        for message in queue:
            errors, _ = await client.send_message(message)
            accepted += not errors
        return accepted

    return _pool(parcel, send)


def _pool(parcel: Parcel, send: Callable[[aiosmtplib.SMTP], Awaitable[int]]) -> Work:
    async def work(port: int) -> int:
        async def connection() -> int:
            async with aiosmtplib.SMTP(hostname=HOST, port=port, start_tls=False) as client:
                return await send(client)

        return sum(await asyncio.gather(*(connection() for _ in range(parcel.connections))))

    return work


def _messages(parts: Parts, count: int) -> Iterator[EmailMessage]:
    for number in range(count):
        message = EmailMessage(policy=policy.SMTP)
        message["From"], message["To"] = parts.sender, f"reader-{number}@inbox.example"
        message["Subject"] = parts.subject.replace("NUMBER", str(number))
        message.set_content(parts.text.replace("NUMBER", str(number)), cte="quoted-printable")
        message.add_alternative(parts.html.replace("NUMBER", str(number)), subtype="html", cte="quoted-printable")
        yield message


PEERS: dict[str, Callable[[Parcel], Work]] = {
    "digest": ours,
    "aiosmtplib": aiosmtplib_pool,
    "aiosmtplib_email_message": aiosmtplib_email_message,
}


async def _measured(work: Work, port: int) -> dict[str, float]:
    clock, cpu = time.perf_counter(), time.process_time()
    accepted = await work(port)
    return {"accepted": accepted, "seconds": time.perf_counter() - clock, "cpu_s": time.process_time() - cpu}


def main() -> None:
    who, port, count, connections, folder = sys.argv[1:]
    work = PEERS[who](Parcel(int(count), int(connections), Path(folder)))
    print(json.dumps(asyncio.run(_measured(work, int(port)))))


if __name__ == "__main__":
    main()
