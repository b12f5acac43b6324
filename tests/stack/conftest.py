"""The live stack of the flights on free ports, with every length of time of the rules divided by sixty."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.flights.prepare import FIRST, prepare
from examples.stack.programs import programs
from examples.stack.running import Running
from examples.stack.stack import observability, ports_of, running, write_configuration
from lamplighter.core.time.window import Window
from storage.history import open_history
from storage.history.query import Filter, measurement_of
from storage.project.folder import Project
from tests.flows.small_world import MONITOR, day, log, rows
from tests.receivers import Receiver, http_receiver

SCALE = 60.0
DAYS = 7
CHECKS = "checks: [{metric: accuracy, below: 0.8, clears: 1}]\nnotify: [alertmanager]\n"
"""What the monitor of a small model has beside the rest: its runs take two seconds."""

NEEDED = ("prometheus", "prometheus-pushgateway", "prometheus-alertmanager", "prometheus-node-exporter")
WITHOUT = {"prefect"}
"""Servers of the stack that no alert depends on: this one starts in ten seconds."""


@dataclass
class Stack:
    """The servers that run, and what was sent on.

    Attributes
    ----------
    servers : dict of Running
        By name.
    project : Path
    receiver : Receiver
        The end of the chain.
    """

    servers: dict[str, Running]
    project: Path
    receiver: Receiver

    def address(self, name: str) -> str:
        """Where a server answers."""
        return self.servers[name].program.address

    def query(self, expr: str) -> list[dict[str, Any]]:
        """What Prometheus answers to an instant query."""
        answer = httpx.get(f"{self.address('prometheus')}/api/v1/query", params={"query": expr}).json()
        assert answer["status"] == "success", answer
        found = answer["data"]["result"]
        assert isinstance(found, list)
        return found

    def gauge(self, name: str) -> float | None:
        """What Prometheus knows of a gauge of the small model; None while it knows nothing."""
        found = self.query(f'{name}{{model="m"}}')
        return float(found[0]["value"][1]) if found else None

    def recorded(self, number: int, metric: str) -> float:
        """What the history holds of a day of the small model."""
        project = Project.open(self.project)
        window = Window.of("m", project.monitor("m").every, "UTC", day(number))
        known = measurement_of(open_history(project), window, Filter(metric=metric, segment=""))
        assert known is not None, f"{metric} of {day(number)} is not recorded"
        assert known.value is not None, known.reason
        return known.value

    def messages(self) -> Counter[str]:
        """How often each message arrived, by its title."""
        return Counter(self.receiver.titles)

    def run(self, number: int) -> str:
        """Run a day of the small model as its schedule would; what the command prints."""
        now = f"{day(number + 1)}T05:15"
        command = [str(Path(sys.executable).with_name("lamplighter")), "-C", str(self.project)]
        command += ["run", "m", "--day", str(day(number)), "--now", now]
        environment = os.environ | {"LAMPLIGHTER_PUSHGATEWAY_URL": self.address("pushgateway")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The servers, with a champion that is served, and a small model whose days wait for their runs."""
    if missing := [program for program in NEEDED if shutil.which(program) is None]:
        said = f"{', '.join(missing)}: not installed; install Debian's packages of these names"
        pytest.fail(said) if os.environ.get("CI") == "true" else pytest.skip(said)
    folder = tmp_path_factory.mktemp("stack")
    project, logs, configuration, data = (folder / it for it in ("project", "logs", "configuration", "data"))
    data.mkdir()
    with ExitStack() as closing:
        receiver = closing.enter_context(http_receiver())
        ports = ports_of("free")
        write_configuration(configuration, observability(ports, SCALE))
        # A champion to serve, and no day that was evaluated.
        prepare(project, FIRST, FIRST - timedelta(days=1))
        (project / "monitors" / "m.yaml").write_text(MONITOR + CHECKS)
        (project / "lamplighter.toml").write_text(f'[relay]\nreceivers = {{default = "json://{receiver.url}"}}\n')
        for number in range(DAYS):
            log(Project.open(project), number, rows(number))
        wanted = [it for it in programs(project, configuration, data, ports) if it.name not in WITHOUT]
        yield Stack(closing.enter_context(running(wanted, logs)), project, receiver)
