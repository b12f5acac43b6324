"""A Prefect server of the demo's own, on a free port of this machine, gone when the demo ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from examples.stack.running import Program, Running, free_ports

START_SECONDS = 300
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
}


def prefect_program(folder: Path, port: int, database: str | None = None) -> Program:
    """How a server is started.

    Parameters
    ----------
    folder : Path
        Its home.
    port : int
    database : str, optional
        SQLAlchemy URL; by default SQLite in the folder.
    """
    environment = QUIET | {
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_UI_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_METRICS_ENABLED": "true",
    }
    if database:
        environment["PREFECT_API_DATABASE_CONNECTION_URL"] = database
    started = ("-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    return Program("prefect", (sys.executable,), started, port, "/api/health", "make setup", environment)


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
        self.folder = folder
        self.running = Running(prefect_program(folder, free_ports(1)[0], database), folder)
        self.process = self.running.process
        self.address = self.running.program.address
        self.url = f"{self.address}/api"

    @contextmanager
    def directed(self) -> Iterator[str]:
        """Direct this process's flow runs to it, once it answers; yields the URL of its API.

        Raises
        ------
        LamplighterError
            If it does not answer within five minutes, or has ended.
        """
        self.running.wait(START_SECONDS)
        with temporary_settings({PREFECT_API_URL: self.url, PREFECT_HOME: self.folder}):
            yield self.url

    def stop(self) -> None:
        """End it, on a busy machine by force."""
        self.running.stop()


@contextmanager
def prefect_server(folder: Path, database: str | None = None) -> Iterator[str]:
    """Start a server, and direct this process's flow runs to it; yields the URL of its API."""
    server = Server(folder, database)
    try:
        with server.directed() as url:
            yield url
    finally:
        server.stop()
