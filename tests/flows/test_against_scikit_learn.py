"""Every recorded number of quality, recomputed by scikit-learn and scipy straight from the files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics

from lamplighter.core.records.catalogue import QUALITY_METRICS
from storage.history import open_history
from storage.history.query import Filter, measurements
from storage.project.folder import Project
from tests.flows.conftest import ZONE
from tests.flows.runs import many_runs

FIRST, LAST = date(2025, 3, 3), date(2025, 3, 14)
FINAL = [day.date() for day in pd.date_range(FIRST, date(2025, 3, 12))]

Oracle = Callable[[pd.DataFrame], float]

CLASSIFICATION: dict[str, Oracle] = {
    "accuracy": lambda rows: metrics.accuracy_score(rows["truth"], rows["answer"]),
    "balanced_accuracy": lambda rows: metrics.balanced_accuracy_score(rows["truth"], rows["answer"]),
    "precision": lambda rows: metrics.precision_score(rows["truth"], rows["answer"]),
    "recall": lambda rows: metrics.recall_score(rows["truth"], rows["answer"]),
    "f1": lambda rows: metrics.f1_score(rows["truth"], rows["answer"]),
    "precision_macro": lambda rows: metrics.precision_score(rows["truth"], rows["answer"], average="macro"),
    "recall_macro": lambda rows: metrics.recall_score(rows["truth"], rows["answer"], average="macro"),
    "f1_macro": lambda rows: metrics.f1_score(rows["truth"], rows["answer"], average="macro"),
    "precision_weighted": lambda rows: metrics.precision_score(rows["truth"], rows["answer"], average="weighted"),
    "recall_weighted": lambda rows: metrics.recall_score(rows["truth"], rows["answer"], average="weighted"),
    "f1_weighted": lambda rows: metrics.f1_score(rows["truth"], rows["answer"], average="weighted"),
    "roc_auc": lambda rows: metrics.roc_auc_score(rows["truth"], rows["score"]),
    "pr_auc": lambda rows: metrics.average_precision_score(rows["truth"], rows["score"]),
    "log_loss": lambda rows: metrics.log_loss(rows["truth"], rows["score"]),
    "brier": lambda rows: metrics.brier_score_loss(rows["truth"], rows["score"]),
}


def residual(q: float) -> Oracle:
    return lambda rows: np.quantile(rows["estimate"] - rows["spent"], q)


REGRESSION: dict[str, Oracle] = {
    "mae": lambda rows: metrics.mean_absolute_error(rows["spent"], rows["estimate"]),
    "mse": lambda rows: metrics.mean_squared_error(rows["spent"], rows["estimate"]),
    "rmse": lambda rows: metrics.root_mean_squared_error(rows["spent"], rows["estimate"]),
    "r2": lambda rows: metrics.r2_score(rows["spent"], rows["estimate"]),
    "median_absolute_error": lambda rows: metrics.median_absolute_error(rows["spent"], rows["estimate"]),
    "bias": lambda rows: (rows["estimate"] - rows["spent"]).mean(),
    "residual_q05": residual(0.05),
    "residual_q25": residual(0.25),
    "residual_q50": residual(0.5),
    "residual_q75": residual(0.75),
    "residual_q95": residual(0.95),
    "target_distance": lambda rows: stats.wasserstein_distance(rows["spent"], rows["estimate"]),
}

ORACLES = {"parquet": CLASSIFICATION, "numbers": REGRESSION}


def labelled(project: Project) -> pd.DataFrame:
    """Predictions with the truth that counted once each day was final, joined by pandas, and their local day."""
    log = pd.concat(pd.read_parquet(path) for path in sorted(project.root.glob("data/predictions/*/*.parquet")))
    truth = pd.concat(pd.read_parquet(path) for path in sorted(project.root.glob("data/labels/*/*.parquet")))
    log = log.drop_duplicates(["id", "version"])
    local = log["at"].dt.tz_convert(ZONE).dt.normalize()
    log = log.assign(day=local.dt.date, until=local + pd.DateOffset(days=3))
    both = truth.merge(log, on="id")
    in_time = both[both["arrived"] < both["until"]]
    return in_time.sort_values("arrived").drop_duplicates("id", keep="last")


@pytest.fixture(scope="module")
def evaluated(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("evaluated") / "world"
    shutil.copytree(template, folder)
    project = Project.open(folder)
    for model in ORACLES:
        many_runs(project, model, FIRST, LAST)
    return project


@pytest.fixture(scope="module")
def rows(evaluated: Project) -> pd.DataFrame:
    return labelled(evaluated)


def test_no_metric_is_left_out() -> None:
    known = {name for name, metric in QUALITY_METRICS.items() if metric.kinds & {"classification", "regression"}}
    assert known == {*CLASSIFICATION, *REGRESSION}


@pytest.mark.parametrize(("model", "metric"), [(m, name) for m, table in ORACLES.items() for name in table])
def test_recorded_values_are_those_of_the_oracle(
    evaluated: Project, rows: pd.DataFrame, model: str, metric: str
) -> None:
    segments = {"": rows, **{f"region={name}": part for name, part in rows.groupby("region")}}
    for segment, part in segments.items():
        wanted = Filter(metric=metric, segment=segment, version="", klass="")
        found = measurements(open_history(evaluated), model, wanted)
        by_day = {pd.Timestamp(row["window_start"]).tz_convert(ZONE).date(): row for row in found}
        assert len(by_day) == len(FINAL) + 2
        for day in FINAL:
            of_day = part[part["day"] == day]
            assert by_day[day]["state"] == "final"
            assert by_day[day]["value"] == pytest.approx(ORACLES[model][metric](of_day), rel=1e-9, abs=1e-9)


def test_by_version(evaluated: Project, rows: pd.DataFrame) -> None:
    for version, part in rows.groupby("version"):
        wanted = Filter(metric="accuracy", segment="", version=str(version))
        for row in measurements(open_history(evaluated), "parquet", wanted):
            day = pd.Timestamp(row["window_start"]).tz_convert(ZONE).date()
            if day in FINAL and row["value"] is not None:
                of_day = part[part["day"] == day]
                assert row["value"] == pytest.approx(CLASSIFICATION["accuracy"](of_day), rel=1e-9)


def test_coverage_counts_every_row(evaluated: Project, rows: pd.DataFrame) -> None:
    found = measurements(open_history(evaluated), "parquet", Filter(metric="labels_coverage"))
    for row in found:
        day = pd.Timestamp(row["window_start"]).tz_convert(ZONE).date()
        if day in FINAL:
            assert row["value"] == pytest.approx((rows["day"] == day).sum() / row["n"], rel=1e-12)
            assert row["n"] == 120
