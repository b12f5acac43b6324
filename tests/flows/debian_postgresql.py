"""PostgreSQL as Debian packs it: with the extension that Prefect's server needs, which the wheel does not have."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60


def _programs() -> list[Path]:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def is_installed() -> bool:
    """Whether this machine has it."""
    return bool(_programs())


@contextmanager
def debian_postgresql() -> Iterator[str]:
    """A PostgreSQL on a free port of this machine; yields host, port and database as Prefect's server takes them."""
    programs = _programs()
    assert programs, "install the Debian package postgresql"
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        as_user = _as_user(folder)
        data, log = folder / "data", folder / "log"
        initdb = [*as_user, str(programs[-1] / "initdb"), "-D", str(data), "-U", "prefect", "-A", "trust"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
        command = [str(programs[-1] / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", name]
        with log.open("w") as output:
            process = subprocess.Popen([*as_user, *command], stdout=output, stderr=output, cwd=folder)
        try:
            _wait(port, process, log)
            yield f"prefect@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait(30)


def _as_user(folder: Path) -> list[str]:
    """What stands before a command so that it is not run by root, whom PostgreSQL refuses."""
    if os.geteuid():
        return []
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    setpriv = shutil.which("setpriv")
    assert setpriv
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if "ready to accept connections" in log.read_text():
            return
        time.sleep(0.1)
    raise AssertionError(f"PostgreSQL did not start on port {port}: {log.read_text()}")
