"""A Prefect server of the demo's own, on a free port of this machine, gone when the demo ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

START_SECONDS = 120
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
}


@contextmanager
def prefect_server(folder: Path, database: str | None = None) -> Iterator[str]:
    """Start a server, and direct this process's flow runs to it; yields the URL of its API.

    Parameters
    ----------
    folder : Path
        Home of the server, and of its log.
    database : str, optional
        SQLAlchemy URL; by default SQLite in the folder.

    Raises
    ------
    RuntimeError
        If it does not answer within two minutes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | QUIET | {"PREFECT_HOME": str(folder), "PREFECT_SERVER_UI_API_URL": url}
    if database:
        environment["PREFECT_API_DATABASE_CONNECTION_URL"] = database
    with open(folder / "server.log", "w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(url, process, folder / "server.log")
        with temporary_settings({PREFECT_API_URL: url, PREFECT_HOME: folder}):
            yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the Prefect server did not start; see {log}")
