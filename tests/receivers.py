"""Local receivers of messages: whatever is posted or mailed to them is kept."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """An HTTP server of this machine.

    Attributes
    ----------
    url : str
        Without the scheme.
    got : list of (str, dict)
        Path and JSON of what was posted.
    refusals : int
        How many posts are answered by an error first.
    delay : float
        Seconds that an answer takes.
    """

    url: str
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusals: int = 0
    delay: float = 0.0

    @property
    def titles(self) -> list[str]:
        """The titles of what was posted to json://."""
        return [content["title"] for _, content in self.got]


@contextmanager
def http_receiver(status: int = 200) -> Iterator[Receiver]:
    """Receive posts until the context ends."""
    receiver = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            refused = receiver.refusals > 0
            receiver.refusals -= refused
            if not refused:
                receiver.got.append((self.path, json.loads(content)))
            time.sleep(receiver.delay)
            # The client may have gone.
            with suppress(OSError):
                self.send_response(500 if refused else status)
                self.end_headers()
                self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def otlp_receiver() -> Iterator[tuple[str, list[Any]]]:
    """Receive spans by OTLP until the context ends; yields the endpoint, and the spans as protobuf has them."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            content = gzip.decompress(content) if self.headers.get("Content-Encoding") == "gzip" else content
            asked = ExportTraceServiceRequest.FromString(content)
            spans.extend(it for of in asked.resource_spans for scope in of.scope_spans for it in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def mail_receiver(delay: float = 0.0, refused: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Receive mail until the context ends; yields host and port, and what was received.

    Each answer to a message takes ``delay`` seconds; mail to the address ``refused`` is not taken.
    """
    from aiosmtpd.controller import Controller

    received: list[Any] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            received.append(envelope)
            await asyncio.sleep(delay)
            return "250 OK"

        async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
            if address == refused:
                return "550 no such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"127.0.0.1:{port}", received
    finally:
        controller.stop()
