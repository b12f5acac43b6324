"""``python -m examples.stack``: the live stack of the flights on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import suppress
from pathlib import Path

from examples.flights.prepare import prepare
from examples.stack.programs import programs
from examples.stack.running import Running, refuse_unready
from examples.stack.stack import observability, ports_of, running, watch, write_configuration
from lamplighter.atomic import write_atomically
from lamplighter.errors import LamplighterError

NEXT = """
What to look at:
  answers       curl -s {service}/metrics | grep -E '^(request|inference)_'
  load          python -m examples.flights.load {service} --phase calm:60 --phase slow:400 --phase failing:800
  queries       {prometheus}/graph
  alerts        {prometheus}/alerts and {alertmanager}; the relay sends them to whom
                [relay] receivers = {{default = "slack://..."}} in {project}/lamplighter.toml names
  runs          export PREFECT_API_URL={prefect}/api
                lamplighter -C {project} run flight-loop --day 2013-04-08 --now 2013-04-09T05:15
                and so on, day by day, until 2013-04-14
  stop          Ctrl-C
"""


def main() -> int:
    """Start the stack, say where it answers, and stop it in order."""
    parser = argparse.ArgumentParser(prog="make stack", description="Start the live stack on this machine.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("stack"), help="default %(default)s")
    parser.add_argument("--ports", choices=("standard", "free"), default="standard", help="default %(default)s")
    parser.add_argument("--time-scale", type=float, default=1.0, help="divide every length of time of rules by this")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    # A signal stops the servers too; a shell's background process ignores SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            _run(folder, ports_of(arguments.ports), arguments.time_scale)
    except LamplighterError as error:
        print(f"stack: {error}", file=sys.stderr)
        return 2
    print("stack: stopped")
    return 0


def _run(folder: Path, ports: dict[str, int], scale: float) -> None:
    configuration, data, logs, project = (folder / it for it in ("configuration", "data", "logs", "project"))
    wanted = programs(project, configuration, data, ports)
    refuse_unready(wanted)
    write_configuration(configuration, observability(ports, scale))
    data.mkdir(parents=True, exist_ok=True)
    first, *others = wanted
    _write_settings(project, first.address)
    print(f"stack: in {folder}")
    with running([first], logs) as pushgateway:
        print("  the project: a champion is trained, and a week is evaluated, at the first start in half a minute")
        prepare(project)
        with running(others, logs) as started:
            servers: dict[str, Running] = {**pushgateway, **started}
            addresses = {name: one.program.address for name, one in servers.items()}
            print(NEXT.format(project=project, **addresses), flush=True)
            watch(servers)


def _write_settings(project: Path, pushgateway: str) -> None:
    """Have every run of the project push to this Pushgateway; what else its settings say stays."""
    path = project / "lamplighter.toml"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if not line.startswith("pushgateway_url")]
    project.mkdir(parents=True, exist_ok=True)
    write_atomically(path, "\n".join([f'pushgateway_url = "{pushgateway}"', *kept, ""]).encode())


if __name__ == "__main__":
    sys.exit(main())
