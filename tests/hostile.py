"""Local servers that answer as no server should: slowly, without end, with signs that no text has, or not at all."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Iterator[bytes]

SECRET_ECHO = b"you sent "


def _slowly(text: bytes) -> Answer:
    for i in range(len(text)):
        yield text[i : i + 1]
        time.sleep(1)


def _http(status: bytes, body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\n%sContent-Type: text/plain\r\nConnection: close\r\n\r\n%s" % (status, more, body)


HTTP: dict[str, Callable[[bytes], Answer]] = {
    "slow": lambda asked: _slowly(_http(b"200 OK", b"x" * 3600)),
    "endless": lambda asked: itertools.chain([_http(b"500 no", b"")], itertools.repeat(b"x" * 65536)),
    "nul": lambda asked: iter([_http(b"500 no", b"no\0 way \x1b[31m \xff\xfe")]),
    "closed": lambda asked: iter(()),
    "silent": lambda asked: _silent(),
    "garbage": lambda asked: iter([bytes(range(256)) * 40]),
    "headers": lambda asked: itertools.chain(
        [b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X-More: " + b"x" * 900 + b"\r\n")
    ),
    "redirects": lambda asked: iter([_http(b"302 Found", b"", b"Location: /again\r\n")]),
    "continues": lambda asked: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "echo": lambda asked: iter([_http(b"400 no", SECRET_ECHO + asked)]),
}
"""What a web server answers, by its kind, given what it was sent."""

SMTP: dict[str, Callable[[bytes], Answer]] = {
    "slow": lambda asked: _slowly(b"220 " + b"x" * 3600 + b"\r\n"),
    "endless": lambda asked: itertools.repeat(b"220-" + b"x" * 900 + b"\r\n"),
    "nul": lambda asked: iter([b"554 no\0 way \x1b[31m \xff\xfe\r\n"]),
    "closed": lambda asked: iter(()),
    "silent": lambda asked: _silent(),
    "garbage": lambda asked: iter([bytes(range(256)) * 40]),
}
"""How a mail server greets, by its kind."""


def _silent() -> Answer:
    yield b""
    time.sleep(3600)


@contextmanager
def hostile_server(answers: Callable[[bytes], Answer], *, greets: bool = False) -> Iterator[str]:
    """Serve until the context ends; yields host and port. One that ``greets`` speaks first, as a mail server does."""
    listener = socket.create_server(("127.0.0.1", 0))
    callers: list[socket.socket] = []

    def serve(caller: socket.socket) -> None:
        with suppress(OSError), caller:
            asked = b"" if greets else _request(caller)
            for part in answers(asked):
                caller.sendall(part)

    def accept() -> None:
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                callers.append(caller)
                threading.Thread(target=serve, args=(caller,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for held in (listener, *callers):
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
            held.close()


def _request(caller: socket.socket) -> bytes:
    """All of a request: closing before its body is read would reset the connection, and with it the answer."""
    asked = b""
    caller.settimeout(30)
    while not (head := asked.partition(b"\r\n\r\n"))[1] or len(head[2]) < _length(head[0]):
        if not (part := caller.recv(65536)):
            break
        asked += part
    return asked


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return int(found[1]) if found else 0
