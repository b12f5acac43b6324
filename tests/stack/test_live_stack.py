"""The whole chain for real: a service under load, runs, Prometheus, Alertmanager, and a receiver at its end."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from examples.flights.load import flights_as_json, send
from storage.project.folder import Project
from tests.flows.small_world import log, rows
from tests.stack.conftest import Stack

pytestmark = pytest.mark.stack
SLOW, FAILING = "Requests to flight-loop are slow", "Requests to flight-loop fail"
INFERENCES, INCIDENT = "Inferences of flight-loop fail", "m: accuracy-below fails"
MOST_SECONDS = 60.0


def until(holds: Callable[[], bool], what: str, seconds: float = MOST_SECONDS) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)


def over(title: str) -> str:
    """The title of the message that an alert is resolved."""
    return f"over: {title}"


@cache
def _bodies() -> Iterator[bytes]:
    return itertools.cycle(flights_as_json())


def _load(stack: Stack, phase: str, seconds: float, rate: float = 10.0) -> None:
    send(stack.address("service"), phase, seconds, rate, _bodies())


def test_every_target_is_up_and_the_gauges_of_a_run_are_there(stack: Stack) -> None:
    jobs = {"model-service", "pushgateway", "node"}
    until(lambda: {it["metric"]["job"] for it in stack.query("up == 1")} >= jobs, "targets that are up")
    stack.run(0)
    until(lambda: stack.gauge("lamplighter_data_rows") == stack.recorded(0, "rows"), "the gauge of the run")


def test_a_slow_service_raises_one_alert_and_resolves_it(stack: Stack) -> None:
    _load(stack, "slow", 14)
    until(lambda: stack.messages()[SLOW] >= 1, "the alert on slow requests")
    until(lambda: (_load(stack, "calm", 1) or stack.messages()[over(SLOW)]) >= 1, "its end")


def test_a_failing_service_raises_one_alert_and_resolves_it(stack: Stack) -> None:
    _load(stack, "failing", 18)
    until(lambda: stack.messages()[FAILING] >= 1, "the alert on failing requests")
    until(lambda: (_load(stack, "calm", 1) or stack.messages()[over(FAILING)]) >= 1, "its end")


def test_a_bad_run_raises_one_alert_and_a_good_one_resolves_it(stack: Stack) -> None:
    log(Project.open(stack.project), 1, rows(1).assign(answer=lambda it: 1 - it["answer"]))
    assert "checks failed: accuracy-below" in stack.run(1)
    until(lambda: stack.messages()[INCIDENT] >= 1, "the alert on the incident")
    assert "checks failed" not in stack.run(2)
    until(lambda: stack.messages()[over(INCIDENT)] >= 1, "its end")


def test_a_pushgateway_that_dies_costs_no_recorded_measurement(stack: Stack) -> None:
    log(Project.open(stack.project), 3, rows(3, 150))
    stack.servers["pushgateway"].process.kill()
    assert "Pushgateway" in stack.run(3)
    assert stack.recorded(3, "rows") == 150
    stack.servers["pushgateway"].start_again()
    # It kept what was pushed before; the next run pushes what it missed.
    until(lambda: stack.gauge("lamplighter_data_rows") == 200, "the gauge that was kept")
    assert "Pushgateway" not in stack.run(3)
    until(lambda: stack.gauge("lamplighter_data_rows") == 150, "the gauge of the run")


def test_a_prometheus_that_dies_shows_again_what_it_had_and_what_it_missed(stack: Stack) -> None:
    seen = "count_over_time(lamplighter_data_rows[1h])"
    before = float(stack.query(seen)[0]["value"][1])
    log(Project.open(stack.project), 4, rows(4, 160))
    stack.servers["prometheus"].process.kill()
    stack.run(4)
    stack.servers["prometheus"].start_again()
    assert stack.recorded(4, "rows") == 160
    until(lambda: stack.gauge("lamplighter_data_rows") == 160, "the gauge of the run")
    assert float(stack.query(seen)[0]["value"][1]) >= before


def test_each_message_arrived_once(stack: Stack) -> None:
    messages = stack.messages()
    for title in (SLOW, FAILING, INFERENCES, INCIDENT):
        assert (messages[title], messages[over(title)]) == (1, 1), messages
