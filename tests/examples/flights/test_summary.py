"""The demo's table of months: counts summed, means named for what they are, all read from the history."""

from __future__ import annotations

import math
import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from sklearn import metrics

from examples.flights.summary import HEADINGS, months
from storage.history import open_history
from storage.project.folder import Project
from tests.flows.conftest import template  # noqa: F401
from tests.flows.runs import many_runs
from tests.flows.test_against_scikit_learn import FINAL, labelled


@pytest.fixture(scope="module")
def evaluated(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:  # noqa: F811
    folder = tmp_path_factory.mktemp("months") / "world"
    shutil.copytree(template, folder)
    project = Project.open(folder)
    for model in ("parquet", "numbers"):
        # Two empty days more, so that the labels of the last one are all there.
        many_runs(project, model, FINAL[0], date(2025, 3, 16))
    return project


def test_a_month_equals_what_its_labelled_rows_give(evaluated: Project) -> None:
    (row,) = months(open_history(evaluated), "parquet", "numbers")
    shown = dict(zip(HEADINGS, row, strict=True))
    rows = labelled(evaluated)
    errors = rows["estimate"] - rows["spent"]
    by_day = [metrics.roc_auc_score(part["truth"], part["score"]) for _, part in rows.groupby("day")]
    expected = {
        "month": "2025-03",
        "rows": "1,440",
        "F1": f"{metrics.f1_score(rows['truth'], rows['answer']):.3f}",
        "accuracy": f"{metrics.accuracy_score(rows['truth'], rows['answer']):.3f}",
        "mean daily ROC-AUC": f"{pd.Series(by_day).mean():.3f}",
        "MAE": f"{errors.abs().mean():.1f}",
        "RMSE": f"{math.sqrt((errors**2).mean()):.1f}",
        "coverage": f"{len(rows) / 1440:.3f}",
    }
    assert {name: shown[name] for name in expected} == expected
