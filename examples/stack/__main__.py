"""``python -m examples.stack``: the live stack of the flights on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from examples.flights.prepare import prepare
from examples.stack.programs import programs
from examples.stack.running import Running
from examples.stack.stack import observability, ports_of, running, watch, write_configuration
from lamplighter.errors import LamplighterError

NEXT = """
What to look at:
  answers       curl -s {service}/metrics | grep -E '^(request|inference)_'
  load          python -m examples.flights.load {service} --phase calm:60 --phase slow:400 --phase failing:800
  queries       {prometheus}/graph
  alerts        {prometheus}/alerts and {alertmanager}; the relay sends them to whom
                [relay] receivers = {{default = "slack://..."}} in {project}/lamplighter.toml names
  runs          PREFECT_API_URL={prefect}/api lamplighter -C {project} run flight-loop --day 2013-04-08
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
    # Whoever stops it by a signal has the servers stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
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
    write_configuration(configuration, observability(ports, scale))
    data.mkdir(parents=True, exist_ok=True)
    os.environ["LAMPLIGHTER_PUSHGATEWAY_URL"] = f"http://127.0.0.1:{ports['pushgateway']}"
    first, *others = programs(project, configuration, data, ports)
    print(f"stack: in {folder}")
    with running([first], logs) as pushgateway:
        print("  the project: a champion is trained, and a week is evaluated, at the first start in half a minute")
        prepare(project)
        with running(others, logs) as started:
            servers: dict[str, Running] = {**pushgateway, **started}
            addresses = {name: one.program.address for name, one in servers.items()}
            print(NEXT.format(project=project, **addresses), flush=True)
            watch(servers)


if __name__ == "__main__":
    sys.exit(main())
