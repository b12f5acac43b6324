"""Refuses every connection beyond this machine.

With this folder on PYTHONPATH it holds in child processes too; the root conftest.py sees to that.
"""

import socket

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0", "::ffff:127.")


class ConnectionBeyondLoopback(AssertionError):
    """Something tried to reach the network."""


def _guarded(method):
    def guard(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            raise ConnectionBeyondLoopback(f"a connection to {address} was tried; tests and demo stay on loopback")
        return method(self, address)

    return guard


def _guarded_lookup(host, *arguments, **named):
    name = host.decode() if isinstance(host, bytes) else host
    if name and not name.startswith(LOOPBACK) and name != socket.gethostname():
        raise ConnectionBeyondLoopback(f"the name {name!r} was looked up; tests and demo stay on loopback")
    return _lookup(host, *arguments, **named)


_lookup = socket.getaddrinfo
socket.getaddrinfo = _guarded_lookup
socket.socket.connect = _guarded(socket.socket.connect)
socket.socket.connect_ex = _guarded(socket.socket.connect_ex)
