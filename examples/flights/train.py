"""Trainers: labelled rows in; model folder, metrics and out-of-fold predictions out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    mean_absolute_error,
    precision_recall_curve,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from examples.flights.features import FEATURES
from examples.flights.model import Model, Models, answers, inputs, scores
from examples.flights.rows import KEYS, local_day, predicted
from examples.flights.table import table

FOLDS = 5

VERSION = "2013-03"
"""Name of the first champions, after the month that their rows end with."""

# Chosen by out-of-fold ROC-AUC on January to March: 0.720, against 0.718 of scikit-learn's defaults, which learn the
# days they see by heart (0.82 on them, against 0.77). Rows of one day resemble each other, so leaves are large here and
# a split sees few columns.
# No early stopping: it would hold out rows of days that the others have seen.
BOOSTING: dict[str, Any] = {
    "learning_rate": 0.05,
    "max_iter": 150,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 300,
    "l2_regularization": 10.0,
    "max_features": 0.3,
    "categorical_features": "from_dtype",
    "early_stopping": False,
    "random_state": 0,
}


def train(rows: pd.DataFrame, folder: Path, version: str, folds: int = FOLDS) -> dict[str, float]:
    """Train the classifier: will the flight be late?

    The decision threshold is the one with the best F1 of the out-of-fold scores.

    Parameters
    ----------
    rows : DataFrame
        ``request_id``, ``predicted_at``, the features and ``was_late``. Rows without truth are not learned from, but
        they are answered in the reference, because the service answers such rows, too.
    folder : Path
        Receives ``estimator.joblib``, ``model.json`` and ``reference.parquet``: what the service would have logged on
        days that the model was not fitted on, with the truth beside it.
    version : str
        Name of the model's version, as it will stand in the log.
    folds : int
        Groups of days whose predictions are made by a model of the others.

    Returns
    -------
    dict of float
        Out-of-fold metrics.
    """
    estimator, out_of_fold = _fit(HistGradientBoostingClassifier(**BOOSTING), rows, "was_late", folds)
    known = rows["was_late"].notna().to_numpy()
    truth = rows.loc[known, "was_late"].astype("int64")
    threshold = _best_f1(truth, out_of_fold[known])
    _save(Model(version=version, estimator=estimator, threshold=threshold), rows, out_of_fold, ["was_late"], folder)

    late = out_of_fold[known] >= threshold
    return {
        "rows": float(known.sum()),
        "threshold": threshold,
        "roc_auc": float(roc_auc_score(truth, out_of_fold[known])),
        "f1": float(f1_score(truth, late)),
        "accuracy": float(accuracy_score(truth, late)),
    }


def train_delay(rows: pd.DataFrame, folder: Path, version: str) -> dict[str, float]:
    """Train the regression: how many minutes late? Parameters and files as of `train`, the truth is ``arrival_delay``.

    It is fitted to squared errors. Delays have a long tail, and absolute errors would predict the median flight: a
    minute better in MAE, but eight minutes too early on average, so that the bias of a day would say nothing.
    """
    estimator, out_of_fold = _fit(
        HistGradientBoostingRegressor(loss="squared_error", **BOOSTING), rows, "arrival_delay"
    )
    known = rows["arrival_delay"].notna().to_numpy()
    truth = rows.loc[known, "arrival_delay"]
    _save(Model(version=version, estimator=estimator), rows, out_of_fold, ["arrival_delay"], folder)

    return {
        "rows": float(known.sum()),
        "mae": float(mean_absolute_error(truth, out_of_fold[known])),
        "rmse": float(root_mean_squared_error(truth, out_of_fold[known])),
        "r2": float(r2_score(truth, out_of_fold[known])),
        "bias": float(np.mean(out_of_fold[known] - truth)),
    }


def train_champions(
    folder: Path,
    *,
    version: str = VERSION,
    start: dt.date = dt.date(2013, 1, 1),
    end: dt.date = dt.date(2013, 3, 31),
) -> Models:
    """Train both models on the days from `start` to `end`, into ``folder/late`` and ``folder/delay``."""
    window = predicted(start, end)
    train(window, folder / "late", version)
    train_delay(window, folder / "delay", version)
    return Models.load(folder)


def _fit(estimator: Any, rows: pd.DataFrame, target: str, folds: int = FOLDS) -> tuple[Any, np.ndarray]:
    """Return the estimator fitted on all rows with a truth, and for every row the score of one that never saw its day.

    Days are not split: flights of one day share its weather and its queues, and would tell on each other.
    """
    known = rows[target].notna().to_numpy()
    truth = rows[target].to_numpy("float64", na_value=np.nan)
    days = local_day(rows["predicted_at"])
    features = inputs(rows)

    out_of_fold = np.empty(len(rows))
    # scikit-learn's threads wait for each other many times a tree: beside other work on the machine two of them have
    # taken ten times as long as one, which on a quiet machine takes 1.4 times as long as two.
    with threadpool_limits(limits=1, user_api="openmp"):
        for seen, unseen in GroupKFold(min(folds, days.nunique())).split(rows, groups=days):
            fit = seen[known[seen]]
            fold = clone(estimator).fit(features.iloc[fit], truth[fit])
            out_of_fold[unseen] = scores(fold, rows.iloc[unseen])
        estimator.fit(features[known], truth[known])
    return estimator, out_of_fold


def _best_f1(truth: pd.Series, scores: np.ndarray) -> float:
    """Return the score from which calling a flight late gives the best F1."""
    precision, recall, thresholds = precision_recall_curve(truth, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(thresholds[np.argmax(f1[:-1])])


def _save(model: Model, rows: pd.DataFrame, out_of_fold: np.ndarray, truth: list[str], folder: Path) -> None:
    """Write the model and its reference, whose columns are those of the prediction log, and the truth."""
    model.save(folder)
    answered = answers(out_of_fold, version=model.version, threshold=model.threshold).set_index(rows.index)
    reference = pd.concat([rows[KEYS], answered, rows[FEATURES], rows[truth]], axis=1)
    pq.write_table(table(reference), folder / "reference.parquet", compression="zstd")
