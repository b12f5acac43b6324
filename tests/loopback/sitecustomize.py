"""Refuses every connection beyond this machine.

With this folder on PYTHONPATH it holds in child processes too; the root conftest.py sees to that.
"""

from __future__ import annotations

import socket

TYPE_CHECKING = False
"""Type checkers take it for true; importing `typing` would cost every child process."""
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0", "::ffff:127.")


class ConnectionBeyondLoopback(AssertionError):
    """Something tried to reach the network."""


def _guarded(method: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
    def guard(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            raise ConnectionBeyondLoopback(f"a connection to {address} was tried; tests and demo stay on loopback")
        return method(self, address)

    return guard


def _guarded_lookup(host: Any, *arguments: Any, **named: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name and not name.startswith(LOOPBACK) and name != socket.gethostname():
        raise ConnectionBeyondLoopback(f"the name {name!r} was looked up; tests and demo stay on loopback")
    return _lookup(host, *arguments, **named)


_lookup = socket.getaddrinfo
socket.getaddrinfo = _guarded_lookup
for name in ("connect", "connect_ex"):
    setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
