"""Servers of other people as child processes: started, waited for, and stopped by the process that was started."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lamplighter.errors import LamplighterError

START_SECONDS = 120.0
STOP_SECONDS = 20.0
TAIL = 5
"""Lines of a log that are shown when its server has ended."""


@dataclass(frozen=True, slots=True)
class Program:
    """How one server is started.

    Attributes
    ----------
    name : str
        What people call it.
    commands : tuple of str
        What the program may be called on the PATH; the first that is there is taken.
    arguments : tuple of str
    port : int
        Where it listens, on 127.0.0.1.
    ready : str
        The path that answers once it can work.
    package : str
        Where to get it.
    environment : mapping of str to str
        Variables beside those of this process.
    """

    name: str
    commands: tuple[str, ...]
    arguments: tuple[str, ...]
    port: int
    ready: str
    package: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def found(self) -> str:
        """The program on the PATH.

        Raises
        ------
        LamplighterError
            If it is not there.
        """
        for command in self.commands:
            if path := shutil.which(command):
                return path
        raise LamplighterError(
            f"no program {' or '.join(self.commands)} on the PATH",
            where=self.name,
            fix=f"install it: {self.package}",
        )


class Running:
    """A server that has been started.

    Parameters
    ----------
    program : Program
    folder : Path
        Holds its log.
    """

    def __init__(self, program: Program, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.program = program
        self.log = folder / f"{program.name}.log"
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            # Its own process group: Ctrl-C reaches this process alone, which then stops them in order.
            return subprocess.Popen(
                [self.program.found(), *self.program.arguments],
                env=os.environ | dict(self.program.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_again(self) -> None:
        """Start it as before once it has ended, and wait until it answers."""
        self.process.wait()
        self.process = self._started()
        self.wait()

    def wait(self, seconds: float = START_SECONDS) -> None:
        """Wait until it answers.

        Raises
        ------
        LamplighterError
            If it has ended, or does not answer in time.
        """
        try:
            wait_for(f"{self.program.address}{self.program.ready}", seconds, self._refuse_ended)
        except LamplighterError as error:
            raise LamplighterError(error.what, where=self.program.name, fix=f"read {self.log}") from None

    def _refuse_ended(self) -> None:
        if self.process.poll() is not None:
            raise LamplighterError(self.ended())

    def ended(self) -> str:
        """What it ended with: its exit code and the last lines of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return f"ended with {self.process.returncode}: {' | '.join(lines[-TAIL:]) or 'its log is empty'}"

    def stop(self) -> None:
        """End it; by force when it does not end by itself."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def wait_for(url: str, seconds: float = START_SECONDS, look: Callable[[], None] = lambda: None) -> None:
    """Wait until an address answers.

    Parameters
    ----------
    url : str
    seconds : float
    look : callable, optional
        Called before each try; may raise where waiting is in vain.

    Raises
    ------
    LamplighterError
        If it does not answer in time.
    """
    deadline = time.monotonic() + seconds
    while not _answers(url):
        look()
        if time.monotonic() > deadline:
            raise LamplighterError(f"no answer after {seconds:.0f} s", where=url, fix="read the log of its server")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status < 400)
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nothing listens on.

    Examples
    --------
    >>> len(set(free_ports(3)))
    3
    """
    taken = [socket.socket() for _ in range(count)]
    try:
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]
    finally:
        for one in taken:
            one.close()


def refuse_unready(programs: Sequence[Program]) -> None:
    """Refuse to start where a program is missing, or another one listens on its port already.

    Raises
    ------
    LamplighterError
        Naming the program, or every port that is taken.
    """
    for program in programs:
        program.found()
    taken = [program for program in programs if _is_taken(program.port)]
    if taken:
        what = ", ".join(f"{program.port} ({program.name})" for program in taken)
        raise LamplighterError(
            f"another program listens on the ports {what}",
            where="127.0.0.1",
            fix="stop it, or take free ports with `--ports free`",
        )


def _is_taken(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False
