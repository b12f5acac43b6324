"""The way of a trace through a service: from the header of a request to its row in the prediction log."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.hostile import HTTP, hostile_server
from tests.long_cases import long_but_for
from tests.receivers import otlp_receiver

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

SERVICE = f"""
import datetime as dt, sys
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lamplighter.serving import ModelInstruments, PredictionLog, RequestMetrics, metrics_app
from lamplighter.telemetry.spans import trace_ids

instruments = ModelInstruments("churn", "12")
log = PredictionLog(sys.argv[1])
app = FastAPI()
app.add_middleware(RequestMetrics, instruments=instruments)
app.add_route("/metrics", metrics_app())

@app.get("/predict/{{number}}")
def predict(number: int):
    with instruments.preprocessing():
        pass
    with instruments.inference() as answered:
        if number == 13:
            raise ValueError("no such customer")
        answered([number])
    log.append({{"predicted_at": dt.datetime.now(dt.UTC), "number": number, "trace_id": trace_ids()[0]}})

client = TestClient(app, raise_server_exceptions=False)
client.get("/predict/7", headers={{"traceparent": "00-{TRACE}-{PARENT}-01"}})
client.get("/predict/13")
print(client.get("/metrics", headers={{"accept": "application/openmetrics-text"}}).text)
log.close()
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[object]], str, Path]:
    """The spans of a service by their names, what it exposes, and its log; tracing is of a whole process."""
    folder = tmp_path_factory.mktemp("served")
    with otlp_receiver() as (endpoint, spans):
        environment = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        command = [sys.executable, "-c", SERVICE, str(folder)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    named: dict[str, list[object]] = {}
    for one in spans:
        named.setdefault(one.name, []).append(one)
    return named, done.stdout, folder


def test_a_request_continues_the_trace_of_its_header_and_is_named_by_its_route(served) -> None:
    spans, _, _ = served
    known, other = spans["GET /predict/{number}"]
    assert (known.trace_id.hex(), known.parent_span_id.hex()) == (TRACE, PARENT)
    assert other.trace_id.hex() != TRACE
    about = {it.key: it.value.string_value or it.value.int_value for it in known.attributes}
    assert (about["http.route"], about["http.response.status_code"]) == ("/predict/{number}", 200)
    assert about["model"] == "churn"
    assert known.kind == known.SPAN_KIND_SERVER
    assert other.status.code == other.status.STATUS_CODE_ERROR


def test_what_is_timed_lies_in_the_trace_of_its_request_and_a_failure_says_so(served) -> None:
    spans, _, _ = served
    known, other = spans["GET /predict/{number}"]
    sound, failed = spans["inference"]
    assert [it.trace_id for it in (sound, failed)] == [known.trace_id, other.trace_id]
    assert [it.trace_id for it in spans["preprocess"]] == [known.trace_id, other.trace_id]
    assert {it.key: it.value.string_value for it in sound.attributes} == {"model": "churn", "version": "12"}
    assert failed.events[0].name == "exception"


def test_the_write_of_the_log_leads_to_the_request_and_the_row_holds_its_trace(served) -> None:
    spans, _, folder = served
    (written,) = spans["prediction log write"]
    assert [it.trace_id.hex() for it in written.links] == [TRACE]
    (path,) = folder.rglob("*.parquet")
    assert pq.read_table(path)["trace_id"].to_pylist() == [TRACE]


def test_buckets_lead_to_the_traces(served) -> None:
    spans, exposed, _ = served
    shown = [line for line in exposed.splitlines() if line.startswith("request_processing_seconds_bucket{")]
    named = {found for line in shown for found in re.findall(r'trace_id="(\w+)"', line)}
    assert named
    assert named <= {it.trace_id.hex() for it in spans["GET /predict/{number}"]}


@pytest.mark.parametrize("kind", long_but_for(["silent", "endless", "closed"], ["silent"]))
def test_an_endpoint_that_does_not_answer_holds_no_request_up(kind: str, tmp_path: Path) -> None:
    with hostile_server(HTTP[kind]) as address:
        environment = os.environ | {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        }
        command = [sys.executable, "-c", SERVICE, str(tmp_path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert 'requests_total{method="GET",model="churn",route="/predict/{number}",status="200"} 1.0' in done.stdout
    assert done.stderr.count(f"spans are not taken at http://{address}; start the collector there") == 1
    assert len([*tmp_path.rglob("*.parquet")]) == 1
