"""A real Pushgateway on a free port of this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PUSHGATEWAY = shutil.which("prometheus-pushgateway")

needs_pushgateway = pytest.mark.skipif(
    PUSHGATEWAY is None and os.environ.get("CI") != "true",
    reason="prometheus-pushgateway is not installed (Debian package of that name)",
)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def pushgateway(config: Path | None = None, port: int = 0) -> Iterator[str]:
    """Start one, with a file that says how it is served, and yield its address; it forgets all at its end."""
    assert PUSHGATEWAY, "CI needs prometheus-pushgateway (Debian package of that name)"
    port = port or free_port()
    # Debian's keeps what was pushed in a file of the system's, unless an option forbids it.
    arguments = [PUSHGATEWAY, f"--web.listen-address=127.0.0.1:{port}", "--persistence.file="]
    arguments += [f"--web.config.file={config}"] if config else []
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 15
        while not _listens(port):
            assert process.poll() is None, "the Pushgateway did not start"
            assert time.monotonic() < deadline, "the Pushgateway does not listen"
            time.sleep(0.02)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
