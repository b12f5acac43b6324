"""A sound project whose monitor and tables a test changes, and what `validate` finds in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from lamplighter.core.monitor import Monitor, parse
from storage.inspection.source_check import SourceCheck, check_sources
from storage.project.folder import Project

NOW = datetime(2026, 3, 10, 5, 15, tzinfo=UTC)
N = 600
TIMES = pd.date_range("2026-03-01", periods=N, freq="15min", tz="UTC").as_unit("us")
"""Six days and a quarter: the newest, of 24 rows, is March 7."""
RNG = np.random.default_rng(5)
SCORE = RNG.random(N)
LATE = (SCORE > 0.5).astype(int)
TRUE = np.where(RNG.random(N) < 0.1, 1 - LATE, LATE)

Change = Callable[[dict[str, Any], dict[str, pd.DataFrame]], None]


def tables() -> dict[str, pd.DataFrame]:
    ids = [f"r{i}" for i in range(N)]
    log = pd.DataFrame(
        {
            "id": ids,
            "at": TIMES,
            "late": LATE,
            "p": SCORE,
            "version": "v1",
            "origin": np.where(np.arange(N) % 3 == 0, "JFK", "LGA"),
            "distance": np.random.default_rng(6).random(N) * 100,
            "tags": [["a"]] * N,
        }
    )
    labels = pd.DataFrame({"id": ids, "was_late": TRUE, "labelled_at": TIMES + pd.Timedelta("6h")})
    return {"log": log, "labels": labels, "reference": log.iloc[:200].copy()}


def declared() -> dict[str, Any]:
    return {
        "model": "m",
        "kind": "classification",
        "predictions": {
            "parquet": "data/log/day={day}/*.parquet",
            "time": "at",
            "id": "id",
            "prediction": "late",
            "score": "p",
            "version": "version",
        },
        "labels": {"parquet": "data/labels.parquet", "target": "was_late", "time": "labelled_at", "mature_after": "1d"},
        "segments": ["origin"],
        "features": {"numeric": ["distance"], "categorical": ["origin"]},
        "reference": {"parquet": "data/reference.parquet"},
        "checks": [{"metric": "accuracy", "below": 0.5, "segment": "origin=JFK"}],
    }


def world(root: Path, change: Change) -> tuple[Project, Monitor]:
    """A project in which one thing was changed."""
    monitor, held = declared(), tables()
    change(monitor, held)
    text = yaml.safe_dump(monitor, sort_keys=False)
    for name, frame in held.items():
        if name == "log":
            for day, part in frame.groupby(frame["at"].dt.date if hasattr(frame["at"], "dt") else "version"):
                (root / f"data/log/day={day}").mkdir(parents=True)
                part.to_parquet(root / f"data/log/day={day}/a.parquet", index=False)
        else:
            (root / "data").mkdir(exist_ok=True)
            frame.to_parquet(root / f"data/{name}.parquet", index=False)
    (root / "monitors").mkdir()
    (root / "monitors/m.yaml").write_text(text)
    return Project.open(root), parse("m.yaml", text, environ={})


def checked(root: Path, change: Change) -> SourceCheck:
    return check_sources(*world(root, change), NOW)


def put(path: str, value: Any) -> Change:
    """Change a key of the monitor."""

    def change(monitor: dict[str, Any], held: dict[str, pd.DataFrame]) -> None:
        *section, key = path.split(".")
        place = monitor
        for name in section:
            place = place[name]
        place[key] = value

    return change


def column(table: str, name: str, value: Any) -> Change:
    """Change a column of a table."""

    def change(monitor: dict[str, Any], held: dict[str, pd.DataFrame]) -> None:
        held[table][name] = value(held[table]) if callable(value) else value

    return change


def both(*changes: Change) -> Change:
    def change(monitor: dict[str, Any], held: dict[str, pd.DataFrame]) -> None:
        for one in changes:
            one(monitor, held)

    return change


def rows(table: str, keep: Callable[[pd.DataFrame], Any]) -> Change:
    def change(monitor: dict[str, Any], held: dict[str, pd.DataFrame]) -> None:
        held[table] = held[table][keep(held[table])]

    return change


def check(**options: Any) -> Change:
    return put("checks", [options])
