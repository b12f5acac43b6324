"""A learner that goes on learning: river's logistic regression, fed each day with the labels that matured.

A second trainer of the flights: `retrain: {trainer: adaptive.py:train}` has it learn what came since the champion.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from river import compose, linear_model, optim, preprocessing

from examples.flights.features import CATEGORICAL, FEATURES, NUMERIC

LEARNING_RATE = 0.002
"""Chosen by ROC-AUC of February and March, each row answered before it was learned: 0.685, against 0.679 of 0.005 and
0.680 of 0.0005."""


def learner() -> Any:
    """A model that knows nothing yet."""
    numeric = compose.Select(*NUMERIC, "missing") | preprocessing.StandardScaler()
    categorical = compose.Select(*CATEGORICAL, "hour") | preprocessing.OneHotEncoder()
    return (numeric + categorical) | linear_model.LogisticRegression(optim.SGD(LEARNING_RATE), l2=1e-4)


def answers(model: Any, rows: pd.DataFrame) -> np.ndarray:
    """The probability of being late of each row."""
    return np.array([model.predict_proba_one(row).get(True, 0.0) for row in _dictionaries(rows)])


def learn(model: Any, rows: pd.DataFrame, truth: pd.Series) -> None:
    """Learn from rows in their order."""
    for row, late in zip(_dictionaries(rows), truth.astype(bool), strict=True):
        model.learn_one(row, late)


def _dictionaries(rows: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    """Rows as river takes them: gaps as the middle of what is known, and how many there were."""
    frame = rows[FEATURES].copy()
    frame["missing"] = frame[NUMERIC].isna().sum(axis=1)
    frame["hour"] = (frame["minute_of_day"] // 60).astype("str")
    frame[NUMERIC] = frame[NUMERIC].fillna(frame[NUMERIC].median()).fillna(0.0)
    for row in frame.to_dict("records"):
        yield {str(name): value for name, value in row.items()}


def train(rows: pd.DataFrame, folder: Path, version: str, previous: Path | None = None) -> dict[str, float]:
    """Learn what came since the champion, answering each row before it is learned: that is the reference.

    Parameters and files as of `examples.flights.train.train`; ``previous`` is the champion's folder.
    """
    rows = rows.sort_values(["predicted_at", "request_id"])
    model, since = _load(previous)
    new = rows[rows["predicted_at"] > since] if since is not None else rows
    scores = []
    for _, day in new.groupby(new["predicted_at"].dt.date):
        scores.append(answers(model, day))
        known = day["was_late"].notna()
        learn(model, day[known], day.loc[known, "was_late"])
    joblib.dump(model, folder / "learner.joblib")
    card = {"version": version, "until": rows["predicted_at"].max().isoformat(), "threshold": 0.5}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    score = np.concatenate(scores) if scores else np.zeros(0)
    new.assign(probability_late=score, late=(score >= card["threshold"]).astype(int), model_version=version).to_parquet(
        folder / "reference.parquet", index=False
    )
    return {"rows": float(len(new))}


def predict(folder: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Answer rows by the learner of a folder."""
    model, _ = _load(folder)
    score = answers(model, rows)
    return pd.DataFrame({"late": (score >= 0.5).astype(int), "probability_late": score})


def _load(folder: Path | None) -> tuple[Any, pd.Timestamp | None]:
    """A learner and the time of the newest row that it has seen."""
    if folder is None or not (folder / "card.json").is_file():
        return learner(), None
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return joblib.load(folder / "learner.joblib"), pd.Timestamp(card["until"])
