"""What servers send in place of an answer: by accident, from a captive portal, or to do harm."""

from __future__ import annotations

from collections.abc import Iterator

PAGE = b"<!DOCTYPE html><html><head><title>Log in</title></head><body><form><p>Who are you?<br></form></body></html>"
GARBAGE = bytes(range(256)) * 40
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
"""Ten entities that stand for a gigabyte of laughter."""


def garbage() -> Iterator[tuple[str, bytes]]:
    """Bytes that are no answer in any format."""
    yield "nothing", b""
    yield "white space", b" \r\n\t " * 50
    yield "bytes of all kinds", GARBAGE
    yield "zeros", bytes(5_000)
    yield "a web page", PAGE
    yield "a sentence", b"Rate limit exceeded. Please try again later."
    yield "JSON of another kind", b'{"detail": "Not found", "results": 7, "items": "x", "data": {"a": [null]}}'
    yield "a list of odd things", b'[1, null, "x", [], {}, true, 2305.10430, {"id": {}, "title": ["x"]}]'
    yield "XML of another kind", b"<?xml version='1.0'?><other><thing id='1'/></other>"
    yield "UTF-16", "nothing to see".encode("utf-16")
    yield "half a character", b'{"title": "\xc3'


def huge() -> Iterator[tuple[str, bytes]]:
    """Input that costs a careless parser minutes, its stack, or all memory."""
    yield "100,000 open brackets", b"[" * 100_000
    yield "100,000 open braces", b'{"a":' * 100_000
    yield "XML 100,000 deep", b"<a>" * 100_000
    yield "5 MB of angle brackets", b"<" * 5_000_000
    yield "5 MB of words", b"word " * 1_000_000
    yield "a number of 10,000 digits", b'{"items": [' + b"9" * 10_000 + b"]}"


def entities() -> Iterator[tuple[str, bytes]]:
    """A billion laughs, and files from outside."""
    inside = "<channel><item><title>&l9;</title><link>https://lab.example/1</link><guid>1</guid></item></channel>"
    external = '<!ENTITY l9 SYSTEM "file:///etc/passwd">'
    for name, declared in (("a billion laughs", LAUGHS), ("a file from outside", external)):
        yield name, f'<?xml version="1.0"?><!DOCTYPE rss [{declared}]><rss version="2.0">{inside}</rss>'.encode()
