"""What `retrain.trainer` names: the classifier of `examples.flights.train`, and how it answers.

The demo copies this file into its project folder, as a user would keep a trainer in a project's own.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from examples.flights.model import Model
from examples.flights.train import train as fit

FOLDS = 3
"""Fewer than the first champion's five: most of the time of a retraining goes into them."""


def train(rows: pd.DataFrame, folder: Path, version: str) -> dict[str, float]:
    """Train the classifier on the labelled past."""
    return fit(rows, folder, version, FOLDS)


def predict(folder: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Answer rows by the model of a folder."""
    return Model.load(folder).answer(rows).drop(columns="model_version")
