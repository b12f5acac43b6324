"""A fitted model in a folder: the estimator, and a card that says how to read its answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from examples.flights.features import CATEGORICAL, FEATURES


@dataclass(frozen=True, kw_only=True)
class Model:
    """An estimator with its version and, if it classifies, the score from which a flight is called late."""

    version: str
    estimator: Any
    threshold: float | None = None

    def answer(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the answers to rows that have the columns `FEATURES`, in the columns that the service logs."""
        return answers(scores(self.estimator, rows), version=self.version, threshold=self.threshold)

    def is_late(self, score: float) -> bool:
        """Whether a flight of this score is called late.

        Raises
        ------
        ValueError
            If the model predicts minutes.
        """
        if self.threshold is None:
            raise ValueError(f"model {self.version} predicts minutes, and has no threshold; serve one that classifies")
        return score >= self.threshold

    def save(self, folder: Path) -> None:
        """Write the model; only scikit-learn's own classes are pickled, so any process can load it."""
        folder.mkdir(parents=True, exist_ok=True)
        joblib.dump(self.estimator, folder / "estimator.joblib")
        card = {"version": self.version, "threshold": self.threshold, "features": FEATURES}
        (folder / "model.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Read a model that `save` wrote."""
        card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        estimator = joblib.load(folder / "estimator.joblib")
        return cls(version=card["version"], threshold=card["threshold"], estimator=estimator)


@dataclass(frozen=True, kw_only=True)
class Models:
    """The two models of the service."""

    late: Model
    delay: Model

    @classmethod
    def load(cls, folder: Path) -> Models:
        """Read both models from ``folder/late`` and ``folder/delay``."""
        return cls(late=Model.load(folder / "late"), delay=Model.load(folder / "delay"))


def inputs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the features as the estimators take them; a category that was unknown at training counts as missing."""
    return rows[FEATURES].astype(dict.fromkeys(CATEGORICAL, "category"))


def scores(estimator: Any, rows: pd.DataFrame) -> np.ndarray:
    """Return the probability of being late, or the minutes."""
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(inputs(rows))[:, 1])
    return np.asarray(estimator.predict(inputs(rows)))


def answers(scores: np.ndarray, *, version: str, threshold: float | None) -> pd.DataFrame:
    """Return scores as the columns that the service logs.

    Examples
    --------
    >>> answers(np.array([0.2, 0.7]), version="1", threshold=0.5)
      model_version  late  probability_late
    0             1     0               0.2
    1             1     1               0.7
    >>> answers(np.array([-4.5]), version="1", threshold=None)
      model_version  minutes
    0             1     -4.5
    """
    if threshold is None:
        return pd.DataFrame({"model_version": version, "minutes": scores})
    late = (scores >= threshold).astype("int64")
    return pd.DataFrame({"model_version": version, "late": late, "probability_late": scores})
