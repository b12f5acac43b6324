"""Four ways to keep a model, really predicted, side by side: frozen, refits by month, an adaptive learner, the loop."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score, precision_recall_curve, roc_auc_score

from examples.flights import adaptive
from examples.flights.model import Model
from examples.flights.rows import local_day, predicted
from examples.flights.trainer import train

FIRST, LAST = dt.date(2013, 5, 1), dt.date(2013, 12, 31)
BEGIN = dt.date(2013, 1, 1)
MATURE = dt.timedelta(days=4)
"""From the day of a prediction to the morning on which its label is final."""

RECENT = 60
"""Days on whose scores the adaptive learner sets its decision threshold."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one way did from May to December.

    Attributes
    ----------
    roc_auc : float
        Mean of the months' ROC-AUCs.
    daily_roc_auc : float
        Mean of the days' ROC-AUCs.
    f1 : float
        Of all months together.
    trainings : int
    """

    roc_auc: float
    daily_roc_auc: float
    f1: float
    trainings: int


def result(answers: pd.DataFrame, trainings: int, last: dt.date = LAST) -> Result:
    """Measure answers against the truth that became known of their flights, whether or not its label arrived.

    Parameters
    ----------
    answers : DataFrame
        ``request_id``, ``late`` and ``probability_late``, one row for each flight.
    """
    rows = predicted(FIRST, last)[["request_id", "predicted_at", "was_late"]].merge(answers, on="request_id")
    rows = rows[rows["was_late"].notna()]
    truth, score = rows["was_late"].astype(int), rows["probability_late"]
    day = local_day(rows["predicted_at"])
    return Result(
        roc_auc=_mean_auc(truth, score, day.dt.month),
        daily_roc_auc=_mean_auc(truth, score, day),
        f1=float(f1_score(truth, rows["late"])),
        trainings=trainings,
    )


def _mean_auc(truth: pd.Series, score: pd.Series, period: pd.Series) -> float:
    areas = [
        roc_auc_score(truth[members], score[members])
        for members in period.groupby(period).groups.values()
        if truth[members].nunique() == 2
    ]
    return float(np.mean(areas))


def frozen(champion: Model, last: dt.date = LAST) -> Result:
    """The champion of January to March answers every day."""
    return result(_answered(predicted(FIRST, last), champion), 0, last)


def monthly(scratch: Path, last: dt.date = LAST) -> Result:
    """A model is trained at the beginning of each month on all flights whose labels are final by then."""
    parts, trainings = [], 0
    for first, end in _months(last):
        folder = scratch / f"{first:%Y-%m}"
        folder.mkdir(parents=True, exist_ok=True)
        train(predicted(BEGIN, first - MATURE), folder, f"{first:%Y-%m}")
        trainings += 1
        parts.append(_answered(predicted(first, end), Model.load(folder)))
        shutil.rmtree(folder)
    return result(pd.concat(parts), trainings, last)


def adapting(last: dt.date = LAST) -> Result:
    """A learner answers each day, and learns after it the flights whose labels became final."""
    model = adaptive.learner()
    rows = predicted(BEGIN, last)
    days = dict(list(rows.groupby(local_day(rows["predicted_at"]).dt.date)))
    past: dict[dt.date, tuple[np.ndarray, np.ndarray]] = {}
    answered = []
    for day, asked in days.items():
        score = adaptive.answers(model, asked)
        known = asked["was_late"].notna().to_numpy()
        if day >= FIRST:
            late = (score >= _threshold(past, day)).astype(int)
            answered.append(pd.DataFrame({"request_id": asked["request_id"], "late": late, "probability_late": score}))
        past[day] = (asked.loc[known, "was_late"].to_numpy(int), score[known])
        matured = days.get(day - MATURE + dt.timedelta(days=1))
        if matured is not None:
            final = matured[matured["was_late"].notna()]
            adaptive.learn(model, final, final["was_late"])
    return result(pd.concat(answered), len(days), last)


def logged(log: Path, trainings: int, last: dt.date = LAST) -> Result:
    """What a service logged."""
    return result(pd.read_parquet(log, columns=["request_id", "late", "probability_late"]), trainings, last)


def loop(folder: Path, trainings: int, last: dt.date = LAST) -> Result:
    """What the loop's service logged."""
    return logged(folder / "predictions" / "loop", trainings, last)


def other_ways(folder: Path, last: dt.date = LAST) -> dict[str, Result]:
    """The champion of January to March and what it might have been replaced by, but for the loop.

    Parameters
    ----------
    folder : Path
        What `examples.flights.serve` wrote: the models, and room for those that are trained.
    """
    champion = Model.load(folder / "models" / "late")
    return {
        "frozen": frozen(champion, last),
        "monthly": monthly(folder / "monthly", last),
        "adaptive": adapting(last),
    }


def gain_share(results: dict[str, Result]) -> float:
    """How much of what monthly refits gain over the frozen champion the loop gains, in ROC-AUC."""
    start = results["frozen"].roc_auc
    return (results["loop"].roc_auc - start) / (results["monthly"].roc_auc - start)


def as_json(results: dict[str, Result]) -> dict[str, dict[str, float]]:
    """The results as plain values."""
    return {name: {key: round(value, 4) for key, value in asdict(found).items()} for name, found in results.items()}


def _answered(rows: pd.DataFrame, model: Model) -> pd.DataFrame:
    answers = model.answer(rows)
    return pd.concat([rows[["request_id"]], answers[["late", "probability_late"]]], axis=1)


def _months(last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    first = FIRST
    while first <= last:
        following = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        yield first, min(last, following - dt.timedelta(days=1))
        first = following


def _threshold(past: dict[dt.date, tuple[np.ndarray, np.ndarray]], day: dt.date) -> float:
    """The score with the best F1 on recent days whose labels are final."""
    recent = [past[d] for d in past if day - dt.timedelta(days=RECENT) <= d <= day - MATURE]
    truth, score = (np.concatenate(column) for column in zip(*recent, strict=True))
    precision, recall, thresholds = precision_recall_curve(truth, score)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(thresholds[np.argmax(f1[:-1])])
