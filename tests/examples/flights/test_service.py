"""The service of the flights: what it answers, logs and exposes, and that it follows the champion."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from examples.flights.load import flights_as_json
from examples.flights.model import Model
from examples.flights.replay import LOOP, TRAINED
from examples.flights.rows import predicted
from examples.flights.service import build
from examples.flights.service_faults import FAULTS
from lamplighter.core.retraining.pointer import POINTER
from storage.project.folder import Project
from tasks.retraining.adopt import adopt

DAY = date(2013, 6, 20)
JSON = {"content-type": "application/json"}


@pytest.fixture
def metrics() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def client(june: Project, metrics: CollectorRegistry) -> Iterator[TestClient]:
    adopt(june, june.monitor(LOOP), june.root / "data" / "models" / "late", "may", *TRAINED)
    with TestClient(build(june.root, june.home, metrics, look_seconds=0)) as client:
        yield client


def test_it_answers_as_the_model_does_and_logs_what_it_answered(client: TestClient, june: Project) -> None:
    bodies = flights_as_json(DAY)[:50]
    answers = [client.post("/predict", content=body, headers=JSON).json() for body in bodies]
    expected = Model.load(june.root / "data" / "models" / "late").answer(predicted(DAY, DAY)[:50])
    assert [it["probability_late"] for it in answers] == pytest.approx(expected["probability_late"].tolist())
    assert [it["late"] for it in answers] == expected["late"].tolist()
    client.__exit__()
    (path,) = (june.root / "data" / "predictions" / "loop").glob("day=20[2-9]*/*.parquet")
    logged = pq.read_table(path).to_pylist()
    assert [it["request_id"] for it in logged] == [it["request_id"] for it in answers]
    assert {it["model_version"] for it in logged} == {"may"}


def test_what_it_exposes_counts_its_answers_and_its_faults(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    body = flights_as_json(DAY)[0]
    to_fail = {**JSON, "x-flights-fail": "1"}
    assert client.post("/predict", content=body, headers=to_fail).status_code == 200, "it does not obey by default"
    monkeypatch.setenv(FAULTS, "1")
    assert client.post("/predict", content=body, headers=to_fail).status_code == 500
    assert client.post("/predict", content=b"{}", headers=JSON).status_code == 422
    text = client.get("/metrics", follow_redirects=False).text
    for status in ("200", "500", "422"):
        assert f'requests_total{{method="POST",model="flight-loop",route="/predict",status="{status}"}} 1.0' in text
    assert 'inference_failures_total{model="flight-loop",reason="server",version="may"} 1.0' in text


def test_it_follows_the_champion(client: TestClient, june: Project, metrics: CollectorRegistry) -> None:
    registry = june.home / "models" / LOOP
    (registry / "may").rename(registry / "june")
    pointer = registry / POINTER
    pointer.write_text(pointer.read_text().replace("may", "june"))
    body = flights_as_json(DAY)[0]
    deadline = time.monotonic() + 30
    while client.post("/predict", content=body, headers=JSON).json()["model_version"] != "june":
        assert time.monotonic() < deadline
    assert client.get("/health").json() == {"status": "ok", "version": "june"}
    assert metrics.get_sample_value("model_service_info", {"model": LOOP, "version": "june"}) == 1
    assert metrics.get_sample_value("model_service_info", {"model": LOOP, "version": "may"}) is None


def test_a_project_without_a_champion_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="there is no champion"):
        build(tmp_path, tmp_path / ".lamplighter")
