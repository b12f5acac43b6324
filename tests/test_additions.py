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

import pandas as pd
import pytest
from sklearn.metrics import mean_poisson_deviance

from dashboards.boards.more_panels import panel_id
from lamplighter.application import ROOT
from tests.flows import small_world

PACKAGES = ("lamplighter", "storage", "tasks", "flows", "dashboards")

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
from dashboards.files import dashboard_files
from dashboards.measured import measured_by
from flows.run_window import run_window
from flows.stage_functions import Stages
from storage.history.query import Filter, measurements
from storage.project.folder import Project
from tasks.stages.run_context import RunContext
from lamplighter.core.checks import messages
import lamplighter
project = Project.open(Path(os.environ["PROJECT"]))
context = RunContext.of(project, project.monitor("m"), date(2025, 3, 3))
outcome = run_window(context, Stages.plain(), with_report=False)
[row] = measurements(context.history, "m", Filter(metric="deviance"))
decided = {it.check.name: it for it in outcome.judged.decisions}
decision = decided["deviance-other_than"]
title = messages.opened("m", decision, "2025-03-03", [], [], "").body.splitlines()[0]
board = json.loads(dashboard_files(measured=measured_by([project.monitor("m")]))["lamplighter-model.json"])
panels = [panel for row in board["panels"] for panel in row.get("panels", []) if panel["title"] == "Deviance"]
seen = [[panel["targets"][0]["expr"], panel["description"], panel["id"]] for panel in panels]
found = {"value": row["value"], "verdict": decision.verdict, "said": title, "panels": seen}
print(json.dumps({"code": lamplighter.__file__, **found}))
"""


def test_a_kind_a_measurement_and_a_form_of_check_are_a_file_and_a_row(code: Path, tmp_path: Path) -> None:
    (code / "lamplighter/core/evaluation/kinds/count.py").write_text(COUNT)
    row = '    Kind("count", "a count", compared_as="numbers", drift="numeric", shown=("deviance",),\n'
    add_row(code, "lamplighter/core/kinds.py", ")  # fmt: skip", f'{row}         evaluator=f"{{EVALUATORS}}.count"),\n')
    row = '    _quality("deviance", frozenset({"count"}), 0, None, "lower", "none", "Deviance.", "McCullagh"),\n'
    add_row(code, "lamplighter/core/records/catalogue.py", ")  # fmt: skip\n\nMETRICS", row)
    row = '    Form("other_than", Number, "fails at another value", lambda it, _: Limit(it, it), lambda *_: ""),\n'
    add_row(code, "lamplighter/core/monitor/check_forms.py", ")  # fmt: skip", row)

    project = small_world.make(tmp_path / "project", MONITOR)
    frame = small_world.rows(0).assign(expected=lambda rows: rows["amount"] / 5)
    small_world.log(project, 0, frame)
    found = run(code, tmp_path / "project", RUN)
    assert str(found["code"]).startswith(str(code))
    assert found["value"] == pytest.approx(mean_poisson_deviance(frame["count"], frame["expected"]), rel=1e-12)
    assert found["verdict"] == "failed"
    assert found["panels"] == [
        [
            'last_over_time(lamplighter_quality_deviance{model="$model", segment="", class=""}[26h])',
            "Deviance. Lower is better.",
            panel_id("deviance"),
        ]
    ]
    assert str(found["said"]).startswith("deviance is ")
    assert str(found["said"]).endswith(", above its limit 0")


FEATHER = '''"""Rows in one Feather file."""

from __future__ import annotations

import pyarrow.feather
import pyarrow.parquet as pq

from lamplighter.core.hints import did_you_mean
from lamplighter.core.monitor.soundness import Problem
from lamplighter.errors import SourceError, one_line
from storage.project.private_files import make_folder
from storage.sources.files import find
from storage.sources.newest import newest_in


def _table(project, source):
    try:
        return pyarrow.feather.read_table(project.root / source.given)
    except (OSError, ValueError) as error:
        raise SourceError(one_line(error), where=source.given, fix="write the file again") from None


def between(project, source, span, wanted):
    """All rows, which are chosen by their time later."""
    path = wanted.folder / wanted.name / "rows.parquet"
    make_folder(path.parent)
    pq.write_table(_table(project, source), path)
    return find([str(path)])


def recent(project, source, span, wanted):
    return between(project, source, span, wanted)


def dated(project, source, span, delivered, wanted):
    return between(project, source, span, wanted)


def newest(project, monitor, now, wanted):
    return newest_in(between(project, monitor.predictions, None, wanted), monitor, now)


def columns(project, source):
    return _table(project, source).column_names


def absent(project, source, section, *, may_come=False):
    if (project.root / source.given).is_file():
        return None
    names = sorted(path.name for path in project.root.glob("*.feather"))
    return Problem((section, "feather"), f"no file {source.given}; {did_you_mean(source.given, names)}", may_come)


def state(source, span):
    return None
'''

APART = """
model: m
kind: classification
predictions: {PREDICTIONS, time: at, id: id, prediction: answer, score: score}
labels: {LABELS, target: truth, time: at, mature_after: 1h}
features: {numeric: [amount, count], categorical: [plan, region]}
reference: {days: 2025-03-03..2025-03-03}
"""

RECORD = """
import json, os
from datetime import UTC, date, datetime
from pathlib import Path
from flows.run_window import run_window
from flows.stage_functions import Stages
from storage.history import open_history
from storage.history.query import dump
from storage.inspection.source_check import check_sources
from storage.project.folder import Project
from tasks.stages.run_context import RunContext
import lamplighter
project = Project.open(Path(os.environ["PROJECT"]))
for day in (3, 4, 5):
    context = RunContext.of(project, project.monitor("m"), date(2025, 3, day))
    run_window(context, Stages.plain(), with_report=False, with_retraining=False)
check = check_sources(project, project.monitor("m"), datetime(2025, 3, 6, tzinfo=UTC))
problems = [[list(problem.at), problem.message] for problem in check.problems]
seen = [check.window, check.rows, check.labelled, check.labelled_window, check.features, problems]
recorded = dump(open_history(project))["measurement"]
print(json.dumps({"code": lamplighter.__file__, "seen": seen, "recorded": recorded}, default=str))
"""


def make_world(folder: Path, predictions: str, labels: str) -> None:
    """A project whose monitor says where predictions and labels are, and both as Parquet and as Feather."""
    small_world.make(folder, APART.replace("PREDICTIONS", predictions).replace("LABELS", labels))
    frame = pd.concat(small_world.rows(number) for number in range(3))
    for name, part in (("log", frame.drop(columns="truth")), ("truth", frame[["id", "at", "truth"]])):
        part.to_parquet(folder / f"{name}.parquet", index=False)
        part.reset_index(drop=True).to_feather(folder / f"{name}.feather")


@pytest.mark.long
def test_a_place_where_rows_are_is_a_file_and_a_row(code: Path, tmp_path: Path) -> None:
    (code / "storage/sources/in_feather.py").write_text(FEATHER)
    row = '    Place("feather", Name | None, "a Feather file; or give parquet", reader=f"{READERS}.in_feather"),\n'
    add_row(code, "lamplighter/core/monitor/places.py", ")  # fmt: skip\n\nPLACES", row)
    make_world(tmp_path / "files", "parquet: log.parquet", "parquet: truth.parquet")
    make_world(tmp_path / "feather", "feather: log.feather", "feather: truth.feather")
    make_world(tmp_path / "absent", "feather: log.feather", "feather: thruth.feather")
    files, feather, absent = (run(code, tmp_path / name, RECORD) for name in ("files", "feather", "absent"))
    assert str(feather["code"]).startswith(str(code))
    recorded = feather["recorded"]
    assert isinstance(recorded, list)
    assert {"rows", "drift_p_value", "f1"} <= {row[3] for row in recorded}
    assert recorded == files["recorded"]
    assert feather["seen"] == files["seen"]
    seen = absent["seen"]
    assert isinstance(seen, list)
    assert seen[-1] == [
        [
            ["labels", "feather"],
            "no file thruth.feather; did you mean 'truth.feather'? known: log.feather, truth.feather",
        ]
    ]
