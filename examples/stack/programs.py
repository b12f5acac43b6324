"""The servers of the stack: how each is started on its port, and the path that answers once it can work."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from examples.flights.server import prefect_program
from examples.flights.service_faults import FAULTS
from examples.stack.running import Program

PORTS: Mapping[str, int] = {
    "prometheus": 9090,
    "pushgateway": 9091,
    "alertmanager": 9093,
    "relay": 9094,
    "node": 9100,
    "prefect": 4200,
    "service": 8000,
}
"""Where each listens unless the ports are free ones; the committed configuration names these."""

OURS = Path(sys.executable).with_name("lamplighter")


def programs(project: Path, configuration: Path, data: Path, ports: Mapping[str, int]) -> list[Program]:
    """How the servers are started, in the order in which they depend on each other.

    Parameters
    ----------
    project : Path
        A project of the flights that is prepared.
    configuration : Path
        Holds what `lamplighter render --prometheus` writes.
    data : Path
        For what the servers keep.
    ports : mapping of str to int
        By the names of `PORTS`.

    Examples
    --------
    >>> [it.name for it in programs(Path("project"), Path("configuration"), Path("data"), PORTS)][:3]
    ['pushgateway', 'relay', 'alertmanager']
    """
    kept = ("--persistence.file=" + str(data / "pushgateway.gauges"), "--persistence.interval=1s")
    relay = ("-C", str(project), "relay", "--port", str(ports["relay"]))
    return [
        _debian("pushgateway", ("prometheus-pushgateway", "pushgateway"), kept, ports),
        Program("relay", (str(OURS),), relay, ports["relay"], "/-/healthy", "make setup"),
        _debian(
            "alertmanager",
            ("prometheus-alertmanager", "alertmanager"),
            (
                f"--config.file={configuration / 'alertmanager.yml'}",
                f"--storage.path={data / 'alertmanager'}",
                # One of its kind listens for no others.
                "--cluster.listen-address=",
            ),
            ports,
        ),
        _debian("node", ("prometheus-node-exporter", "node_exporter"), (), ports, ready="/"),
        prefect_program(data / "prefect", ports["prefect"]),
        _service(project, ports["service"]),
        _debian(
            "prometheus",
            ("prometheus",),
            (
                f"--config.file={configuration / 'prometheus.yml'}",
                f"--storage.tsdb.path={data / 'prometheus'}",
                "--enable-feature=exemplar-storage",
            ),
            ports,
        ),
    ]


def _debian(
    name: str, commands: tuple[str, ...], arguments: tuple[str, ...], ports: Mapping[str, int], ready: str = "/-/ready"
) -> Program:
    """A server of the Prometheus project, whose first name is that of Debian's package."""
    listen = f"--web.listen-address=127.0.0.1:{ports[name]}"
    package = f"Debian's {commands[0]}, or a release from prometheus.io"
    return Program(name, commands, (*arguments, listen), ports[name], ready, package)


def _service(project: Path, port: int) -> Program:
    served = ("-m", "uvicorn", "examples.flights.service:app", "--factory", "--host", "127.0.0.1")
    environment = {"LAMPLIGHTER_PROJECT": str(project), FAULTS: "1"}
    arguments = (*served, "--port", str(port), "--log-level", "warning")
    return Program("service", (sys.executable,), arguments, port, "/health", "make setup", environment)
