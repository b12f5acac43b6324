"""What a command costs as a whole process: the seconds that a person waits and the CPU seconds, beside their limits.

A project of five models with a week of history is made in a temporary folder. No model has a reference, so that no run
compares or makes a report. Each command is a process of its own; a line shows the medians of several. The last line is
JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

COMMAND = Path(sys.executable).with_name("lamplighter")
MODELS = ("churn", "fraud", "leads", "returns", "upsell")
FIRST, DAYS, ROWS = date(2026, 3, 1), 8, 500
MONITOR = """\
model: {model}
kind: classification
predictions: {{parquet: "log/{{day}}.parquet", time: at, id: id, prediction: answer, score: score}}
labels: {{parquet: "labels/{{day}}.parquet", target: truth, mature_after: 1d}}
features: {{numeric: [amount]}}
segments: [plan]
checks:
  - {{metric: f1, below: {limit}}}
  - {{metric: rows, below: 1}}
"""

LOOK, MISTAKE, RUN = 0.6, 0.3, 1.5
"""Limits: seconds until something recorded is shown or a mistake is reported, and CPU seconds of a run."""


@dataclass(frozen=True)
class Case:
    """A command, how long it may take, and how it ends.

    Attributes
    ----------
    words : str
        What is typed after ``lamplighter -C folder``.
    seconds, cpu : float or None
        The limits, where there are any.
    code : int
        The exit code; with another one something else was measured.
    folder : str
        One of the projects that `make` writes.
    """

    words: str
    seconds: float | None = None
    cpu: float | None = None
    code: int = 0
    folder: str = "sound"


def mistake(words: str, folder: str = "sound") -> Case:
    """A command line with a mistake."""
    return Case(words, seconds=MISTAKE, code=2, folder=folder)


LAST = FIRST + timedelta(days=DAYS - 1)
CASES = (
    Case("--help", seconds=MISTAKE),
    Case("status", seconds=LOOK),
    Case("status churn", seconds=LOOK),
    Case("incidents", seconds=LOOK),
    Case("checks churn", seconds=LOOK),
    Case("history churn", seconds=LOOK),
    Case(f"run churn --day {LAST} --now {LAST + timedelta(days=1)}T05:15", cpu=RUN),
    mistake("runn"),
    mistake("run --dya 2026-03-01"),
    mistake("run churn --day yesterday"),
    mistake("backfill churn --from 2026-03-02 --to 2026-03-01"),
    mistake("history churn --json --csv"),
    mistake("run nope"),
    mistake("backfill nope --from 2026-03-01 --to 2026-03-02"),
    mistake("status nope"),
    mistake("checks nope"),
    mistake("replay nope"),
    mistake("history nope"),
    mistake("report nope"),
    mistake("retrain nope"),
    mistake("approve nope"),
    mistake("rollback nope"),
    mistake("incidents accept nope amount"),
    mistake("incidents mute churn nope"),
    mistake("validate nope"),
    mistake("init nothing.parquet"),
    mistake("run churn --day 2199-01-01"),
    mistake("validate", "unknown-key"),
    mistake("run churn", "unknown-key"),
    mistake("run", "no-monitors"),
    mistake("status", "unknown-setting"),
    mistake("run churn", "no-toml"),
    mistake("run churn", "nowhere"),
)


def make(folder: Path) -> None:
    """Make the projects: a sound one, run for all days but the last, and some that are broken."""
    sound = folder / "sound"
    for name in ("monitors", "log", "labels"):
        (sound / name).mkdir(parents=True)
    for place, model in enumerate(MODELS):
        # One check fails, so that an incident is open.
        text = MONITOR.format(model=model, limit=0.2 if place else 0.999)
        (sound / "monitors" / f"{model}.yaml").write_text(text)
    for number in range(DAYS):
        write_day(sound, FIRST + timedelta(days=number))
    backfill = ["backfill", "--from", FIRST, "--to", LAST - timedelta(days=1), "--processes", 1]
    subprocess.run(
        [COMMAND, "-C", sound, *map(str, backfill)], check=True, stdout=subprocess.DEVNULL, env=environment()
    )
    broken = {
        "unknown-key": ("monitors/churn.yaml", MONITOR.format(model="churn", limit=0.2) + "segmets: [plan]\n"),
        "no-monitors": ("readme.txt", ""),
        "unknown-setting": ("lamplighter.toml", "wait_secnds = 5\n"),
        "no-toml": ("lamplighter.toml", "wait_seconds = = 5\n"),
    }
    for name, (path, text) in broken.items():
        (folder / name / path).parent.mkdir(parents=True)
        (folder / name / path).write_text(text)


def write_day(folder: Path, day: date) -> None:
    """Write the rows of a day, and their labels."""
    random = np.random.default_rng(day.toordinal())
    score = random.random(ROWS)
    ids = [f"{day}-{number}" for number in range(ROWS)]
    at = pd.Timestamp(day, tz="UTC") + pd.to_timedelta(np.arange(ROWS), "min")
    plan = random.choice(["basic", "pro"], ROWS)
    rows = {"id": ids, "at": at, "plan": plan, "amount": random.lognormal(3, 1, ROWS)}
    rows |= {"score": score, "answer": score > 0.5}
    pd.DataFrame(rows).to_parquet(folder / "log" / f"{day}.parquet", index=False)
    truth = random.random(ROWS) < score
    pd.DataFrame({"id": ids, "truth": truth}).to_parquet(folder / "labels" / f"{day}.parquet", index=False)


def environment() -> dict[str, str]:
    """The variables of this process, without those that choose another project or a server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LAMPLIGHTER_", "PREFECT_API"))}
    return kept | {"DO_NOT_TRACK": "1"}


def taken(case: Case, folder: Path) -> tuple[float, float]:
    """Seconds and CPU seconds of one process."""
    home, kept = folder / case.folder / ".lamplighter", folder / "kept"
    if case.cpu:
        # A run that finds its window recorded does less; afterwards all is as it was.
        shutil.copytree(home, kept)
    words: list[str | Path] = [COMMAND, "-C", folder / case.folder, *case.words.split()]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if case.cpu:
        shutil.rmtree(home)
        kept.rename(home)
    if done.returncode != case.code:
        raise SystemExit(f"{case.words}: exit code {done.returncode}, not {case.code}: {done.stdout}{done.stderr}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(case: Case, folder: Path, runs: int) -> dict[str, Any]:
    """The medians of several processes, after one that warms the disk's cache."""
    taken(case, folder)
    seconds, cpu = (statistics.median(times) for times in zip(*(taken(case, folder) for _ in range(runs)), strict=True))
    is_within = seconds <= (case.seconds or seconds) and cpu <= (case.cpu or cpu)
    limits = {"most_seconds": case.seconds, "most_cpu": case.cpu, "is_within": is_within}
    words = case.words if case.folder == "sound" else f"{case.words} ({case.folder})"
    return {"command": words, "seconds": round(seconds, 3), "cpu": round(cpu, 3), **limits}


def main() -> None:
    """Measure each command and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="commands that begin like that")
    arguments = parser.parse_args()
    rows = []
    print(f"{'seconds':>7} {'most':>5}  {'CPU':>7} {'most':>5}")
    with tempfile.TemporaryDirectory() as name:
        make(Path(name))
        for case in CASES:
            if case.words.startswith(arguments.only):
                rows.append(row := measured(case, Path(name), arguments.runs))
                times = f"{row['seconds']:7.3f} {case.seconds or '':>5}  {row['cpu']:7.3f} {case.cpu or '':>5}"
                print(times, row["command"], "" if row["is_within"] else "  MORE THAN ITS LIMIT", flush=True)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
