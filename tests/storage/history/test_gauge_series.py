"""The recorded past in Prometheus: blocks by promtool, a server that starts on them, and values on their days."""

from __future__ import annotations

import math
import re
import shutil
import socket
import subprocess
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from lamplighter.cli import cli
from lamplighter.core.evaluation.gauges import BY_METRIC
from storage.history import open_history, tables
from storage.history.gauge_series import openmetrics
from storage.history.query import Filter
from storage.project.folder import Project
from tests.flows import small_world
from tests.flows.small_world import run_days
from tests.prometheus.tools import agreed

DAYS = 6
LABELS = ("segment", "feature", "class", "method", "metric")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with some days, one of which was measured again later."""
    project = small_world.make(tmp_path_factory.mktemp("past") / "world", small_world.MONITOR)
    run_days(project, range(DAYS))
    return project


def exported(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(project.root), "export", "openmetrics", *arguments])


def recorded(project: Project) -> list[dict[str, Any]]:
    """The newest value of every key, counted apart from the code under test."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    table = tables.measurement
    with open_history(project).reading() as connection:
        for row in connection.execute(sa.select(table).order_by(table.c.known_on)).mappings():
            rows[tuple(row[column.name] for column in table.primary_key if column.name != "known_on")] = dict(row)
    return [row for row in rows.values() if row["value"] is not None and not row["version"]]


def test_every_value_is_there_once_on_its_day_by_an_independent_parser(past: Project) -> None:
    text = exported(past, "m").stdout
    found: dict[tuple[str, ...], dict[datetime, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            of = (sample.name, *(sample.labels.get(name, "") for name in LABELS))
            assert (sample.labels["model"], sample.labels["job"]) == ("m", "lamplighter")
            values = found.setdefault(of, {})
            at = datetime.fromtimestamp(float(sample.timestamp), UTC)
            assert at not in values
            values[at] = sample.value
    wanted: dict[tuple[str, ...], dict[datetime, float]] = {}
    for row in recorded(past):
        if gauge := BY_METRIC.get(row["metric"]):
            labels = tuple(row[name] if name in set(gauge.labels) - {"metric"} else "" for name in LABELS)
            wanted.setdefault((gauge.name, *labels), {})[row["window_start"]] = row["value"]
    assert len(wanted) > 30
    assert {of: found[of] for of in wanted} == wanted
    assert {name for name, *_ in found.keys() - wanted.keys()} <= {
        "lamplighter_interval_lower", "lamplighter_interval_upper",
        "lamplighter_prediction_drift_statistic", "lamplighter_prediction_drift_p_value",
        "lamplighter_prediction_drift_detected",
    }  # fmt: skip


def test_families_come_once_and_series_in_the_order_of_time(past: Project) -> None:
    lines = exported(past, "--all").stdout.splitlines()
    heads = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads))
    assert (lines[-1], lines.count("# EOF")) == ("# EOF", 1)
    before = ("", -math.inf)
    seen = set()
    for line in lines:
        if not line.startswith("#"):
            series, moment = line.rsplit(" ", 2)[0], float(line.rsplit(" ", 1)[1])
            assert series == before[0] or series not in seen
            assert series != before[0] or moment > before[1]
            seen.add(series)
            before = (series, moment)


def test_days_are_those_of_the_model_and_without_any_nothing_is_left(past: Project) -> None:
    first, last = small_world.day(2), small_world.day(3)
    text = exported(past, "m", "--from", f"{first}", "--to", f"{last}").stdout
    moments = {int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}
    assert len(moments) == 2
    assert datetime.fromtimestamp(min(moments), UTC).date().isoformat() == f"{first}"
    assert exported(past, "m", "--from", "2100-01-01").stdout == "# EOF\n"


def test_a_past_has_the_labels_that_rules_and_panels_choose_by(past: Project) -> None:
    settings = past.root / "lamplighter.toml"
    settings.write_text("[observability]\nmatch = {cluster = 'the \"old\" one'}\n")
    try:
        lines = exported(past, "m").stdout.splitlines()
    finally:
        settings.unlink()
    samples = [line for line in lines if not line.startswith("#")]
    assert samples
    assert all('model="m",cluster="the \\"old\\" one"' in line for line in samples)


def test_what_is_wrong_is_one_line(past: Project, tmp_path: Path) -> None:
    for arguments, what in (
        ((), "give a MODEL, or --all for all of them"),
        (("m", "--all"), "give a MODEL, or --all for all of them"),
        (("n",), "nothing is recorded of 'n'"),
        (("m", "--from", "2025-03-02", "--to", "2025-03-01"), "--to 2025-03-01 lies before --from 2025-03-02"),
        (("m", "--output", str(tmp_path / "none" / "x")), "cannot be written: No such file or directory"),
    ):
        result = exported(past, *arguments)
        assert (result.exit_code, what in result.output) == (2, True), result.output
        assert result.output.count("\n") == 1
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(cli, ["-C", str(tmp_path / "empty"), "export", "openmetrics", "--all"])
    assert (result.exit_code, "no history yet" in result.output) == (2, True)


def test_postgresql_gives_the_same(past: Project, tmp_path: Path, postgresql_url: str) -> None:
    project = small_world.make(tmp_path / "world", small_world.MONITOR)
    (project.root / "lamplighter.toml").write_text(f'history_url = "{postgresql_url}"\n')
    project = Project.open(project.root)
    run_days(project, range(2))
    text, whole = exported(project, "m").stdout, exported(past, "m", "--to", f"{small_world.day(1)}").stdout
    # Databases sort texts each in its own way.
    assert sorted(text.splitlines()) == sorted(whole.splitlines())
    assert text.endswith("# EOF\n")


@pytest.fixture(scope="module")
def prometheus_url(past: Project, promtool: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus on blocks that promtool made of the past."""
    folder = tmp_path_factory.mktemp("prometheus")
    result = exported(past, "m", "--output", str(folder / "past.om"))
    assert (result.exit_code, result.output) == (0, "")
    made = ("tsdb", "create-blocks-from", "--max-block-duration=744h", "openmetrics", "past.om", "data")
    agreed(promtool, *made, cwd=folder)
    (folder / "prometheus.yml").write_text("global: {}\n")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = shutil.which("prometheus")
    assert server
    arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=20y"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [server, *arguments, f"--web.listen-address=127.0.0.1:{port}"], cwd=folder, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + 30
            while not _ready(f"http://127.0.0.1:{port}"):
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready").status_code == 200
    except httpx.HTTPError:
        return False


def test_prometheus_has_the_recorded_values_on_their_days(past: Project, prometheus_url: str) -> None:
    rows = [row for row in recorded(past) if row["metric"] in ("rows", "accuracy", "drift_share")]
    totals = [row for row in rows if not row["segment"] and not row["class"]]
    assert len(totals) >= 2 * DAYS
    for row in totals:
        gauge = BY_METRIC[row["metric"]]
        only = ",".join(f'{name}=""' for name in gauge.labels)
        query = f'{gauge.name}{{model="m"{"," if only else ""}{only}}}'
        at = row["window_start"].timestamp()
        answer = httpx.get(f"{prometheus_url}/api/v1/query", params={"query": query, "time": at}).json()
        (found,) = answer["data"]["result"]
        assert float(found["value"][1]) == row["value"], (query, row["window_start"])


def test_a_broken_text_makes_no_blocks(past: Project, promtool: str, tmp_path: Path) -> None:
    whole = exported(past, "m").stdout
    (tmp_path / "part.om").write_text(whole.removesuffix("# EOF\n"))
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "part.om", "data"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert re.search("EOF", done.stderr + done.stdout)


@pytest.mark.long
def test_a_long_past_is_streamed(past: Project) -> None:
    history = open_history(past)
    start, table = datetime(2001, 1, 1, tzinfo=UTC), tables.measurement
    same = {"model": "long", "grain": "1d", "metric": "missing_ratio", "family": "data", "n": 1, "state": "final"}
    same |= dict.fromkeys(("segment", "version", "class", "method", "reason"), "")
    with history.writing() as connection:
        for feature in range(20):
            connection.execute(
                sa.insert(table),
                [
                    {**same, "feature": f"f{feature}", "window_start": day, "known_on": day, "value": 0.5}
                    for day in (start + timedelta(days=number) for number in range(1000))
                ],
            )
    tracemalloc.start()
    try:
        count = sum(1 for _ in openmetrics(history, {"long": ("1d", Filter())}))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20 * 1000 + 2
    # All of it as rows takes 25 MB.
    assert peak < 8 * 1024 * 1024


def test_a_series_whose_statistic_changed_goes_on_in_the_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    history, table = open_history(Project.open(tmp_path / "home")), tables.measurement
    same = {"model": "m", "grain": "1d", "metric": "drift_detected", "family": "drift", "n": 9, "state": "final"}
    same |= dict.fromkeys(("segment", "version", "class", "reason"), "") | {"feature": "f", "value": 1.0}
    days = [datetime(2025, 3, number, tzinfo=UTC) for number in (1, 2, 3, 4)]
    with history.writing() as connection:
        for day, method in zip(days, ("wasserstein", "ks", "wasserstein", "ks"), strict=True):
            connection.execute(sa.insert(table), [{**same, "window_start": day, "known_on": day, "method": method}])
        hourly = {**same, "grain": "1h", "method": "ks", "window_start": days[0], "known_on": days[0], "value": 0.0}
        connection.execute(sa.insert(table), [hourly])
    lines = [line for line in openmetrics(history, {"m": ("1d", Filter())}) if not line.startswith("#")]
    assert [line.split()[1:] for line in lines] == [["1.0", f"{int(day.timestamp())}"] for day in days]
    assert {line.split()[0] for line in lines} == {
        'lamplighter_drift_detected{job="lamplighter",model="m",feature="f"}'
    }
