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

START_SECONDS = 300
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
}


class Server:
    """A server that has been started, and may not answer yet.

    Parameters
    ----------
    folder : Path
        Home of the server, and of its log.
    database : str, optional
        SQLAlchemy URL; by default SQLite in the folder.
    """

    def __init__(self, folder: Path, database: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}"
        self.url = f"{self.address}/api"
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        environment = os.environ | QUIET | {"PREFECT_HOME": str(folder), "PREFECT_SERVER_UI_API_URL": self.url}
        if database:
            environment["PREFECT_API_DATABASE_CONNECTION_URL"] = database
        with open(folder / "server.log", "w") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)

    @contextmanager
    def directed(self) -> Iterator[str]:
        """Direct this process's flow runs to it, once it answers; yields the URL of its API."""
        wait_for(self.url, self.process)
        with temporary_settings({PREFECT_API_URL: self.url, PREFECT_HOME: self.folder}):
            yield self.url

    def stop(self) -> None:
        """End it, on a busy machine by force."""
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until a server answers.

    Raises
    ------
    RuntimeError
        If it does not within five minutes, or its process has ended.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the Prefect server did not start; see server.log in its folder")


@contextmanager
def prefect_server(folder: Path, database: str | None = None) -> Iterator[str]:
    """Start a server, and direct this process's flow runs to it; yields the URL of its API.

    Raises
    ------
    RuntimeError
        If it does not answer within five minutes.
    """
    server = Server(folder, database)
    try:
        with server.directed() as url:
            yield url
    finally:
        server.stop()
