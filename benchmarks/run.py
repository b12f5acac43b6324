"""What a run costs: CPU seconds, seconds and peak memory at three sizes, beside Evidently's presets on the same rows.

Each measurement is a process of its own, so that nothing is warm but the disk's cache. A run reads, validates,
profiles 20 columns against a reference of the same size, measures drift on 5,000 sampled rows, joins labels, computes
quality overall and by 12 segments, records, judges and publishes. Evidently computes its drift and classification
presets over all rows, and records nothing. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

SIZES = (10_000, 100_000, 1_000_000)
NUMERIC, CATEGORICAL = 10, 10
DAY = date(2025, 3, 2)

MONITOR = """
model: bench
kind: classification
predictions:
  parquet: predictions.parquet
  time: at
  id: id
  prediction: answer
  score: score
labels: {parquet: labels.parquet, target: truth, mature_after: 1d}
features: {numeric: ["number_*"], categorical: ["category_*"]}
segments: [category_0, category_1]
reference: {parquet: reference.parquet}
checks: [{metric: f1, below: 0.4}]
"""


def write(folder: Path, rows: int) -> None:
    """Write a day's predictions, its labels, and a reference of the same size."""
    import numpy as np
    import pandas as pd

    def table(seed: int) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        score = random.random(rows)
        frame = {
            "id": np.char.add("request-", np.arange(rows).astype(str)),
            "at": pd.Timestamp(DAY, tz="UTC") + pd.to_timedelta(np.sort(random.random(rows)) * 86_399, unit="s"),
            "answer": (score > 0.5).astype(int),
            "score": score,
        }
        frame |= {f"number_{i}": random.normal(i, 1 + i, rows) for i in range(NUMERIC)}
        names = np.array([f"value-{i}" for i in range(8)])
        frame |= {f"category_{i}": names[random.integers(0, 6 if i < 2 else 8, rows)] for i in range(CATEGORICAL)}
        return pd.DataFrame(frame)

    (folder / "monitors").mkdir()
    (folder / "monitors" / "bench.yaml").write_text(MONITOR)
    day = table(1)
    day.to_parquet(folder / "predictions.parquet", row_group_size=131_072)
    truth = (day["score"] + np.random.default_rng(2).normal(0, 0.3, rows) > 0.5).astype(int)
    day[["id"]].assign(truth=truth).to_parquet(folder / "labels.parquet")
    table(3).to_parquet(folder / "reference.parquet", row_group_size=131_072)


def run(folder: Path) -> dict[str, Any]:
    """Run the window; the profile of the reference was computed by an earlier one."""
    from flows.run_window import run_window
    from flows.stage_functions import Stages
    from storage.project.folder import Project
    from tasks.stages.run_context import RunContext

    project = Project.open(folder)
    # A run that finds itself recorded already would skip its evaluation.
    for path in project.home.glob("history.db*"):
        path.unlink()
    outcome = run_window(RunContext.of(project, project.monitor("bench"), DAY), Stages.plain(), with_report=False)
    return {"stages": outcome.seconds}


def presets(folder: Path) -> dict[str, Any]:
    """Evidently's presets over all rows, as its documentation shows them."""
    import pandas as pd
    from evidently import BinaryClassification, DataDefinition, Dataset, Report
    from evidently.presets import ClassificationPreset, DataDriftPreset

    numeric = [f"number_{i}" for i in range(NUMERIC)]
    categorical = [f"category_{i}" for i in range(CATEGORICAL)]
    day = pd.read_parquet(folder / "predictions.parquet").merge(pd.read_parquet(folder / "labels.parquet"), on="id")
    reference = pd.read_parquet(folder / "reference.parquet").assign(truth=day["truth"])
    definition = DataDefinition(
        numerical_columns=[*numeric, "score"],
        categorical_columns=[*categorical, "answer", "truth"],
        classification=[BinaryClassification(target="truth", prediction_labels="answer", prediction_probas="score")],
    )
    columns = [*numeric, *categorical, "answer", "score", "truth"]
    sides = [Dataset.from_pandas(frame[columns], data_definition=definition) for frame in (day, reference)]
    Report([DataDriftPreset(columns=[*numeric, *categorical]), ClassificationPreset()]).run(*sides)
    return {}


WORK = {"run": run, "evidently": presets}


def measured(work: str, folder: Path) -> dict[str, Any]:
    """Do some work in a process of its own."""
    command = [sys.executable, __file__, "--work", work, "--folder", str(folder)]
    figures: dict[str, Any] = json.loads(subprocess.check_output(command).splitlines()[-1])
    return figures


def median(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each number over some runs."""
    return {
        name: median([it[name] for it in runs])
        if isinstance(value, dict)
        else round(statistics.median(it[name] for it in runs), 3)
        for name, value in runs[0].items()
    }


def main() -> None:
    """Measure every size and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true", help="leave Evidently out")
    parser.add_argument("--work", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        begun = time.perf_counter()
        figures = WORK[arguments.work](arguments.folder)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cost = {"cpu_seconds": usage.ru_utime + usage.ru_stime, "seconds": time.perf_counter() - begun}
        print(json.dumps(figures | cost | {"peak_mb": usage.ru_maxrss / 1024}))
        return
    results: dict[str, Any] = {}
    for rows in arguments.sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(folder, rows)
            measured("run", folder)
            found: dict[str, list[dict[str, Any]]] = {"run": [], "evidently": []}
            for _ in range(arguments.runs):
                found["run"].append(measured("run", folder))
                if not arguments.no_peer:
                    found["evidently"].append(measured("evidently", folder))
            results[str(rows)] = {work: median(runs) for work, runs in found.items() if runs}
            print(rows, json.dumps(results[str(rows)]), flush=True)
    print(json.dumps({"columns": NUMERIC + CATEGORICAL, "runs": arguments.runs, "by_rows": results}))


if __name__ == "__main__":
    main()
