"""Every query of every board, asked of a real Prometheus and a real PostgreSQL: none is refused, and none is empty."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboards.boards import BOARDS
from tests.dashboards.answers import Screen
from tests.dashboards.conftest import PLAIN, LookAt
from tests.dashboards.instrumented_service import JOB as INSTRUMENTED
from tests.dashboards.live_world import INSTANCES, JOB
from tests.dashboards.pictures import NOW
from tests.dashboards.prometheus_server import PrometheusServer
from tests.dashboards.reading import boards, panels_of
from tests.dashboards.recorded_world import BEGINS, BROKEN, DAYS

DEFAULT = boards()
EVERY_PANEL = [(name, panel) for name in BOARDS for panel in panels_of(DEFAULT[name])]
MARKED = {panel.title for board in BOARDS.values() for row in board.rows for panel in row.panels if panel.marked}
WEEKS, HOURS = timedelta(days=DAYS), timedelta(hours=3)
SPANS = {"fleet": WEEKS, "model": WEEKS, "service": HOURS, "itself": HOURS}
SERVICE = {"job": JOB, "instance": "|".join(INSTANCES), "model": "churn"}


def screens(look_at: LookAt, name: str) -> list[Screen]:
    """Ways to look at a board: a model's at each model, as no model measures everything."""
    if name == "model":
        return [look_at(SPANS[name], model=model) for model in BEGINS]
    return [look_at(SPANS[name], **(SERVICE if name == "service" else {}))]


@pytest.mark.parametrize(("name", "panel"), EVERY_PANEL, ids=lambda it: it["title"] if isinstance(it, dict) else it)
def test_every_query_has_an_answer(look_at: LookAt, name: str, panel: Mapping[str, Any]) -> None:
    for target in panel["targets"]:
        found = [answer for screen in screens(look_at, name) if (answer := screen.answer(panel, target))]
        assert bool(found) != (panel["title"] in MARKED), target.get("expr", target.get("rawSql"))


@pytest.mark.parametrize("name", BOARDS)
def test_every_mark_has_an_answer(look_at: LookAt, name: str) -> None:
    for measured in (None, frozenset[str]()):
        board = boards(**({} if measured is None else {"measured": measured}))[name]
        for mark in board.get("annotations", {}).get("list") or ():
            asked = {**mark, "type": "timeseries"}
            assert any(screen.answer(asked, mark["target"]) for screen in screens(look_at, name)), mark["name"]


def test_the_worst_model_comes_first_and_what_is_chosen_counts(look_at: LookAt) -> None:
    (fleet,) = (panel for panel in panels_of(DEFAULT["fleet"]) if panel["title"] == "Models, worst first")

    def attention(**chosen: str) -> dict[str, float]:
        found = look_at(WEEKS, **chosen).answers(fleet)[0]
        return {series["metric"]["model"]: float(series["value"][1]) for series in found}

    every = attention()
    assert set(every) == {*BEGINS, BROKEN}
    assert every["basket"] >= 100, "its incident is critical"
    assert (every[BROKEN], every["search"]) == (5, 0)
    assert fleet["options"]["sortBy"] == [{"displayName": "attention", "desc": True}]
    assert set(attention(owner="shop")) == {"basket", "search"}
    assert set(attention(owner="shop", env="prod")) == {"basket"}


def test_room_is_the_share_of_the_limit_that_is_left(look_at: LookAt, scraped: PrometheusServer) -> None:
    (panel,) = (panel for panel in panels_of(DEFAULT["service"]) if panel["title"] == "Room to the nearest limit")
    ((found,),) = look_at(HOURS, **{**SERVICE, "model": "basket"}).answers(panel)
    (value,) = scraped.now('last_over_time(lamplighter_quality_mae{model="basket",segment=""}[26h])', NOW.timestamp())
    assert float(found["value"][1]) == pytest.approx((12 - float(value["value"][1])) / 12)
    assert float(found["value"][1]) < 0


def scraped_often(server: PrometheusServer, job: str) -> None:
    """Wait until rates can be computed of what runs now."""
    asked = f"count_over_time(request_processing_seconds_count{{job='{job}'}}[1m]) > 3"
    until = time.monotonic() + 30
    while not server.now(asked, time.time()):
        assert time.monotonic() < until, f"{job} was not scraped"
        time.sleep(0.1)


@pytest.mark.long
def test_the_plainest_exporter_fills_mean_time_and_throughput(look_at: LookAt, scraped: PrometheusServer) -> None:
    scraped_often(scraped, PLAIN)
    screen = look_at(HOURS, end=datetime.now(UTC), job=PLAIN)
    panels = {panel["title"]: panel for panel in panels_of(DEFAULT["service"])}
    last = {}
    for title in ("Mean time of a request", "Throughput"):
        ((series,),) = screen.answers(panels[title])
        last[title] = float(series["values"][-1][1])
    assert last["Mean time of a request"] == pytest.approx(0.02)
    assert last["Throughput"] > 0


OF_NUMBERS = {"Predicted numbers"}
OF_RULES = {"Slow requests of a day", "Failed requests of a day"}
NOTHING_LOST = {"dropped: {{cause}}"}
NOT_OF_THIS_SERVICE = ("lamplighter_", "model_service_champion_refused")
"""It has no runs, and loads its model itself."""


def test_our_own_instruments_fill_the_board_of_a_service(look_at: LookAt, scraped: PrometheusServer) -> None:
    scraped_often(scraped, INSTRUMENTED)
    screen = look_at(HOURS, end=datetime.now(UTC), job=INSTRUMENTED, model="churn")
    skipped = MARKED | OF_NUMBERS | OF_RULES
    empty = [
        (panel["title"], target["refId"])
        for panel in panels_of(DEFAULT["service"])
        for target in panel["targets"]
        if panel["title"] not in skipped and not any(name in target["expr"] for name in NOT_OF_THIS_SERVICE)
        if target.get("legendFormat") not in NOTHING_LOST and not screen.answer(panel, target)
    ]
    assert empty == []
    (failed,) = (panel for panel in panels_of(DEFAULT["service"]) if panel["title"] == "Failed requests")
    ((share,),) = screen.answers(failed)
    assert float(share["value"][1]) == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("name", BOARDS)
def test_every_variable_has_values(scraped: PrometheusServer, name: str) -> None:
    start, end = (NOW - timedelta(days=2)).timestamp(), NOW.timestamp()
    for variable in DEFAULT[name].get("templating", {}).get("list") or ():
        if variable["type"] == "datasource":
            continue
        matched, label = variable["query"].removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
        matched = matched.replace("$job", ".*")
        assert scraped.get(f"label/{label}/values", **{"match[]": matched}, start=start, end=end), variable["name"]
