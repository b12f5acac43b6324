"""What a run says of itself: lines of JSON, and spans that a real OTLP endpoint receives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.project.folder import Project
from tests.flows.small_world import day, log, make, rows
from tests.receivers import otlp_receiver

LINE = 'log_file = "logs/runs.jsonl"\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make(tmp_path)
    (tmp_path / "lamplighter.toml").write_text(LINE)
    log(made, 0, rows(0))
    return made


def _run(project: Project, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lamplighter"), "-C", str(project.root), "run", "m", "--day", str(day(0))]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)


def _lines(project: Project) -> list[dict[str, str]]:
    return [json.loads(line) for line in (project.root / "logs" / "runs.jsonl").read_text().splitlines()]


def test_a_run_sends_its_stages_as_spans_of_one_trace_and_logs_with_its_id(project: Project) -> None:
    with otlp_receiver() as (endpoint, spans):
        done = _run(project, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert done.returncode == 0, done.stderr
    (run,) = (it for it in spans if it.name == "run")
    stages = [it for it in spans if it.name.startswith("stage ")]
    assert {"stage read", "stage evaluate", "stage judge", "stage notify"} <= {it.name for it in stages}
    assert {(it.trace_id, it.parent_span_id) for it in stages} == {(run.trace_id, run.span_id)}
    about = {it.key: it.value.string_value for it in run.attributes}
    assert about == {"model": "m", "window": str(day(0)), "run_id": "1"}
    for line in _lines(project):
        assert line["trace_id"] == run.trace_id.hex()
        assert {name: line[name] for name in about} == about


def test_a_run_logs_its_stages_its_findings_and_its_end(project: Project) -> None:
    done = _run(project)
    assert done.returncode == 0, done.stderr
    lines = _lines(project)
    assert [line["message"] for line in lines[:2]] == ["run began", "stage read ended"]
    assert lines[-1]["message"].startswith("run ended: ")
    assert "trace_id" not in lines[0]
    (project.root / "data" / f"day={day(0)}.parquet").unlink()
    _run(project)
    assert any(line["level"] == "warning" and line["code"] for line in _lines(project)[len(lines) :])


def test_an_endpoint_that_is_gone_and_a_log_that_cannot_be_written_cost_the_run_nothing(project: Project) -> None:
    (project.root / "logs").write_text("no folder")
    done = _run(project, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the log cannot be written") == 1
    said = done.stderr.splitlines()
    assert [line for line in said if "spans" in line] == [
        "lamplighter: spans are not taken at http://127.0.0.1:9; start the collector there, "
        "or unset OTEL_EXPORTER_OTLP_ENDPOINT"
    ]
    assert len(said) == 2
