"""Classification: an answer is a class, and scores are its probabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.core.counts import counted
from lamplighter.core.evaluation.evaluator import Measured, MeasuredOn, Oddities
from lamplighter.core.evaluation.labelled import Labelled, comparable_classes, numbers
from lamplighter.core.evaluation.odd_values import FEWEST_TO_COMPARE, MOST_SHOWN, listed, named, never_meet, rows_of
from lamplighter.core.monitor import Monitor
from lamplighter.core.numbers import range_text
from lamplighter.core.quality.class_codes import ClassCodes
from lamplighter.core.quality.classifiers import classes_of, classification
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.probabilities import improper
from lamplighter.core.quality.scores import Scores
from lamplighter.core.records.finding import Code
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.values.meeting import hardly_meet
from lamplighter.core.values.plain import BINARY

Score: TypeAlias = npt.NDArray[Any] | dict[str, npt.NDArray[Any]] | None

RARE = 0.01
"""Share of labels up to which classes that are never predicted are mistakes rather than classes of the model."""


def measured(labelled: Labelled, monitor: Monitor, groupings: Sequence[Grouping], state: State) -> Measured:
    """The metrics of classes and scores, and the confusion counts."""
    true, pred, score = _classes(labelled, monitor)
    positive = monitor.predictions.positive
    measurements, confusion = classification(true, pred, score, groupings=groupings, positive=positive, state=state)
    return Measured(measurements, true, pred, score, confusion)


def measured_on(labelled: Labelled, monitor: Monitor, metric: str) -> MeasuredOn:
    """What measures one metric on any of the rows."""
    true, pred, score = _classes(labelled, monitor)
    positive = monitor.predictions.positive

    def on(rows: npt.NDArray[np.intp], groupings: Sequence[Grouping]) -> list[Measurement]:
        taken = _taken(score, rows)
        return classification(
            true[rows], pred[rows], taken, groupings=groupings, positive=positive, state=State.FINAL, only=metric
        )[0]

    return on


def _taken(score: Score, rows: npt.NDArray[np.intp]) -> Score:
    if score is None:
        return None
    return {name: column[rows] for name, column in score.items()} if isinstance(score, dict) else score[rows]


def _classes(labelled: Labelled, monitor: Monitor) -> tuple[npt.NDArray[Any], npt.NDArray[Any], Score]:
    true, pred = comparable_classes(labelled.y_true, labelled.y_pred)
    return true, pred, scores_of(labelled, monitor)


def scores_of(labelled: Labelled, monitor: Monitor) -> Score:
    """The scores of labelled rows: of one class, or of each; None where none are declared.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: classification, predictions: {parquet: p.parquet, time: t, prediction: y, score: p}}"
    >>> rows = Labelled(pd.Series(["1"]), pd.Series(["1"]), {"p": pd.Series([0.9])}, {}, None)
    >>> scores_of(rows, parse("m.yaml", text, environ={}))
    array([0.9])
    """
    declared = monitor.predictions.score
    if declared is None:
        return None
    if isinstance(declared, str):
        return _of_own_width(labelled.scores[declared])
    return {name: _of_own_width(labelled.scores[column]) for name, column in declared.items()}


def _of_own_width(values: pd.Series[Any]) -> npt.NDArray[Any]:
    """Scores in the float that they came in: how near to 0 and 1 a logarithm may look depends on it."""
    is_float = isinstance(values.dtype, np.dtype) and values.dtype.kind == "f"
    return values.to_numpy() if is_float else numbers(values)


def oddities(labelled: Labelled, monitor: Monitor) -> Oddities:
    """Classes that are written in two ways, that are not known, that are never predicted; scores that do not sum."""
    true, pred = comparable_classes(labelled.y_true, labelled.y_pred)
    score = scores_of(labelled, monitor)
    labels = ClassCodes.of(true, pred, monitor.predictions.positive, classes_of(score))
    counts, answers = Counter(true.tolist()), Counter(value for value in pred.tolist() if value is not None)
    if len(true) >= FEWEST_TO_COMPARE and answers and hardly_meet(counts, answers):
        yield Code.CLASSES_DIFFER, never_meet("predicted class", answers, counts)
    elif labels.known:
        what = _unknown(labels.known, counts, answers)
        if what:
            yield Code.CLASSES_ODD, what
    elif what := _never_predicted(counts, answers, monitor.predictions.positive):
        yield Code.CLASSES_ODD, what
    if what := _no_positive(counts, answers, monitor):
        yield Code.CLASSES_ODD, what
    if isinstance(score, dict):
        yield from _sums(score, labels)


def _no_positive(counts: Mapping[str, int], answers: Mapping[str, int], monitor: Monitor) -> str:
    """A positive class that is never seen; where one other is, it may be a window without any of it."""
    positive, seen = monitor.predictions.positive, {*counts, *answers}
    declared = isinstance(monitor.predictions.score, dict) and positive in monitor.predictions.score
    if positive is None or positive in seen or declared or len(seen) < 2 or sum(counts.values()) < FEWEST_TO_COMPARE:
        return ""
    what = f"the positive class {listed({positive: 1})} is neither labelled nor predicted"
    return f"{what}; classes are {named(sorted(seen))}; give predictions.positive one of them"


def _unknown(known: frozenset[str], counts: Mapping[str, int], answers: Mapping[str, int]) -> str:
    odd = [{name: n for name, n in side.items() if name not in known} for side in (counts, answers)]
    parts = []
    if odd[0]:
        parts.append(f"{rows_of(sum(odd[0].values()))} labelled {listed(odd[0])} left out of scores and averages")
    if odd[1]:
        parts.append(f"{rows_of(sum(odd[1].values()))} predicted {listed(odd[1])} counted as wrong")
    cure = "correct them, or give predictions.positive" if known == BINARY else "correct them, or give each a score"
    return f"not of the classes {named(sorted(known))}: {' and '.join(parts)}; {cure}" if parts else ""


def _never_predicted(counts: Mapping[str, int], answers: Mapping[str, int], positive: str | None) -> str:
    """Labels of a few rows that the model never answers: a macro average counts each as much as a whole class."""
    rows = sum(counts.values())
    if rows < FEWEST_TO_COMPARE or len(answers) < 2:
        return ""
    odd = {name: n for name, n in counts.items() if name not in answers and name != positive and name not in BINARY}
    if not odd or len(odd) > MOST_SHOWN or sum(odd.values()) > max(1, RARE * rows):
        return ""
    what = f"{counted(sum(odd.values()), f'of {rows_of(rows)} is', f'of {rows_of(rows)} are')}"
    what = f"{what} labelled {listed(odd)}, which the model never predicts"
    return f"{what}; correct them, or name the classes of the model in predictions.score"


def _sums(score: dict[str, Any], labels: ClassCodes) -> Oddities:
    """Scores that do not add up to 1; those outside 0 to 1 are a finding about their column."""
    scores = Scores.of(score, labels)
    if scores is None or scores.is_binary:
        return
    apart = improper(scores)[1]
    if apart.any():
        total = np.sum(scores.values[apart], axis=1)
        rows = f"{apart.sum():,} of {rows_of(len(apart))}"
        what = f"scores of {rows} add up to {range_text(total.min(), total.max())}, not 1"
        yield Code.SCORES_OUTSIDE, f"{what}; log the probabilities of all classes"
