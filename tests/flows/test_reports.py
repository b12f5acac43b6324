"""What a run finds of drift and shows in its report, beside what is in the history."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from lamplighter.core.numbers import number_text
from storage.history import open_history
from storage.history.query import Filter, measurements
from storage.project.folder import Project
from tests.flows.conftest import ZONE
from tests.flows.runs import edit, many_runs, one_run

FIRST, BEFORE, DAY = date(2025, 3, 3), date(2025, 3, 7), date(2025, 3, 8)
JUDGED = date(2025, 3, 6)
"""The newest window whose labels are final in the run for `DAY`."""


def compared(world: Project, model: str) -> None:
    """Give a model a reference that holds both versions."""
    edit(world, model, ("\nlabels:", "\nreference: {days: 2025-03-07..2025-03-09}\nlabels:"))


def values(world: Project, model: str, day: date, **wanted: str) -> list[dict[str, Any]]:
    since, until = (datetime(day.year, day.month, day.day + later, tzinfo=ZoneInfo(ZONE)) for later in (0, 1))
    return measurements(open_history(world), model, Filter(since=since, until=until, **wanted))


def reported(world: Project, model: str) -> str:
    many_runs(world, model, FIRST, BEFORE)
    path = one_run(world, model, DAY, with_report=True).report
    assert path
    return path.read_text()


def counters(page: str) -> dict[str, str]:
    return {label: value for value, label in re.findall(r'\{"value": "([^"]*)", "label": "([^"]*)"\}', page)}


def change(world: Project, **columns: Any) -> None:
    """Replace or add columns of the prediction log."""
    for path in sorted(world.root.glob("data/predictions/*/*.parquet")):
        frame = pd.read_parquet(path)
        frame.assign(**{name: make(frame) for name, make in columns.items()}).to_parquet(path)


def test_the_report_shows_the_quality_that_the_history_has(world: Project) -> None:
    compared(world, "parquet")

    page = reported(world, "parquet")

    shown = counters(page)
    assert f"Quality of {JUDGED}, final" in shown
    for metric in ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss"):
        (row,) = values(world, "parquet", JUDGED, metric=metric, segment="", version="", klass="")
        assert shown[metric] == number_text(row["value"])
    assert "Confusion counts" in shown


@pytest.mark.long
def test_the_report_of_a_regressor(world: Project) -> None:
    compared(world, "numbers")

    shown = counters(reported(world, "numbers"))

    for metric in ("mae", "rmse", "r2", "bias"):
        (row,) = values(world, "numbers", JUDGED, metric=metric, segment="", version="")
        assert shown[metric] == number_text(row["value"])


def test_a_report_before_any_labels_says_that_they_are_awaited(world: Project) -> None:
    compared(world, "parquet")

    path = one_run(world, "parquet", FIRST, with_report=True).report

    assert path
    assert "No window has enough labels yet for its quality to be judged." in path.read_text()


@pytest.mark.long
def test_a_sample_is_called_one(world: Project) -> None:
    compared(world, "parquet")
    edit(world, "parquet", ("\nlabels:", "\ndrift: {sample: 50}\nlabels:"))

    page = reported(world, "parquet")

    assert "Drift of 50 rows, against 50 of the reference." in page
    (rows,) = values(world, "parquet", DAY, metric="rows", version="")
    assert f"They are a sample: the window has {rows['n']} rows." in page


def test_private_values_are_neither_in_the_report_nor_beside_it(world: Project) -> None:
    secrets = ["agnes-weatherwax", "gytha-ogg"]
    change(
        world,
        customer=lambda frame: np.where(np.arange(len(frame)) % 2, *secrets),
        salary=lambda frame: 987_654.25 + np.arange(len(frame)),
    )
    compared(world, "parquet")
    edit(
        world,
        "_shared",
        ("categorical: [region, plan]}", "categorical: [region, plan, customer]}\nprivate: [customer, salary]"),
        ("[amount, age]", "[amount, age, salary]"),
    )

    page = reported(world, "parquet")

    assert f"Quality of {JUDGED}, final" in page
    assert '"salary"' in page
    for path in world.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in (*secrets, "987654", "987,654"):
                assert secret.encode() not in content, (path, secret)


def test_names_of_rows_are_no_categories_and_have_no_part_in_the_share(world: Project) -> None:
    change(world, code=lambda frame: frame["id"])
    edit(world, "_shared", ("categorical: [region, plan]}", "categorical: [region, plan, code]}"))

    outcome = one_run(world, "drifting", DAY, with_report=True)

    (detected,) = values(world, "drifting", DAY, metric="drift_detected", feature="code")
    assert (detected["value"], detected["reason"]) == (None, "too many values to be categories")
    (share,) = values(world, "drifting", DAY, metric="drift_share")
    assert share["n"] == 4
    assert outcome.report
    assert "code (too many values to be categories)" in outcome.report.read_text()


def answers(world: Project, metric: str = "prediction_drift_detected") -> dict[tuple[str, str], str]:
    return {(row["feature"], row["version"]): row["reason"] for row in values(world, "parquet", DAY, metric=metric)}


def test_answers_of_no_version_say_why_their_drift_is_not_known(world: Project) -> None:
    compared(world, "parquet")
    change(world, version=lambda frame: pd.Series([None] * len(frame), dtype="string"))

    one_run(world, "parquet", DAY)

    assert answers(world) == dict.fromkeys([("answer", ""), ("score", "")], "no row names its version")


def test_answers_of_versions_that_the_reference_has(world: Project) -> None:
    compared(world, "parquet")

    one_run(world, "parquet", DAY)

    assert set(answers(world)) == {("answer", "v1"), ("score", "v1")}
    assert not any(answers(world).values())


def test_answers_without_a_reference_that_can_be_read_say_why(world: Project) -> None:
    edit(world, "parquet", ("\nlabels:", "\nreference: {parquet: nowhere/*.parquet}\nlabels:"))

    one_run(world, "parquet", DAY)

    assert set(answers(world)) == {("answer", ""), ("score", "")}
    assert all("nowhere" in reason for reason in answers(world).values())


def test_a_run_that_compares_and_sends_nothing_imports_nothing_for_it(world: Project) -> None:
    script = (
        "import sys\nfrom datetime import date\nfrom pathlib import Path\n"
        "from storage.project.folder import Project\nfrom tests.flows.runs import one_run\n"
        f"one_run(Project.open(Path({str(world.root)!r})), 'parquet', date(2025, 3, 8), with_report=True)\n"
        "spared = set('evidently prefect apprise httpx psycopg fsspec deltalake multiprocessing.managers'.split())\n"
        "assert not spared & set(sys.modules), spared & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2], timeout=120)
