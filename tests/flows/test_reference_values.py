"""What the reference measures: right, recorded once, and measured again when it is another one."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, ndcg_score, roc_auc_score

from flows.run_window import run_window
from flows.stage_functions import Stages
from lamplighter.core.records.measurement import Measurement
from storage.history import open_history
from storage.history.newest import GONE
from storage.history.query import dump
from storage.history.reference_values import reference_values
from storage.project.folder import Project
from tasks.stages import measure_reference
from tasks.stages.run_context import RunContext
from tests.flows import small_world
from tests.flows.processes import die, in_child
from tests.flows.runs import edit

REFERENCE = "reference: {parquet: reference.parquet}\n"
UNSURE = ("score: score}", "score: score, unsure: [0.4, 0.6]}")

Values = dict[tuple[str, str, str, str], Measurement]


def reference_rows(seed: int = 9) -> pd.DataFrame:
    """What the model answered on rows that it was not fitted on, with the truth beside."""
    frame = small_world.rows(0, 400, seed).drop(columns=["id", "at"])
    frame.loc[::20, "amount"] = np.nan
    frame.loc[::40, "answer"] = 1 - frame["answer"]
    return frame


def make(folder: Path, reference: pd.DataFrame | None = None, monitor: str = small_world.MONITOR) -> Project:
    project = small_world.make(folder, monitor.replace(*UNSURE) + REFERENCE)
    write(project, reference_rows() if reference is None else reference)
    return project


def write(project: Project, reference: pd.DataFrame) -> None:
    reference.to_parquet(project.root / "reference.parquet", index=False)


def found(project: Project, as_of: datetime | None = None) -> Values:
    """By metric, segment, feature and class, of all versions together."""
    values = reference_values(open_history(project), project.monitor("m").model, as_of)
    return {(it.metric, it.segment, it.feature, it.klass): it for it in values if not it.version}


def known_dates(project: Project, *, gone: bool = True) -> list[datetime]:
    """When something about the reference became known."""
    rows = dump(open_history(project))["reference_value"]
    return sorted({row[6] for row in rows if gone or GONE not in row})


def logical_date(number: int) -> datetime:
    return datetime.fromisoformat(f"{small_world.day(number)}T00:00:00+00:00") + timedelta(days=1)


def test_values_are_those_of_scikit_learn_and_pandas(tmp_path: Path) -> None:
    project, rows = make(tmp_path), reference_rows()
    small_world.run(project, 0, small_world.rows(0))
    values = found(project)
    north = rows[rows["region"] == "North"]
    expected = {
        ("rows", "", "", ""): 400,
        ("accuracy", "", "", ""): accuracy_score(rows["truth"], rows["answer"]),
        ("f1", "", "", ""): f1_score(rows["truth"], rows["answer"]),
        ("roc_auc", "", "", ""): roc_auc_score(rows["truth"], rows["score"]),
        ("f1", "region=North", "", ""): f1_score(north["truth"], north["answer"]),
        ("missing_ratio", "", "amount", ""): rows["amount"].isna().mean(),
        ("missing_ratio", "", "plan", ""): 0,
        ("infinite_ratio", "", "count", ""): 0,
        ("prediction_share", "", "", "1"): rows["answer"].mean(),
        ("null_prediction_ratio", "", "", ""): 0,
        ("unsure_ratio", "", "", ""): rows["score"].between(0.4, 0.6).mean(),
    }
    for key, value in expected.items():
        assert values[key].value == pytest.approx(value, abs=1e-12), key
        assert values[key].state == "final"
    accuracy = values["accuracy", "", "", ""]
    assert (accuracy.n, accuracy.lower < accuracy.value < accuracy.upper) == (400, True)
    against_itself = {"outside_ratio", "outlier_ratio", "unseen_ratio", "drift_share", "columns_missing"}
    assert not against_itself & {metric for metric, *_ in values}


def test_a_second_run_measures_and_records_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make(tmp_path)
    small_world.run(project, 0, small_world.rows(0))
    recorded = dump(open_history(project))["reference_value"]

    def measured(*_: Any) -> None:
        raise AssertionError("the reference was measured again")

    monkeypatch.setattr(measure_reference, "reference_measurements", measured)
    small_world.run(project, 1, small_world.rows(1))
    small_world.run(project, 0)
    assert dump(open_history(project))["reference_value"] == recorded
    assert known_dates(project) == [logical_date(0)]


def test_another_reference_is_measured_again(tmp_path: Path) -> None:
    project = make(tmp_path)
    small_world.run(project, 0, small_world.rows(0))
    before, changed = found(project), reference_rows()
    changed.loc[:99, "answer"] = 1 - changed["truth"]
    write(project, changed)
    small_world.run(project, 1, small_world.rows(1))
    accuracy = ("accuracy", "", "", "")
    assert found(project)[accuracy].value == accuracy_score(changed["truth"], changed["answer"])
    assert found(project, logical_date(0)) == before
    # What stays the same is not written again.
    rows = dump(open_history(project))["reference_value"]
    assert sum(row[1] == "missing_ratio" for row in rows) == 4
    assert sum(row[1:6] == ("accuracy", "", "", "", "") for row in rows) == 2
    assert known_dates(project) == [logical_date(0), logical_date(1)]


def test_an_earlier_run_that_is_repeated_leaves_what_a_later_one_knew(tmp_path: Path) -> None:
    project = make(tmp_path)
    small_world.run(project, 0, small_world.rows(0))
    write(project, reference_rows(7))
    small_world.run(project, 1, small_world.rows(1))
    known = found(project)
    small_world.run(project, 0)
    assert found(project) == known


def test_what_the_monitor_asks_decides_too(tmp_path: Path) -> None:
    project = make(tmp_path)
    small_world.run(project, 0, small_world.rows(0))
    edit(project, "m", ("segments: [region]", "segments: [plan]"))
    small_world.run(project, 1, small_world.rows(1))
    segments = {segment for _, segment, *_ in found(project) if segment}
    assert segments == {"plan=Basic", "plan=Pro", "plan=Team"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            lambda rows: rows.drop(columns="truth"),
            "it has no column 'truth'; write the truth beside its answers",
            id="no column",
        ),
        pytest.param(
            lambda rows: rows.assign(truth=None),
            "column 'truth' is null in every row; write the truth beside its answers",
            id="nulls",
        ),
        pytest.param(
            lambda rows: rows.assign(truth=rows["truth"].map({0: "kept", 1: "left"})),
            "no predicted class (0, 1) is one of the true ones (kept, left); write both alike",
            id="other words",
        ),
        pytest.param(lambda rows: rows.iloc[:0], "it has no rows", id="no rows"),
    ],
)
def test_a_truth_that_is_of_no_use_is_the_reason(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], reason: str
) -> None:
    project = make(tmp_path, change(reference_rows()))
    small_world.run(project, 0, small_world.rows(0))
    values = found(project)
    assert {(it.value, it.reason) for it in values.values() if it.metric in ("f1", "roc_auc")} == {(None, reason)}
    if "rows" not in reason:
        assert values["missing_ratio", "", "amount", ""].value == pytest.approx(0.05)


def test_a_reference_that_cannot_be_read_has_a_reason_until_it_can(tmp_path: Path) -> None:
    project = make(tmp_path)
    path = project.root / "reference.parquet"
    sound = path.read_bytes()
    for number, content in enumerate((sound, sound[:100], None, sound)):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        small_world.run(project, number, small_world.rows(number))
    reasons = {number: found(project, logical_date(number)) for number in range(4)}
    assert reasons[0] == reasons[3]
    assert len(reasons[0]) > 20
    assert [it.reason for it in reasons[1].values()] == ["no file of it can be read"]
    ((key, absent),) = reasons[2].items()
    assert key == ("rows", "", "", "")
    assert "no such file" in absent.reason


@pytest.mark.parametrize("becomes", ["", "reference: {trailing: 2d}\n"], ids=["none", "trailing"])
def test_without_a_reference_of_its_own_content_nothing_is_known(tmp_path: Path, becomes: str) -> None:
    project = make(tmp_path)
    small_world.run(project, 0, small_world.rows(0))
    edit(project, "m", (REFERENCE, becomes))
    for number in (1, 2):
        small_world.run(project, number, small_world.rows(number))
    assert found(project) == {}
    assert found(project, logical_date(0))
    assert known_dates(project) == [logical_date(0), logical_date(1)]


def test_of_fixed_days_the_history_has_the_quality(tmp_path: Path) -> None:
    project = small_world.make(tmp_path, f"{small_world.MONITOR}reference: {{days: 2025-03-03..2025-03-04}}\n")
    small_world.run_days(project, range(3))
    values = found(project)
    assert values["rows", "", "", ""].value == 2 * small_world.ROWS
    shares = [small_world.rows(number)["answer"].mean() for number in (0, 1)]
    assert values["prediction_share", "", "", "1"].value == pytest.approx(np.mean(shares))
    assert not {"f1", "accuracy", "roc_auc"} & {metric for metric, *_ in values}


def test_the_run_of_an_older_window_measures_no_reference(tmp_path: Path) -> None:
    project = make(tmp_path)
    small_world.run(project, 3, small_world.rows(3))
    recorded = dump(open_history(project))["reference_value"]
    write(project, reference_rows(7))
    small_world.log(project, 2, small_world.rows(2))
    context = RunContext.of(project, project.monitor("m"), small_world.day(2), logical_date(3) + timedelta(hours=6))
    run_window(context, Stages.plain(), with_report=False, with_retraining=False)
    assert dump(open_history(project))["reference_value"] == recorded


def test_private_columns_leave_nothing_in_the_clear(tmp_path: Path) -> None:
    secret = reference_rows().assign(plan="Confidential", amount=98765.0)
    monitor = small_world.MONITOR + "private: [plan, amount]\n"
    project = make(tmp_path, secret, monitor)
    small_world.run(project, 0, small_world.rows(0))
    values = found(project)
    assert values["missing_ratio", "", "plan", ""].value == values["missing_ratio", "", "amount", ""].value == 0
    recorded = repr(dump(open_history(project))["reference_value"])
    assert ("Confidential" in recorded, "98765" in recorded, "f1" in recorded) == (False, False, True)


CUSTOM = """
metrics: [{name: halves, function: "own.py:halves"}]
"""


def test_custom_metrics_are_measured_once_they_can_be_loaded(tmp_path: Path) -> None:
    """What keeps one from being loaded need not stand in its own file."""
    project = make(tmp_path, monitor=small_world.MONITOR + CUSTOM)
    code = "from pathlib import Path\n\nHALF = float(Path(__file__).with_name('half.txt').read_text())\n"
    (project.root / "own.py").write_text(f"{code}\n\ndef halves(y_true, y_pred, y_score):\n    return HALF\n")
    small_world.run(project, 0, small_world.rows(0))
    (project.root / "half.txt").write_text("0.5")
    small_world.run(project, 1, small_world.rows(1))
    small_world.run(project, 2, small_world.rows(2))
    halves = ("halves", "", "", "")
    before = found(project, logical_date(0))[halves]
    assert (before.value, "half.txt" in before.reason) == (None, True)
    assert found(project)[halves].value == 0.5
    assert known_dates(project) == [logical_date(0), logical_date(1)]


@pytest.mark.parametrize(("target", "beside"), [("truth", "truth"), ("answer", "true_answer")])
def test_a_truth_in_the_reference_is_no_feature(tmp_path: Path, target: str, beside: str) -> None:
    """Nor is it taken for the answers, where the labels call it as the log calls these."""
    apart = f'labels: {{parquet: "labels/day={{day}}.parquet", target: {target}, mature_after: 1h}}'
    monitor = small_world.MONITOR.replace("labels: {same_row: true, target: truth, mature_after: 1h}", apart)
    monitor = monitor.replace("features: {numeric: [amount, count], categorical: [plan, region]}", "features: auto")
    project = make(tmp_path, reference_rows().rename(columns={"truth": beside}), monitor)
    outcome = small_world.run(project, 0, small_world.rows(0).drop(columns="truth"))
    values = found(project)
    assert not [it for it in outcome.findings if it.subject == beside]
    assert ("missing_ratio", "", beside, "") not in values
    assert values["f1", "", "", ""].value == f1_score(reference_rows()["truth"], reference_rows()["answer"])


def kinds_of_models() -> dict[str, tuple[pd.DataFrame, dict[str, float]]]:
    """What the reference of each other kind holds, and what an independent reference computes of it."""
    random = np.random.default_rng(3)
    truth = random.normal(50, 10, 60)
    numbers = pd.DataFrame({"answer": truth + random.normal(0, 2, 60), "truth": truth})
    lists = [list(random.permutation(["a", "b", "c", "d"])) for _ in range(60)]
    ranked = pd.DataFrame({"answer": [json.dumps(it) for it in lists], "truth": ['["a"]'] * 60})
    gains = [[float(item == "a") for item in it] for it in lists]
    texts = pd.DataFrame({"answer": ["the cat sat"] * 60, "truth": ["the cat sat"] * 30 + ["the dog ran"] * 30})
    return {
        "regression": (
            numbers,
            {
                "mae": mean_absolute_error(numbers["truth"], numbers["answer"]),
                "prediction_mean": numbers["answer"].mean(),
            },
        ),
        "ranking": (
            ranked.assign(answer=[*ranked["answer"][:-6], *[None] * 6]),
            # No answer is a wrong one.
            {"ndcg": 0.9 * ndcg_score(gains[:-6], [[4, 3, 2, 1]] * 54), "null_prediction_ratio": 0.1},
        ),
        "text": (texts, {"rougeL": (30 + 30 / 3) / 60, "null_prediction_ratio": 0.0}),
    }


@pytest.mark.parametrize("kind", ["regression", "ranking", "text"])
def test_every_kind(tmp_path: Path, kind: str) -> None:
    reference, expected = kinds_of_models()[kind]
    monitor = small_world.MONITOR.replace("kind: classification", f"kind: {kind}").replace(", score: score", "")
    project = small_world.make(tmp_path, monitor + REFERENCE)
    write(project, reference)
    logged = small_world.rows(0, 60).drop(columns=["score", "answer", "truth"])
    small_world.run(project, 0, pd.concat([logged, reference], axis=1))
    values = found(project)
    for metric, value in expected.items():
        assert values[metric, "", "", ""].value == pytest.approx(value), metric


def test_a_truth_that_is_no_number_is_named(tmp_path: Path) -> None:
    reference, _ = kinds_of_models()["regression"]
    monitor = small_world.MONITOR.replace("kind: classification", "kind: regression").replace(", score: score", "")
    project = small_world.make(tmp_path, monitor + REFERENCE)
    write(project, reference.assign(truth="unknown"))
    logged = small_world.rows(0, 60).drop(columns=["score", "answer", "truth"])
    small_world.run(project, 0, pd.concat([logged, reference], axis=1))
    assert found(project)["mae", "", "", ""].reason == (
        "column 'truth' holds 'unknown', and no finite number; write the truth as numbers"
    )


def test_both_databases_record_the_same(tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = []
    for number, url in enumerate(("", postgresql_url)):
        monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", url) if url else None
        project = make(tmp_path / str(number))
        small_world.run(project, 0, small_world.rows(0))
        write(project, reference_rows(7))
        small_world.run(project, 1, small_world.rows(1))
        rows = dump(open_history(project))["reference_value"]
        # Paths differ, and with them the hash.
        recorded.append((found(project), found(project, logical_date(0)), [row[:-1] for row in rows]))
    assert recorded[0] == recorded[1]


@pytest.mark.parametrize("stage", ["measure_reference", "evaluate", "record", "judge"])
def test_a_run_that_was_killed_ends_the_same(tmp_path: Path, stage: str) -> None:
    project = make(tmp_path)
    small_world.log(project, 0, small_world.rows(0))
    context = RunContext.of(project, project.monitor("m"), small_world.day(0))
    plain = Stages.plain()

    def then_die(*arguments: Any) -> None:
        getattr(plain, stage)(*arguments)
        die()

    killed = partial(run_window, context, replace(plain, **{stage: then_die}), with_report=False)
    assert in_child(killed) == signal.SIGKILL
    small_world.run(project, 0)
    repeated = dump(open_history(project))
    undisturbed = make(tmp_path / "other")
    small_world.run(undisturbed, 0, small_world.rows(0))
    assert len(repeated["reference_value"]) > 20
    assert [row[:-1] for row in repeated["reference_value"]] == [
        row[:-1] for row in dump(open_history(undisturbed))["reference_value"]
    ]
