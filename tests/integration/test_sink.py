"""The benchmarks' SMTP sink: what it counts is what was sent, however the packets fall."""

from __future__ import annotations

import smtplib
import socket

import pytest

from benchmarks.sink import HOST, Sink

pytestmark = pytest.mark.slow


def test_messages_of_an_ordinary_client_are_counted() -> None:
    """Two messages over one connection, dots and all."""
    with Sink() as sink:
        with smtplib.SMTP(HOST, sink.port) as client:
            for body in ("Subject: a\r\n\r\n.\r\n..\r\nend", "Subject: b\r\n\r\n"):
                client.sendmail("a@a.example", ["b@b.example"], body)
        counts = sink.counts()
    assert (counts.connections, counts.messages) == (1, 2)


@pytest.mark.parametrize("packet", [1, 7, 4096])
def test_pipelined_commands_and_split_packets_give_the_same_replies(packet: int) -> None:
    """An envelope per message in one flight, an empty message too: one reply each, whatever the packets."""
    transaction = b"MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n"
    flight = b"EHLO me\r\n" + transaction + b"x: y\r\n\r\nhello\r\n.\r\n" + transaction + b".\r\nQUIT\r\n"
    with Sink() as sink:
        with socket.create_connection((HOST, sink.port), timeout=10) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for start in range(0, len(flight), packet):
                client.sendall(flight[start : start + packet])
            replies = b""
            while chunk := client.recv(65536):
                replies += chunk
        counts = sink.counts()
    codes = [line[:3] for line in replies.split(b"\r\n") if line[3:4] == b" "]
    assert codes == [b"220", b"250", b"250", b"250", b"354", b"250", b"250", b"250", b"354", b"250", b"221"]
    assert counts.messages == 2
