"""What it costs to watch a service: the flights' `/predict` bare, with another instrument, and with Lamplighter.

The other one is prometheus-fastapi-instrumentator. Each is a uvicorn server with one worker. They are asked in turn, so
that whatever slows the machine slows all of them: each request by one connection for its time, then blocks of requests
by eight connections for the throughput. A figure is the median of the differences or ratios to the bare one beside it;
what it is given with, two standard errors, is what another measurement may differ by. Lamplighter also logs every row;
what is on the disk afterwards gives the bytes of one. The last line is JSON.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.serving_apps import APPS
from examples.flights.load import flights_as_json
from examples.flights.prepare import prepare
from examples.flights.replay import LOG
from examples.stack.running import Program, free_ports
from examples.stack.stack import running

BARE, OURS = "bare", "lamplighter"
CONNECTIONS, BLOCK = 8, 30
"""At once, and requests of a block."""

HEADERS = {"content-type": "application/json"}


@dataclass
class Measured:
    """Of one app: milliseconds of each request, and requests a second of each block."""

    milliseconds: list[float] = field(default_factory=list)
    throughput: list[float] = field(default_factory=list)


def main() -> None:
    """Measure, print a line for each app, and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=3000, help="one by one; default %(default)s")
    parser.add_argument("--blocks", type=int, default=100, help="of requests at once; default %(default)s")
    parser.add_argument("--folder", type=Path, help="keep the project here; by default it is temporary")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        project = prepare(folder.resolve())
        servers = [_server(app, project.root, port) for app, port in zip(APPS, free_ports(len(APPS)), strict=True)]
        before = _logged(project.root)
        with running(servers, folder / "logs") as started:
            ports = {name: one.program.port for name, one in started.items()}
            found = _measure(ports, arguments.requests, arguments.blocks)
        rows, size = (after - earlier for after, earlier in zip(_logged(project.root), before, strict=True))
    print(json.dumps(_shown(found, rows, size)))


def _server(app: str, project: Path, port: int) -> Program:
    started = ("-m", "uvicorn", f"benchmarks.serving_apps:{app}", "--factory", "--port", str(port))
    quiet = ("--log-level", "warning", "--no-access-log")
    return Program(
        app, (sys.executable,), (*started, *quiet), port, "/openapi.json", "", {"LAMPLIGHTER_PROJECT": str(project)}
    )


def _measure(ports: dict[str, int], requests: int, blocks: int) -> dict[str, Measured]:
    bodies = flights_as_json()
    found = {name: Measured() for name in ports}
    with ExitStack() as stack:
        connections = {name: stack.enter_context(closing(_connection(port))) for name, port in ports.items()}
        for body in bodies[:100]:
            for connection in connections.values():
                _ask(connection, body)
        for number, body in enumerate(islice(cycle(bodies), requests)):
            for name in _in_turn(ports, number):
                found[name].milliseconds.append(1000 * _ask(connections[name], body))
    rest = cycle(bodies)
    for block in range(blocks):
        part = list(islice(rest, BLOCK))
        for name in _in_turn(ports, block):
            found[name].throughput.append(_throughput(ports[name], part))
    return found


def _in_turn(names: Iterable[str], number: int) -> list[str]:
    """The names, of which each number lets another one be the first."""
    order = [*names]
    first = number % len(order)
    return order[first:] + order[:first]


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def _ask(connection: http.client.HTTPConnection, body: bytes) -> float:
    """The seconds until a request was answered."""
    since = time.perf_counter()
    connection.request("POST", "/predict", body, HEADERS)
    answer = connection.getresponse()
    content = answer.read()
    seconds = time.perf_counter() - since
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {content.decode(errors='replace')[:200]}")
    return seconds


def _ask_all(port: int, bodies: Sequence[bytes]) -> None:
    """Ask one by one over one connection."""
    with closing(_connection(port)) as connection:
        for body in bodies:
            _ask(connection, body)


def _throughput(port: int, bodies: Sequence[bytes]) -> float:
    """Requests a second over several connections at once."""
    since = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        asked = [threads.submit(_ask_all, port, bodies[i::CONNECTIONS]) for i in range(CONNECTIONS)]
        for one in asked:
            one.result()
    return len(bodies) / (time.perf_counter() - since)


def _logged(project: Path) -> tuple[int, int]:
    """Rows and bytes of the prediction log of today: those of 2013 are the example's own."""
    files = list((project / "data" / "predictions" / LOG).glob("day=20[2-9]*/*.parquet"))
    return sum(pq.read_metadata(path).num_rows for path in files), sum(path.stat().st_size for path in files)


def _shown(found: dict[str, Measured], rows: int, size: int) -> dict[str, object]:
    bare = found[BARE]
    result: dict[str, object] = {}
    for name, measured in found.items():
        added = [1000 * (one - other) for one, other in zip(measured.milliseconds, bare.milliseconds, strict=True)]
        ratio = [one / other for one, other in zip(measured.throughput, bare.throughput, strict=True)]
        milliseconds, rate = statistics.median(measured.milliseconds), statistics.median(measured.throughput)
        print(
            f"{name:15s} {milliseconds:6.2f} ms  {statistics.median(added):+5.0f} (+-{_error(added):.0f}) us  "
            f"{rate:6.1f} requests/s  {statistics.median(ratio):.3f} (+-{_error(ratio):.3f}) of the bare one"
        )
        result[name] = {
            "milliseconds": round(milliseconds, 3),
            "added_microseconds": round(statistics.median(added)),
            "added_microseconds_error": round(_error(added)),
            "requests_per_second": round(rate, 1),
            "throughput_ratio": round(statistics.median(ratio), 4),
            "throughput_ratio_error": round(_error(ratio), 4),
        }
    logged = {"rows": rows, "bytes_per_row": round(size / rows, 1) if rows else None}
    print(f"logged {rows} rows, {logged['bytes_per_row']} bytes each")
    return {**result, "logged": logged}


def _error(values: list[float]) -> float:
    """Two standard errors of their median, by their quartiles: a few of them may lie anywhere."""
    if len(values) < 4:
        return math.inf
    low, _, high = statistics.quantiles(values, n=4)
    return 2 * 1.2533 * (high - low) / 1.349 / math.sqrt(len(values))


if __name__ == "__main__":
    main()
