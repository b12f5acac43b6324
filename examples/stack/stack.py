"""The servers together: started in order, waited for, watched and stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from examples.stack.programs import PORTS
from examples.stack.running import Program, Running, free_ports, refuse_unready
from lamplighter.atomic import write_atomically
from lamplighter.errors import LamplighterError
from prometheus.files import prometheus_files
from storage.project.observability import Observability

LOOK_SECONDS = 0.5


def ports_of(choice: str) -> dict[str, int]:
    """The ports of the servers: `standard` or `free` ones."""
    return dict(PORTS) if choice == "standard" else dict(zip(PORTS, free_ports(len(PORTS)), strict=True))


def observability(ports: Mapping[str, int], scale: float = 1.0, base: Observability | None = None) -> Observability:
    """What rules and targets are rendered with: those of this machine, on these ports.

    Parameters
    ----------
    ports : mapping of str to int
    scale : float, default=1
        Every length of time is divided by it.
    base : Observability, optional
        By default what the committed files are rendered with.
    """
    base = base or Observability()
    at = {name: (f"127.0.0.1:{port}",) for name, port in ports.items()}
    scrape = base.scrape.model_copy(
        update={
            "services": at["service"],
            "pushgateways": at["pushgateway"],
            "nodes": at["node"],
            "prefect": at["prefect"],
            "alertmanagers": at["alertmanager"],
        }
    )
    relay = f"http://127.0.0.1:{ports['relay']}/alertmanager"
    alertmanager = base.alertmanager.model_copy(update={"relay_url": relay})
    return base.model_copy(update={"scrape": scrape, "alertmanager": alertmanager}).scaled(scale)


def write_configuration(folder: Path, config: Observability) -> None:
    """Write what Prometheus and Alertmanager load."""
    for name, text in prometheus_files(config).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())


@contextmanager
def running(
    programs: Sequence[Program], logs: Path, say: Callable[[str], None] = print
) -> Iterator[dict[str, Running]]:
    """Run servers until the block ends; yields them once all of them answer.

    Raises
    ------
    LamplighterError
        If a port is taken, a program is missing, or a server does not come up; what was started is stopped then.
    """
    refuse_unready(programs)
    started: dict[str, Running] = {}
    try:
        for program in programs:
            started[program.name] = Running(program, logs)
        for one in started.values():
            one.wait()
            say(f"  {one.program.name:13s} {one.program.address}")
        yield started
    finally:
        for one in reversed(started.values()):
            one.stop()


def watch(started: Mapping[str, Running]) -> None:
    """Wait until a server ends.

    Raises
    ------
    LamplighterError
        Saying which, and how.
    """
    while True:
        for name, one in started.items():
            if one.process.poll() is not None:
                raise LamplighterError(one.ended(), where=name, fix=f"read {one.log}")
        time.sleep(LOOK_SECONDS)
