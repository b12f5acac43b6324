"""The servers of the stack, one row each: how it is started on its port, and the path that answers once it can work."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from examples.flights.server import prefect_program
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

DEBIAN = "Debian's {package}, or a release from prometheus.io"


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
    """
    return [
        Program(
            "pushgateway",
            ("prometheus-pushgateway", "pushgateway"),
            (
                f"--web.listen-address=127.0.0.1:{ports['pushgateway']}",
                f"--persistence.file={data / 'pushgateway.gauges'}",
                "--persistence.interval=1s",
            ),
            ports["pushgateway"],
            "/-/ready",
            DEBIAN.format(package="prometheus-pushgateway"),
        ),
        Program(
            "relay",
            (str(Path(sys.executable).with_name("lamplighter")),),
            ("-C", str(project), "relay", "--port", str(ports["relay"])),
            ports["relay"],
            "/-/healthy",
            "make setup",
        ),
        Program(
            "alertmanager",
            ("prometheus-alertmanager", "alertmanager"),
            (
                f"--config.file={configuration / 'alertmanager.yml'}",
                f"--storage.path={data / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{ports['alertmanager']}",
                # One of its kind listens for no others.
                "--cluster.listen-address=",
            ),
            ports["alertmanager"],
            "/-/ready",
            DEBIAN.format(package="prometheus-alertmanager"),
        ),
        Program(
            "node",
            ("prometheus-node-exporter", "node_exporter"),
            (f"--web.listen-address=127.0.0.1:{ports['node']}",),
            ports["node"],
            "/",
            DEBIAN.format(package="prometheus-node-exporter"),
        ),
        prefect_program(data / "prefect", ports["prefect"]),
        Program(
            "service",
            (sys.executable,),
            (
                *("-m", "uvicorn", "examples.flights.service:app", "--factory"),
                *("--host", "127.0.0.1", "--port", str(ports["service"]), "--log-level", "warning"),
            ),
            ports["service"],
            "/health",
            "make setup",
            {"LAMPLIGHTER_PROJECT": str(project), "FLIGHTS_FAULTS": "1"},
        ),
        Program(
            "prometheus",
            ("prometheus",),
            (
                f"--config.file={configuration / 'prometheus.yml'}",
                f"--storage.tsdb.path={data / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
                "--enable-feature=exemplar-storage",
            ),
            ports["prometheus"],
            "/-/ready",
            DEBIAN.format(package="prometheus"),
        ),
    ]
