"""The whole chain for real: a service under load, runs, Prometheus, Alertmanager, and a receiver at its end."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest

from examples.flights.load import flights_as_json, send
from examples.flights.replay import LOOP
from tests.stack.conftest import Stack

pytestmark = pytest.mark.stack
BODIES = itertools.cycle(flights_as_json())
MOST_SECONDS = 60.0
SCRAPES_A_SECOND = 4


def until(holds: Callable[[], bool], what: str, seconds: float = MOST_SECONDS) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)


def _load(stack: Stack, phase: str, seconds: float, rate: float = 10.0) -> None:
    send(stack.address("service"), phase, seconds, rate, BODIES)


def test_every_target_is_up_and_the_gauges_of_the_runs_are_there(stack: Stack) -> None:
    jobs = {"model-service", "pushgateway", "node"}
    until(lambda: {it["metric"]["job"] for it in stack.query("up == 1")} >= jobs, "targets that are up")
    (rows,) = stack.query(f'lamplighter_data_rows{{model="{LOOP}"}}')
    assert float(rows["value"][1]) > 500


def test_a_slow_service_raises_one_alert_and_resolves_it(stack: Stack) -> None:
    _load(stack, "slow", 14)
    until(lambda: stack.messages()["LamplighterRequestsSlow", "firing"] >= 1, "the alert on slow requests")
    until(lambda: (_load(stack, "calm", 1) or stack.messages()["LamplighterRequestsSlow", "resolved"]) >= 1, "its end")


def test_a_failing_service_raises_one_alert_and_resolves_it(stack: Stack) -> None:
    _load(stack, "failing", 18)
    until(lambda: stack.messages()["LamplighterRequestsFailing", "firing"] >= 1, "the alert on failing requests")
    until(
        lambda: (_load(stack, "calm", 1) or stack.messages()["LamplighterRequestsFailing", "resolved"]) >= 1, "its end"
    )


def test_a_pushgateway_that_dies_costs_no_recorded_measurement(stack: Stack) -> None:
    stack.servers["pushgateway"].process.kill()
    done = stack.run("run", LOOP, "--day", "2013-04-08", "--now", "2013-04-09T05:15")
    assert "Pushgateway" in done.stdout, done.stdout + done.stderr
    rows = stack.recorded("2013-04-08", "rows")
    assert rows > 500
    stack.servers["pushgateway"].start_again()
    # It kept what was pushed before; the next run pushes what it missed.
    assert stack.gauge("lamplighter_data_rows") == stack.recorded("2013-04-07", "rows") != rows
    done = stack.run("run", LOOP, "--day", "2013-04-08", "--now", "2013-04-09T05:15")
    assert "Pushgateway" not in done.stdout, done.stdout + done.stderr
    until(lambda: stack.gauge("lamplighter_data_rows") == rows, "the gauge of the run")


def test_a_prometheus_that_dies_shows_again_what_it_had_and_what_it_missed(stack: Stack) -> None:
    before = stack.query("count_over_time(lamplighter_data_rows[1h])")
    stack.servers["prometheus"].process.kill()
    done = stack.run("run", LOOP, "--day", "2013-04-09", "--now", "2013-04-10T05:15")
    assert done.returncode == 0, done.stdout + done.stderr
    stack.servers["prometheus"].start_again()
    until(lambda: stack.gauge("lamplighter_data_rows") == stack.recorded("2013-04-09", "rows"), "the gauge of the run")
    after = stack.query("count_over_time(lamplighter_data_rows[1h])")
    assert float(after[0]["value"][1]) >= float(before[0]["value"][1]) - 1 / SCRAPES_A_SECOND


def test_each_message_arrived_once(stack: Stack) -> None:
    slow, failing, inferences = "LamplighterRequestsSlow", "LamplighterRequestsFailing", "LamplighterInferencesFailing"
    expected = {(name, status): 1 for name in (slow, failing, inferences) for status in ("firing", "resolved")}
    assert stack.messages() == expected
