"""What instruments count: answers, failures and their reasons, versions, and what they refuse."""

from __future__ import annotations

import asyncio
import queue
import subprocess
import sys
import threading
import time
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from prometheus_client import CollectorRegistry, Counter, Summary, generate_latest

from lamplighter.core.records.live import LIVE
from lamplighter.errors import LamplighterError
from lamplighter.serving import ModelInstruments, Reason
from tests.lamplighter.serving.exposed_series import series_in, value


def instruments_of(model: str = "churn", version: str = "12", **declared: Any) -> ModelInstruments:
    declared.setdefault("registry", CollectorRegistry())
    return ModelInstruments(model, version, **declared)


def test_an_inference_is_counted_with_its_rows_classes_and_scores() -> None:
    instruments = instruments_of(classes=["late", "on time"], unsure=(0.4, 0.6))
    with instruments.inference() as answered:
        answered(["late", "on time", "late", None], [0.4, 0.9, 0.6, 0.5])
    registry = instruments.registry
    assert value(registry, "inference_requests_total", status="ok") == 1
    assert value(registry, "inference_requests_total", status="failed") == 0
    assert value(registry, "inference_duration_seconds_count", model="churn", version="12") == 1
    assert value(registry, "inference_batch_size_sum") == 4
    assert value(registry, "inference_predictions_total") == 4
    assert value(registry, "inference_null_predictions_total") == 1
    assert value(registry, "inference_unsure_predictions_total") == 3
    assert value(registry, "inference_predicted_class_total", class_="late") == 2
    assert value(registry, "inference_predicted_class_total", class_="on time") == 1


@pytest.mark.parametrize(
    "predictions",
    [
        pytest.param([1, 0, None, True], id="list"),
        pytest.param(np.array([1.0, 0.0, np.nan, 1.0]), id="numpy"),
        pytest.param(pd.Series([1, 0, None, 1], dtype="Int64"), id="pandas"),
        pytest.param(pa.array([1, 0, None, 1]), id="Arrow"),
        pytest.param(iter([Decimal(1), Decimal(0), Decimal("nan"), Decimal("1")]), id="decimals"),
        pytest.param((value for value in (1, 0, None, 1)), id="generator"),
    ],
)
def test_a_class_is_the_same_in_every_container(predictions: Any) -> None:
    instruments = instruments_of(kind="classification")
    with instruments.inference() as answered:
        answered(predictions)
    counted = {name: value(instruments.registry, "inference_predicted_class_total", class_=name) for name in "01"}
    assert counted == {"0": 1, "1": 2}
    assert value(instruments.registry, "inference_null_predictions_total") == 1


def test_numbers_are_counted_in_the_declared_buckets() -> None:
    instruments = instruments_of(bounds=[0, 10, 60])
    with instruments.inference() as answered:
        answered([-5, 0, 10, 10.1, float("inf"), float("nan"), None])
    registry = instruments.registry
    buckets = [value(registry, "inference_prediction_value_bucket", le=le) for le in ("0.0", "10.0", "60.0", "+Inf")]
    assert buckets == [2, 3, 4, 5]
    assert value(registry, "inference_prediction_value_sum") == pytest.approx(15.1)
    assert value(registry, "inference_null_predictions_total") == 2


def test_numbers_without_bounds_have_buckets_on_both_sides_of_zero() -> None:
    instruments = instruments_of(kind="regression")
    with instruments.inference() as answered:
        answered([-4_000.0, -0.5, 0.0, 0.5, 4_000.0])
    at_most_zero = value(instruments.registry, "inference_prediction_value_bucket", le="0.0")
    assert (at_most_zero, value(instruments.registry, "inference_prediction_value_count")) == (3, 5)


class OfTheWeb(Exception):
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


class HTTPException(Exception):
    """As werkzeug's, which Flask raises."""

    code = 400


class ReadTimeout(Exception):
    """Named as that of httpx, whose ancestor is no TimeoutError."""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ZeroDivisionError(), "model"),
        (ValueError("shape"), "model"),
        (TimeoutError(), "timeout"),
        (asyncio.CancelledError(), "timeout"),
        (ReadTimeout(), "timeout"),
        (queue.Full(), "rejected"),
        (MemoryError(), "server"),
        (ConnectionError(), "server"),
        (OfTheWeb(422), "client"),
        (OfTheWeb(429), "rejected"),
        (OfTheWeb(504), "timeout"),
        (OfTheWeb(500), "server"),
        (HTTPException(), "client"),
        (KeyError("carrier"), "client"),
        (KeyboardInterrupt(), "server"),
    ],
    ids=lambda it: repr(it) if isinstance(it, BaseException) else it,
)
def test_a_failure_has_a_reason_and_is_raised_on(error: BaseException, reason: str) -> None:
    instruments = instruments_of(reasons={KeyError: Reason.CLIENT})
    with pytest.raises(type(error)) as raised, instruments.inference(rows=3):
        raise error
    assert raised.value is error
    registry = instruments.registry
    counted = {str(each): value(registry, "inference_failures_total", reason=each.value) for each in Reason}
    assert counted == {str(each): float(each == reason) for each in Reason}
    assert value(registry, "inference_requests_total", status="failed") == 1
    assert value(registry, "inference_predictions_total") == 0
    timed = 0 if reason in ("client", "rejected") else 1
    assert value(registry, "inference_duration_seconds_count") == timed


def test_a_stage_is_timed_and_its_failure_counted_once() -> None:
    instruments = instruments_of()
    with instruments.preprocessing():
        pass
    with pytest.raises(ValueError), instruments.preprocessing():
        raise ValueError("no such carrier")
    with pytest.raises(ValueError), instruments.inference(), instruments.postprocessing():
        raise ValueError("within an inference")
    registry = instruments.registry
    assert value(registry, "preprocess_duration_seconds_count") == 1
    assert value(registry, "postprocess_duration_seconds_count") is None
    assert value(registry, "inference_requests_total", status="failed") == 2
    assert value(registry, "inference_failures_total", reason="client") == 1
    assert value(registry, "inference_failures_total", reason="model") == 1


def test_another_version_takes_over_and_a_running_inference_keeps_its_own() -> None:
    instruments = instruments_of(version="12")
    with instruments.inference() as answered:
        instruments.serve("13")
        answered([1, 0])
    with instruments.inference() as answered:
        answered([1])
    registry = instruments.registry
    rows = [value(registry, "inference_predictions_total", version=version) for version in ("12", "13")]
    assert (instruments.version, rows) == ("13", [2, 1])
    shown = [value(registry, "model_service_info", version=version) for version in ("12", "13")]
    assert shown == [None, 1]
    assert value(registry, "inference_last_prediction_timestamp_seconds", version="13") is not None


def test_many_threads_that_load_a_version_serve_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    instruments = instruments_of(version="12")
    made = instruments._version

    def slowly(version: str) -> Any:
        time.sleep(0.02)
        return made(version)

    monkeypatch.setattr(instruments, "_version", slowly)
    threads = [threading.Thread(target=instruments.serve, args=("13",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    instruments.serve("14")
    assert value(instruments.registry, "model_service_info") == 1
    assert value(instruments.registry, "model_service_info", version="14") == 1


def test_a_clock_that_jumps_back_changes_no_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    instruments = instruments_of()
    with instruments.inference() as answered:
        monkeypatch.setattr("time.time", lambda: 0.0)
        answered([1])
    assert 0 < (value(instruments.registry, "inference_duration_seconds_sum") or 0) < 60


def test_a_model_that_is_renamed_leaves_its_counts_and_not_its_info() -> None:
    before = instruments_of("churn")
    with before.inference() as answered:
        answered([1])
    before.close()
    after = instruments_of("retention", registry=before.registry)
    assert value(after.registry, "model_service_info", model="churn") is None
    assert value(after.registry, "model_service_info", model="retention") == 1
    assert value(after.registry, "inference_predictions_total", model="churn") == 1


def test_two_services_of_one_name_show_both_versions_and_count_together() -> None:
    one = instruments_of(version="12")
    other = instruments_of(version="13", registry=one.registry)
    again = instruments_of(version="13", registry=one.registry)
    for instruments in (one, other):
        with instruments.inference() as answered:
            answered([1])
    assert value(one.registry, "model_service_info") == 2
    assert value(one.registry, "inference_predictions_total") == 2
    again.close()
    one.close()
    one.close()
    assert value(one.registry, "model_service_info", version="13") == 1


def test_models_of_one_process_have_buckets_of_their_own() -> None:
    one = instruments_of("churn", bounds=[1, 2])
    other = instruments_of("delay", bounds=[100], limits=[0.3], registry=one.registry)
    for instruments in (one, other):
        with instruments.inference() as answered:
            answered([2])
    assert value(one.registry, "inference_prediction_value_bucket", model="churn", le="1.0") == 0
    assert value(one.registry, "inference_prediction_value_bucket", model="delay", le="100.0") == 1
    assert value(one.registry, "inference_duration_seconds_bucket", model="delay", le="0.3") is not None
    text = generate_latest(one.registry).decode()
    assert text.count("# TYPE inference_prediction_value histogram") == 1


@pytest.mark.parametrize("text", ['a "quoted"\nline', "back\\slash", "half \ud800 pair", "größe", "x" * 5_000])
def test_any_text_is_a_label(text: str) -> None:
    instruments = instruments_of(model=text, version=text, kind="classification")
    with instruments.inference() as answered:
        answered([text, text, "other", ""])
    classes = {
        dict(labels)["class"]: number
        for (name, labels), number in series_in(instruments.registry).items()
        if name == "inference_predicted_class_total"
    }
    assert sorted(classes.values()) == [1, 1, 2]
    assert max(map(len, classes)) < 200


def test_classes_beyond_the_most_are_other_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    instruments = instruments_of(kind="classification")
    for _ in range(2):
        with instruments.inference() as answered:
            answered([f"class {number}" for number in range(130)])
    assert value(instruments.registry, "inference_predicted_class_total", class_="other") == 60
    assert len([it for it in series_in(instruments.registry) if it[0] == "inference_predicted_class_total"]) == 101
    assert [record.getMessage() for record in caplog.records] == [
        "churn: the label 'class' has 100 values; further ones, such as 'class 100', are counted as 'other'"
    ]


def test_versions_beyond_the_most_replace_the_oldest() -> None:
    instruments = instruments_of(version="0")
    for number in range(1, 150):
        instruments.serve(str(number))
        with instruments.inference() as answered:
            answered([1])
    versions = {dict(labels).get("version") for _, labels in series_in(instruments.registry)} - {None}
    assert versions == {str(number) for number in range(50, 150)}
    assert value(instruments.registry, "model_service_info", version="149") == 1


@pytest.mark.parametrize("predictions", [object(), [{}], ["late"]])
def test_an_answer_that_cannot_be_counted_fails_no_request(predictions: Any, caplog: pytest.LogCaptureFixture) -> None:
    declared: dict[str, Any] = {"kind": "classification"} if predictions == [{}] else {"kind": "regression"}
    instruments = instruments_of(model=f"churn {predictions!r}", **declared)
    for _ in range(2):
        with instruments.inference() as answered:
            answered(predictions)
    assert value(instruments.registry, "inference_requests_total", status="ok") == 2
    (line,) = [record.getMessage() for record in caplog.records]
    assert "its metrics miss something" in line


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"version": ""}, "the version of churn is missing; give one, such as '2026-11-26'"),
        ({"version": None}, "the version of churn is missing; give one, such as '2026-11-26'"),
        ({"model": " "}, "the name of the model is missing; give one, such as 'churn'"),
        ({"limits": [0.5, -1]}, "churn: limits holds -1; numbers that rise, each above 0, are right"),
        ({"limits": [float("nan")]}, "churn: limits holds nan; numbers that rise, each above 0, are right"),
        ({"bounds": [1, 1]}, "churn: bounds holds 1; numbers that rise, each above 1, are right"),
        ({"bounds": []}, "churn: bounds are empty; give at least one number"),
        ({"unsure": (0.6, 0.4)}, "churn: unsure ends before it begins: [0.6, 0.4]; swap its bounds"),
        ({"classes": [0], "bounds": [1]}, "churn: it has classes and numbers; declare classes or bounds"),
        (
            {"kind": "ranking"},
            "churn: answers of kind 'ranking' are not counted by their values; "
            "leave kind out, or write classification or regression",
        ),
    ],
)
def test_what_cannot_be_meant_is_one_line(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(LamplighterError) as raised:
        instruments_of(**declared)
    assert str(raised.value) == message


def test_other_metrics_of_the_same_names_are_named() -> None:
    registry = CollectorRegistry()
    Summary("request_processing_seconds", "the plain exporter's", registry=registry)
    with pytest.raises(LamplighterError, match=r"registered already: request_processing_seconds.*; register each once"):
        instruments_of(registry=registry)


def test_the_same_model_with_other_buckets_is_refused() -> None:
    one = instruments_of(limits=[0.3])
    with pytest.raises(LamplighterError, match=r"^churn: it has instruments already, with other buckets of "):
        instruments_of(limits=[0.4], registry=one.registry)


def test_a_metric_of_the_user_cannot_take_a_name() -> None:
    registry = instruments_of().registry
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        Counter("inference_failures_total", "another", registry=registry)


def test_every_metric_of_the_table_is_exposed_with_its_labels() -> None:
    instruments = instruments_of(kind="classification", unsure=(0, 1))
    numbers = instruments_of("delay", kind="regression", registry=instruments.registry)
    for each, answer in ((instruments, [1]), (numbers, [0.5])):
        with each.preprocessing(), each.postprocessing():
            pass
        with each.inference() as answered:
            answered(answer, [0.5])
    instruments.series.child("request_processing_seconds", "GET", "/").observe(1)
    instruments.series.child("requests_total", "GET", "/", "200").inc()
    found: dict[str, set[frozenset[str]]] = {}
    for name, labels in series_in(instruments.registry):
        if not name.startswith("gpu"):
            found.setdefault(name, set()).add(frozenset(key for key, _ in labels if key != "le"))
    for metric in LIVE:
        if metric.needs not in ("champion", "log", "gpu"):
            name = f"{metric.name}_count" if metric.kind == "histogram" else metric.name
            assert found[name] == {frozenset(metric.labels)}, metric.name
    assert not [name for name in found if name.endswith("_created")]


def test_threads_lose_no_count() -> None:
    instruments = instruments_of(kind="classification")

    def work() -> None:
        for number in range(200):
            with instruments.inference() as answered:
                answered([number % 150])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(instruments.registry, "inference_requests_total", status="ok") == 1600
    assert value(instruments.registry, "inference_predicted_class_total") == 1600


def test_the_shared_registry_is_the_default() -> None:
    script = (
        "from lamplighter.serving import ModelInstruments\nimport prometheus_client\n"
        "ModelInstruments('churn', '12')\nprint(prometheus_client.generate_latest().decode())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 'model_service_info{model="churn",version="12"} 1.0' in done.stdout
    assert "process_resident_memory_bytes" in done.stdout


@pytest.mark.parametrize(
    ("name", "spared"),
    [
        ("PredictionLog", "lamplighter.serving.instruments psutil pynvml opentelemetry"),
        ("ModelInstruments", "pyarrow numpy pandas starlette fastapi litestar pynvml opentelemetry"),
        ("RequestMetrics", "pyarrow numpy pandas starlette fastapi litestar pynvml opentelemetry"),
    ],
)
def test_a_name_imports_what_it_needs_alone(name: str, spared: str) -> None:
    script = f"import sys\nfrom lamplighter.serving import {name}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not set(spared.split()) & set(done.stdout.split())
