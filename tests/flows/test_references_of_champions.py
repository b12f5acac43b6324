"""After a promotion: the new champion's reference, and what of the monitor's own still holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.run_window import run_window
from flows.stage_functions import Stages
from lamplighter.core.monitor import DATA_CHECK
from lamplighter.core.retraining.policy import Status
from storage.history import open_history
from storage.history.incidents import incidents_open
from storage.history.query import Filter, measurements
from storage.history.reference_values import reference_values
from storage.project.folder import Project
from storage.registry.versions import Registry
from tests.flows import loop_world
from tests.flows.loop_world import DAY, count_as_labelled, ledger, logical_date, one_run
from tests.flows.runs import edit

REFERENCE = ("retrain:", "reference: {days: 2025-03-03..2025-03-05}\nretrain:")
NEXT = DAY + timedelta(days=1)


def found(project: Project, day: Any, metric: str, feature: str = "") -> tuple[float | None, str]:
    """A value of a day, and why there is none."""
    window = logical_date(project, day).window
    span = Filter(metric=metric, feature=feature, version="", since=window.start, until=window.end)
    (row,) = measurements(open_history(project), "turning", span)
    return row["value"], row["reason"]


def test_the_truth_is_no_feature_of_later_windows(turned: Project) -> None:
    """A reference as the contract's example writes it, with all that the trainer was given."""
    monitor_reference = ("features: {numeric: [x, z], categorical: [region]}", "features: auto")
    edit(turned, "turning", REFERENCE, monitor_reference)
    one_run(turned)
    assert [entry.status for entry in ledger(turned)] == [Status.PROMOTED]
    one_run(turned, NEXT)
    assert found(turned, NEXT, "columns_missing") == (0.0, "")
    assert DATA_CHECK.name not in incidents_open(open_history(turned), "turning")


def test_answers_of_another_type_are_found_before_anything_is_promoted(turned: Project) -> None:
    edit(turned, "turning", REFERENCE)
    (turned.root / "trainer.py").write_text(loop_world.TRAINER.replace(".astype(int)", ""))
    one_run(turned)
    (entry,) = ledger(turned)
    output = "reference.parquet holds boolean in 'answer', and the log number; write it as the log does"
    assert (entry.status, entry.reason) == (Status.FAILED, f"trainer.py:train: {output}")


@pytest.mark.parametrize(
    ("was", "becomes", "monitor"),
    [
        pytest.param(
            "version=version",
            'version=version, region=rows["region"].astype("category")',
            REFERENCE,
            id="text",
            marks=pytest.mark.long,
        ),
        pytest.param(".astype(int)", "", ("retrain:", "retrain:"), id="compared with nothing"),
    ],
)
def test_a_type_that_makes_no_difference_is_none(
    turned: Project, was: str, becomes: str, monitor: tuple[str, str]
) -> None:
    edit(turned, "turning", monitor)
    (turned.root / "trainer.py").write_text(loop_world.TRAINER.replace(was, becomes))
    one_run(turned)
    assert [(entry.status, entry.reason) for entry in ledger(turned)] == [(Status.PROMOTED, "")]


def test_what_the_champions_reference_measures_is_recorded_when_it_becomes_one(turned: Project) -> None:
    edit(turned, "turning", REFERENCE)
    one_run(turned)
    history, before = open_history(turned), logical_date(turned, DAY).known_on
    own = {it.metric for it in reference_values(history, "turning", before)}
    assert ("prediction_share" in own, "accuracy" in own) == (True, False)
    one_run(turned, NEXT)
    version = ledger(turned)[-1].version
    answered = pd.read_parquet(Registry(turned.home, history, "turning").place(version) / "reference.parquet")
    known = answered.dropna(subset="truth")
    expected = (known["truth"] == known["answer"]).mean()
    measured = [it for it in reference_values(history, "turning") if it.metric == "accuracy" and not it.segment]
    assert {it.version: it.value for it in measured} == pytest.approx({"": expected, version: expected})
    assert {it.n for it in measured} == {len(known)}
    assert {it.metric for it in reference_values(history, "turning", before)} == own


def test_what_is_adopted_has_the_types_of_the_monitors_own(turned: Project) -> None:
    edit(turned, "turning", REFERENCE)
    folder = turned.root / "first"
    folder.mkdir()
    frame = pd.read_parquet(turned.root / "data" / "predictions" / "day=2025-03-10" / "part.parquet")
    frame.assign(x=frame["x"].astype(str)).to_parquet(folder / "reference.parquet")
    span = ("--version", "first", "--from", "2025-02-01", "--to", "2025-02-28")
    code, output = loop_world.call(turned, "adopt", "turning", str(folder), *span)
    assert (code, "reference.parquet holds text in 'x', and the log number; write it as the log does" in output) == (
        2,
        True,
    )


def test_what_the_champions_reference_lacks_is_held_against_the_monitors_own(turned: Project) -> None:
    for path in (turned.root / "data" / "predictions").rglob("*.parquet"):
        pd.read_parquet(path).assign(latency=3.5).to_parquet(path, index=False)
    edit(turned, "turning", REFERENCE, ("segments: [region]", "segments: [region]\nprivate: [z]"))
    one_run(turned)
    assert [entry.status for entry in ledger(turned)] == [Status.PROMOTED]
    outcome = run_window(logical_date(turned, NEXT), Stages.plain())
    assert found(turned, NEXT, "columns_new") == (0.0, "")
    value, reason = found(turned, NEXT, "drift_p_value", "z")
    assert (value is not None, reason) == (True, "")
    assert outcome.report is not None
    text = outcome.report.read_text()
    assert "latency" not in text


@pytest.mark.long
def test_days_that_wrote_a_column_in_another_type_are_learned_from_together(turned: Project) -> None:
    """A service that logged version 1 logs the name of a version once there is one."""
    paths = sorted((turned.root / "data" / "predictions").rglob("*.parquet"))
    for number, path in enumerate(paths):
        frame = pd.read_parquet(path)
        if number < 10:
            frame["version"] = 1
        frame.to_parquet(path, index=False)
    one_run(turned)
    assert [(entry.status, entry.reason) for entry in ledger(turned)] == [(Status.PROMOTED, "")]


@pytest.mark.long
def test_decimals_are_numbers_for_a_trainer(turned: Project) -> None:
    for path in (turned.root / "data" / "predictions").rglob("*.parquet"):
        table = pq.read_table(path)
        at = table.column_names.index("x")
        x = table["x"].cast(pa.decimal128(20, 6), safe=False)
        pq.write_table(table.set_column(at, "x", x), path)
    (turned.root / "trainer.py").write_text(loop_world.TRAINER.replace("sign * rows", "sign * 1.0 * rows"))
    one_run(turned)
    assert [(entry.status, entry.reason) for entry in ledger(turned)] == [(Status.PROMOTED, "")]


def test_labels_of_broken_windows_are_not_counted(turned: Project) -> None:
    for back in (3, 2):
        path = turned.root / "data" / "predictions" / f"day={DAY - timedelta(days=back)}" / "part.parquet"
        pd.read_parquet(path).drop(columns="x").to_parquet(path, index=False)
        one_run(turned, DAY - timedelta(days=back), with_retraining=False)
    one_run(turned, with_retraining=False)
    count_as_labelled(turned, DAY - timedelta(days=1), 45)
    one_run(turned)
    (entry,) = ledger(turned, vetoed=True)
    assert entry.status is Status.VETOED
    assert "45 rows of the comparison have one, and 100 are needed" in entry.reason


@pytest.mark.parametrize("labelled", [0, 1, 99])
def test_too_few_labels_to_compare_on_call_for_nothing(turned: Project, labelled: int) -> None:
    one_run(turned, with_retraining=False)
    for back in (1, 2, 3):
        count_as_labelled(turned, DAY - timedelta(days=back), labelled if back == 1 else 0)
    one_run(turned)
    (entry,) = ledger(turned, vetoed=True)
    output = f"final until 2025-03-22, {labelled} rows of the comparison have one, and 100 are needed"
    assert (entry.status, entry.reason) == (
        Status.VETOED,
        f"labels are immature: {output}; wait, or raise accept.days",
    )
