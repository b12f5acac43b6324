"""The closed loop for every kind of model, every grain and every place of labels: a world that turns is learned."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.run_windows import run_windows, windows_between
from lamplighter.core.retraining.policy import Status
from lamplighter.core.time.window import Grain, Window
from storage.history import open_history
from storage.history.retrainings import entries
from storage.project.folder import Project
from tests.long_cases import long_but_for

ANSWERS = {
    "classes": 'cell = (x * 3).astype(int); return {"answer": ((cell + rule) % 3).map(dict(enumerate("abc")))}',
    "scores": 'p = x if rule == 0 else 1 - x; return {"answer": (p > 0.5).astype(int), "p_no": 1 - p, "p_yes": p}',
    "numbers": 'return {"answer": 10 * x if rule == 0 else 10 - 10 * x}',
    "lists": 'return {"answer": [["tea", "milk"] if (v > 0.5) == (rule == 0) else ["milk", "tea"] for v in x]}',
    "texts": 'state = ["lit", "dark"][rule]; return {"answer": [f"lamp {v:.1f} is {state} at night" for v in x]}',
}
"""What a model answers that follows a rule, 0 or 1, by ``x`` between 0 and 1."""

TRAINER = """
import json


def answers(x, rule):
    {answers}


def first(answer):
    return str(answer[0] if isinstance(answer, list) else answer)


def train(rows, folder, version):
    newest = rows.sort_values("at").dropna(subset=["truth"]).tail(90)
    truth = newest["truth"].map(str).to_numpy()
    agreement = [(answers(newest["x"], rule)["answer"], rule) for rule in (0, 1)]
    right = [sum(first(a) == t for a, t in zip(answered, truth)) for answered, _ in agreement]
    if truth[0].replace(".", "").isdigit():
        right = [-abs(answered - newest["truth"]).sum() for answered, _ in agreement]
    rule = int(right[1] > right[0])
    (folder / "model.json").write_text(json.dumps(rule))
    rows.assign(**answers(rows["x"], rule)).to_parquet(folder / "reference.parquet")


def predict(folder, rows):
    import pandas as pd

    return pd.DataFrame(answers(rows["x"], json.loads((folder / "model.json").read_text())))
"""

KINDS: dict[str, dict[str, Any]] = {
    "classes": {"kind": "classification", "metric": "accuracy", "limit": {"below": 0.7}},
    "scores": {"kind": "classification", "metric": "roc_auc", "limit": {"below": 0.7}},
    "numbers": {"kind": "regression", "metric": "mae", "limit": {"above": 2}},
    "lists": {"kind": "ranking", "metric": "mrr", "limit": {"below": 0.7}},
    "texts": {"kind": "text", "metric": "bleu", "limit": {"below": 90}},
}
SPANS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "1w": timedelta(weeks=1), "1mo": timedelta(days=30)}
BEGIN, WINDOWS, TURN, ROWS = date(2025, 1, 6), 12, 6, 60


def project_of(folder: Path, name: str, grain: str = "1d", *, same_row: bool = False, **predictions: Any) -> Project:
    """A model of a kind, whose first rule was right until the world turned; the trainer knows both rules."""
    kind, rule_of = KINDS[name], {}
    trainer = TRAINER.replace("{answers}", ANSWERS[name])
    exec(trainer, rule_of)
    frame = asked(SPANS[grain])
    turned = frame.pop("turned")
    answered, truth = rule_of["answers"](frame["x"], 0), rule_of["answers"](frame["x"], 1)
    other = pd.Series(list(truth["answer"]))
    right = pd.Series(list(answered["answer"])).where(~turned, other)
    if name == "lists":
        right = right.str[0]
    frame = frame.assign(**answered)
    if name == "texts":
        # A null is an empty text, and a wrong answer.
        frame.loc[frame.index[::ROWS], "answer"] = None
    (folder / "data").mkdir(parents=True)
    (folder / "monitors").mkdir()
    (folder / "trainer.py").write_text(trainer)
    labels: dict[str, Any] = {"target": "truth", "mature_after": f"{max(SPANS[grain] // timedelta(hours=2), 1)}h"}
    if same_row:
        frame["truth"] = right
        labels["same_row"] = True
    else:
        output = pd.DataFrame({"id": frame["id"], "truth": right, "labelled_at": frame["at"] + pd.Timedelta("5m")})
        output.to_parquet(folder / "data" / "labels.parquet")
        labels |= {"parquet": "data/labels.parquet", "time": "labelled_at", "id": "id"}
    frame.to_parquet(folder / "data" / "log.parquet")
    scores = {"score": {"0": "p_no", "1": "p_yes"}} if name == "scores" else {}
    days = f"{3 * SPANS[grain] // timedelta(hours=1)}h"
    monitor = {
        "model": "turning",
        "kind": kind["kind"],
        "every": grain,
        "timezone": "Europe/Berlin",
        "features": {"numeric": ["x"]},
        "predictions": {"parquet": "data/log.parquet", "time": "at", "id": "id", "prediction": "answer"}
        | scores
        | predictions,
        "labels": labels,
        "checks": [{"name": "quality", "metric": kind["metric"], **kind["limit"]}],
        "retrain": {
            "on": ["quality"],
            "trainer": "trainer.py:train",
            "window": f"{20 * SPANS[grain] // timedelta(hours=1)}h",
            "cooldown": days,
            "accept": {"metric": kind["metric"], "days": days},
        },
    }
    (folder / "monitors" / "turning.yaml").write_text(json.dumps(monitor))
    return Project.open(folder)


def asked(span: timedelta) -> pd.DataFrame:
    """What the service is asked, evenly over the windows."""
    rows = WINDOWS * ROWS
    at = pd.Timestamp(BEGIN, tz="Europe/Berlin") + pd.to_timedelta(np.arange(rows) * (span / ROWS))
    turned = np.arange(rows) >= TURN * ROWS
    x = np.random.default_rng(3).random(rows)
    return pd.DataFrame({"id": np.arange(rows), "at": at.tz_convert("UTC"), "x": x, "turned": turned})


def ended(project: Project, grain: str) -> list[tuple[Status, str]]:
    """How the retrainings of all nights ended."""
    monitor = project.monitor("turning")
    last = (pd.Timestamp(BEGIN) + (WINDOWS - 1) * SPANS[grain]).date()
    windows = [
        window
        for window in windows_between(monitor, BEGIN, last)
        if window.end <= Window.of("turning", Grain(grain), "Europe/Berlin", BEGIN).end + WINDOWS * SPANS[grain]
    ]
    for done in run_windows(project, monitor, windows, with_retraining=True):
        assert not done.fault, done.fault
    known = entries(open_history(project), "turning")
    return [(entry.status, entry.reason) for entry in known if entry.status is not Status.VETOED]


@pytest.mark.parametrize("kind", long_but_for(KINDS, ["classes"]))
def test_every_kind_of_model_is_learned_anew(tmp_path: Path, kind: str) -> None:
    assert (Status.PROMOTED, "") in ended(project_of(tmp_path, kind), "1d")


@pytest.mark.long
def test_lists_that_a_day_wrote_in_another_type_are_lists(tmp_path: Path) -> None:
    """As polars writes them: were they text, no logged answer would be right, and any challenger better."""
    project = project_of(tmp_path, "lists", "1d", parquet="data/day={day}/*.parquet")
    log = tmp_path / "data" / "log.parquet"
    table = pq.read_table(log)
    log.unlink()
    day = table["at"].to_pandas().dt.tz_convert("Europe/Berlin").dt.date
    for number, (name, places) in enumerate(day.groupby(day).groups.items()):
        rows = table.take(pa.array(places))
        if number == WINDOWS - 4:
            at = rows.column_names.index("answer")
            rows = rows.set_column(at, "answer", rows["answer"].cast(pa.large_list(pa.large_string())))
        (tmp_path / "data" / f"day={name}").mkdir()
        pq.write_table(rows, tmp_path / "data" / f"day={name}" / "part.parquet")
    assert (Status.PROMOTED, "") in ended(project, "1d")
    (gain,) = [entry.gain for entry in entries(open_history(project), "turning") if entry.status is Status.PROMOTED]
    assert gain == pytest.approx(0.5)


@pytest.mark.long
@pytest.mark.parametrize("grain", [grain for grain in SPANS if grain != "1d"])
def test_a_model_of_every_grain_is_learned_anew(tmp_path: Path, grain: str) -> None:
    """That of days is one of every kind."""
    assert (Status.PROMOTED, "") in ended(project_of(tmp_path, "numbers", grain), grain)


def test_a_truth_in_the_same_row_is_learned_from(tmp_path: Path) -> None:
    assert (Status.PROMOTED, "") in ended(project_of(tmp_path, "classes", same_row=True), "1d")
