"""A bounded load on the service: flights of 2013 at a steady rate, in phases that are calm, slow or failing.

``python -m examples.flights.load http://127.0.0.1:8000 --phase calm:30 --phase slow:60 --phase failing:60``
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import math
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import numpy as np

from examples.flights.features import FEATURES
from examples.flights.rows import predicted
from examples.flights.service_faults import DELAY, FAIL

PHASES: Mapping[str, Mapping[str, str]] = {
    "calm": {},
    "slow": {DELAY: "1.5"},
    "failing": {FAIL: "0.5"},
}
"""What each phase asks of the service, which obeys where it was started with `FLIGHTS_FAULTS=1`."""

DAY = dt.date(2013, 4, 1)
MOST_AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class Phase:
    """What was sent in one phase, and how it was answered: milliseconds of the answers, and how many failed."""

    name: str
    sent: int
    failed: int
    median: float
    p95: float

    def __str__(self) -> str:
        return (
            f"{self.name:8s} {self.sent:6d} sent  {self.failed:6d} failed  "
            f"median {self.median:7.1f} ms  p95 {self.p95:7.1f} ms"
        )


def flights_as_json(day: dt.date = DAY) -> list[bytes]:
    """The flights of a day as bodies of requests; what is not known of a flight is null."""
    rows = predicted(day, day)[FEATURES].to_dict("records")
    return [json.dumps({name: _plain(value) for name, value in row.items()}).encode() for row in rows]


def _plain(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def send(url: str, name: str, seconds: float, rate: float, bodies: Iterator[bytes]) -> Phase:
    """Send flights at a steady rate, and wait for every answer.

    Parameters
    ----------
    url : str
        Of the service.
    name : str
        Of `PHASES`.
    seconds : float
        How long it sends.
    rate : float
        Requests a second.
    bodies : iterator of bytes
    """
    headers = {"content-type": "application/json", **PHASES[name]}
    begun = time.perf_counter()
    with httpx.Client(timeout=30) as client, ThreadPoolExecutor(MOST_AT_ONCE) as threads:

        def one(body: bytes) -> tuple[bool, float]:
            since = time.perf_counter()
            try:
                is_sound = client.post(f"{url}/predict", content=body, headers=headers).status_code < 400
            except httpx.HTTPError:
                is_sound = False
            return is_sound, 1000 * (time.perf_counter() - since)

        sent = []
        for number in range(int(seconds * rate)):
            time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            sent.append(threads.submit(one, next(bodies)))
        answers = [it.result() for it in sent]
    times = [taken for _, taken in answers] or [math.nan]
    failed = sum(not is_sound for is_sound, _ in answers)
    return Phase(name, len(answers), failed, float(np.median(times)), float(np.quantile(times, 0.95)))


def _phase(text: str) -> tuple[str, float]:
    name, _, seconds = text.partition(":")
    if name not in PHASES:
        raise argparse.ArgumentTypeError(f"no phase {name!r}; known: {', '.join(PHASES)}")
    try:
        return name, float(seconds)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write the name and the seconds, such as slow:60") from None


def main() -> None:
    """Send the phases in order."""
    parser = argparse.ArgumentParser(description="Send flights to the example service.")
    parser.add_argument("url", help="such as http://127.0.0.1:8000")
    parser.add_argument("--phase", type=_phase, action="append", metavar="NAME:SECONDS", help=", ".join(PHASES))
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second; default %(default)s")
    arguments = parser.parse_args()
    bodies = itertools.cycle(flights_as_json())
    for name, seconds in arguments.phase or [("calm", 30.0)]:
        print(send(arguments.url, name, seconds, arguments.rate, bodies), flush=True)


if __name__ == "__main__":
    main()
