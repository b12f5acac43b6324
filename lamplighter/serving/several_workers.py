"""Whether a service has several workers, which `prometheus_client` collects together."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from prometheus_client import values

logger = logging.getLogger("lamplighter.serving")

WORKERS = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder which the workers of a service share; `prometheus_client` reads it at import."""


def of_several_workers() -> bool:
    """Whether this process is one of several that `prometheus_client` collects together.

    Examples
    --------
    >>> of_several_workers()
    False
    """
    return bool(getattr(values.ValueClass, "_multiprocess", False))


LISTENS = "0A"
"""The state of a socket that listens, as Linux writes it."""


@cache
def warn_of_workers() -> None:
    """Say once where a scrape reaches one of several workers by chance, and each counts by itself.

    Linux alone shows which processes share a socket; elsewhere, and where sockets are not of TCP, nothing is said.
    """
    others = 0 if of_several_workers() else _workers_beside(Path("/proc"))
    if others:
        logger.warning(
            "metrics are those of one worker of %d, and each scrape may reach another: counters jump and are wrong; "
            "name an empty folder in %s before the service starts, such as /dev/shm/metrics",
            others + 1,
            WORKERS,
        )


def _workers_beside(proc: Path) -> int:
    """How many processes have the parent that this one has, and listen on a socket of its own."""
    with suppress(OSError, ValueError, IndexError):
        mine = _sockets(proc / "self") & _listening(proc)
        parent = os.getppid()
        beside = (path for path in proc.iterdir() if mine and path.name.isdigit() and int(path.name) != os.getpid())
        return sum(1 for path in beside if _parent(path) == parent and _sockets(path) & mine)
    return 0


def _parent(process: Path) -> int:
    with suppress(OSError, ValueError, IndexError):
        # The name of a program stands in parentheses, and may hold anything.
        return int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    return -1


def _sockets(process: Path) -> set[str]:
    """The inodes of a process' sockets; those of another user's are not seen."""
    found: set[str] = set()
    with suppress(OSError):
        for entry in (process / "fd").iterdir():
            with suppress(OSError):
                kind, _, inode = os.readlink(entry).partition(":")
                if kind == "socket":
                    found.add(inode.strip("[]"))
    return found


def _listening(proc: Path) -> set[str]:
    """The inodes of the sockets that listen on TCP."""
    found: set[str] = set()
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            lines = [line.split() for line in (proc / "net" / name).read_text().splitlines()[1:]]
            found.update(parts[9] for parts in lines if parts[3] == LISTENS)
    return found
