"""A little DNS server on loopback that says what it is told to, over UDP and TCP, and counts what it was asked.

    with DnsServer({"example.org": {"MX": ["10 mail.example.org."], "TXT": ['"v=spf1 -all"']}}) as server:
        Dns([server.address]).mx("example.org")

A name that it does not know does not exist (NXDOMAIN); one whose records are the word ``broken`` gets SERVFAIL, and one
whose records are ``silent`` no answer at all.
"""

from __future__ import annotations

import socketserver
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, "Mapping[str, Sequence[str]] | Literal['broken', 'silent']"]


class DnsServer:
    def __init__(self, zone: Zone) -> None:
        self.zone = dict(zone)
        self.asked: Counter[str] = Counter()
        outer = self

        class Packet(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, sock = self.request
                answer = outer._answer(data)
                if answer is not None:
                    wire = answer.to_wire()
                    if len(wire) > 1232:
                        answer.flags |= dns.flags.TC
                        answer.answer.clear()
                        wire = answer.to_wire()
                    sock.sendto(wire, self.client_address)

        class Stream(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                size = int.from_bytes(self.request.recv(2), "big")
                answer = outer._answer(self.request.recv(size))
                if answer is not None:
                    wire = answer.to_wire()
                    self.request.sendall(len(wire).to_bytes(2, "big") + wire)

        while True:  # until a port is free for both
            self._udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Packet)
            self.address: tuple[str, int] = ("127.0.0.1", self._udp.server_address[1])
            try:
                self._tcp = socketserver.ThreadingTCPServer(self.address, Stream)
                break
            except OSError:
                self._udp.server_close()

    def _answer(self, data: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked[f"{name} {kind}"] += 1
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        known = self.zone.get(name)
        if isinstance(known, str):
            answer.set_rcode(dns.rcode.SERVFAIL)
            return None if known == "silent" else answer
        if known is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif records := known.get(kind):
            answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, list(records)))
        return answer

    def __enter__(self) -> Self:
        for server in (self._udp, self._tcp):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()
