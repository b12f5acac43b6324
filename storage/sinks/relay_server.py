"""The HTTP server of `lamplighter relay`, bounded in threads, in the size of a request, and in the time of one."""

from __future__ import annotations

import hmac
import sys
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore
from typing import Any

from pydantic import ValidationError

from lamplighter.errors import unexpected, visible
from storage.sinks.alert_message import Delivery
from storage.sinks.exchange import Deadline
from storage.sinks.relay import Answer, Relay

PATH = "/alertmanager/"
HEALTHY = "/-/healthy"

MOST_BODY = 4 * 1024 * 1024
"""Bytes of a delivery. A group of 1,000 alerts has one."""

MOST_THREADS = 16
SLOWEST = 10.0
"""Seconds that a client may take to send a request."""

TOO_SLOW = Answer(408, f"a delivery that did not arrive within {SLOWEST:g} s")
BUSY = b"HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\n\r\nthe relay is busy\n"


class RelayServer(ThreadingHTTPServer):
    """Listens, and gives each delivery to the relay.

    Parameters
    ----------
    address : (str, int)
    relay : Relay
    token : str
        What a delivery has to bring as a bearer token; empty for none.
    report : callable
        Is given a line for each fault.
    """

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], relay: Relay, token: str, report: Callable[[str], object]) -> None:
        super().__init__(address, Handler)
        self.relay, self.token, self.report = relay, token, report
        self._free = BoundedSemaphore(MOST_THREADS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread, while there are few."""
        if not self._free.acquire(blocking=False):
            with suppress(OSError):
                request.sendall(BUSY)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for the next one."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what no code foresaw; where a client has gone or was too slow, Alertmanager delivers again."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.report(unexpected(error))


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: RelayServer
    timeout = SLOWEST

    def do_GET(self) -> None:
        """Say that it runs."""
        self._answer(Answer(200, "healthy") if self.path == HEALTHY else Answer(404, f"ask for {HEALTHY}"))

    def do_POST(self) -> None:
        """Take a delivery."""
        try:
            answer = self._delivered()
        except TimeoutError:
            answer = TOO_SLOW
        except Exception as error:
            answer = Answer(500, unexpected(error))
        if answer.status >= 400:
            self.server.report(answer.line)
        self._answer(answer)

    def _delivered(self) -> Answer:
        receiver = self.path.removeprefix(PATH)
        if receiver == self.path or not receiver or "/" in receiver:
            return Answer(404, f"no path {visible(self.path)[:100]!r}; post to {PATH}NAME")
        if self.server.token and not self._is_allowed():
            return Answer(401, "a delivery without the token of LAMPLIGHTER_RELAY_TOKEN; set relay_token_file")
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            return Answer(411, "a delivery without a Content-Length")
        if int(length) > MOST_BODY:
            return Answer(413, f"a delivery of {length[:20]} bytes; at most {MOST_BODY} are read: group by more labels")
        body = self._body(int(length))
        if body is None:
            return TOO_SLOW
        try:
            delivery = Delivery.model_validate_json(body)
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, detail["loc"])) or "body"
            return Answer(400, f"no delivery of Alertmanager's webhook, version 4: {where}: {detail['msg']}")
        return self.server.relay.deliver(receiver, delivery)

    def _body(self, length: int) -> bytes | None:
        """What is posted; nothing where it comes too slowly, of which the socket's own time knows only each byte."""
        deadline, parts = Deadline(SLOWEST), bytearray()
        while len(parts) < length and deadline.left:
            self.connection.settimeout(deadline.left)
            part = self.rfile.read1(length - len(parts))
            if not part:
                break
            parts += part
        return bytes(parts) if len(parts) == length else None

    def _is_allowed(self) -> bool:
        given = self.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode())

    def _answer(self, answer: Answer) -> None:
        body = f"{visible(answer.line)}\n".encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests that went well."""
