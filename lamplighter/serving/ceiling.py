"""The memory that a container may use: the limit of its control group, in both versions of Linux's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")

UNLIMITED = 1 << 60
"""Version 1 writes a number near 2 ** 63 where there is no limit."""

NAMES = {2: ("memory.max", "memory.current", "inactive_file"),
         1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")}  # fmt: skip
"""The limit, what is in use, and what of it is cache that the kernel takes back first."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Bytes in use and bytes allowed."""

    used: int
    limit: int


def memory_ceiling(groups: Path = GROUPS, own: Path = OWN) -> Ceiling | None:
    """The limit that is nearest, of the group of this process and of those around it; None where there is none.

    Parameters
    ----------
    groups : Path
        Where the control groups are mounted.
    own : Path
        Which of them this process is in.
    """
    ceilings = [ceiling for folder, version in _folders(groups, own) if (ceiling := _ceiling(folder, version))]
    return max(ceilings, key=lambda ceiling: ceiling.used / ceiling.limit, default=None)


def _folders(groups: Path, own: Path) -> Iterator[tuple[Path, int]]:
    """The folder of each group around this process. In a container the path may be that of the host, and not there."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root, version = (groups / "memory", 1) if controllers else (groups, 2)
        inner = root / path.lstrip("/")
        yield root, version
        while inner != root and root in inner.parents:
            yield inner, version
            inner = inner.parent


def _ceiling(folder: Path, version: int) -> Ceiling | None:
    limit_file, usage_file, cache = NAMES[version]
    try:
        limit = int((folder / limit_file).read_text())
        used = int((folder / usage_file).read_text())
        lines = dict(line.split(" ", 1) for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        # No such group, or `max`: no limit.
        return None
    if not 0 < limit < UNLIMITED:
        return None
    return Ceiling(max(used - int(lines.get(cache, 0)), 0), limit)
