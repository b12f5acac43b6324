"""What the next person adds is one file and one row: here in a copy of the code, and then a run uses it.

The copy stands for a change of the code; nothing in it is replaced but the row that is added.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.metrics import mean_poisson_deviance

from lamplighter.application import ROOT
from tests.flows import small_world

PACKAGES = ("lamplighter", "storage", "tasks", "flows")

Add = Callable[[str, str, str], None]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A copy of the code."""
    folder = tmp_path / "code"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def add_row(code: Path, file: str, last: str, row: str) -> None:
    """Add a row to a table, before its end."""
    path = code / file
    text = path.read_text()
    assert text.count(last) == 1, f"{file} has no table that ends with {last!r}"
    path.write_text(text.replace(last, f"{row}{last}"))


def run(code: Path, folder: Path, script: str) -> dict[str, object]:
    """What a script prints that runs the copy on a project."""
    environment = {**os.environ, "PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1", "PROJECT": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=code, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


COUNT = '''"""Counts: an answer is how many events are expected."""

from __future__ import annotations

import numpy as np

from lamplighter.core.evaluation.evaluator import Measured
from lamplighter.core.evaluation.labelled import numbers
from lamplighter.core.records.measurement import Measurement, State


def measured(labelled, monitor, groupings, state):
    """The deviance of a Poisson distribution."""
    true, pred = numbers(labelled.y_true), numbers(labelled.y_pred)
    loss = 2 * (np.where(true > 0, true * np.log(np.where(true > 0, true, 1) / pred), 0) - true + pred)
    return Measured([Measurement(metric="deviance", value=float(loss.mean()), n=len(loss), state=state)], true, pred)


def measured_on(labelled, monitor, metric):
    """The same of any of the rows."""
    raise NotImplementedError


def oddities(labelled, monitor):
    """Nothing is odd."""
    return iter(())
'''

MONITOR = """
model: m
kind: count
predictions: {parquet: "data/day={day}.parquet", time: at, id: id, prediction: expected}
labels: {same_row: true, target: count, mature_after: 1h}
checks: [{metric: deviance, other_than: 0}]
"""

RUN = """
import json, os
from datetime import date
from pathlib import Path
from flows.run_window import run_window
from flows.stages import Stages
from storage.history.query import Filter, measurements
from storage.project.folder import Project
from tasks.stages.run import RunContext
from lamplighter.core.checks import messages
import lamplighter
project = Project.open(Path(os.environ["PROJECT"]))
context = RunContext.of(project, project.monitor("m"), date(2025, 3, 3))
outcome = run_window(context, Stages.plain(), with_report=False)
[row] = measurements(context.history, "m", Filter(metric="deviance"))
decided = {it.check.name: it for it in outcome.judged.decisions}
decision = decided["deviance-other_than"]
title = messages.opened("m", decision, "2025-03-03", [], [], "").body.splitlines()[0]
print(json.dumps({"code": lamplighter.__file__, "value": row["value"], "verdict": decision.verdict, "said": title}))
"""


def test_a_kind_a_measurement_and_a_form_of_check_are_a_file_and_a_row(code: Path, tmp_path: Path) -> None:
    (code / "lamplighter/core/evaluation/kinds/count.py").write_text(COUNT)
    row = '    Kind("count", "a count", read="numbers", drift="numeric", shown=("deviance",),\n'
    add_row(code, "lamplighter/core/kinds.py", ")  # fmt: skip", f'{row}         evaluator=f"{{EVALUATORS}}.count"),\n')
    row = '    _quality("deviance", frozenset({"count"}), 0, None, "lower", "none", "Deviance.", "McCullagh"),\n'
    add_row(code, "lamplighter/core/records/catalogue.py", ")  # fmt: skip\n\nMETRICS", row)
    row = '    Form("other_than", Number, "fails at another value", "away from", _number, operator.ne),\n'
    add_row(code, "lamplighter/core/monitor/forms.py", ")  # fmt: skip", row)

    project = small_world.make(tmp_path / "project", MONITOR)
    frame = small_world.rows(0).assign(expected=lambda rows: rows["amount"] / 5)
    small_world.log(project, 0, frame)
    found = run(code, tmp_path / "project", RUN)
    assert str(found["code"]).startswith(str(code))
    assert found["value"] == pytest.approx(mean_poisson_deviance(frame["count"], frame["expected"]), rel=1e-12)
    assert found["verdict"] == "failed"
    assert str(found["said"]).startswith("deviance is ")
    assert str(found["said"]).endswith(" away from its limit 0")
