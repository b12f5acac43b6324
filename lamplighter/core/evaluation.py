"""Quality of a window: its labelled rows, by kind of model, over all rows, segments and versions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.core import quality
from lamplighter.core.measurement import Measurement, State
from lamplighter.core.monitor import Kind, Monitor, class_label

OwnFunction = Callable[..., float]
Score = npt.NDArray[np.float64] | dict[str, npt.NDArray[np.float64]] | None


@dataclass(frozen=True, slots=True)
class Labelled:
    """The rows of a window whose truth has arrived.

    Attributes
    ----------
    y_true, y_pred : Series of shape (n_labelled,)
    scores : dict of str to Series
        By score column.
    segments : dict of str to Series
        By segment column.
    version : Series or None
    """

    y_true: pd.Series[Any]
    y_pred: pd.Series[Any]
    scores: Mapping[str, pd.Series[Any]]
    segments: Mapping[str, pd.Series[Any]]
    version: pd.Series[Any] | None


def evaluate(
    labelled: Labelled, monitor: Monitor, state: State, own: Mapping[str, OwnFunction] | None = None
) -> tuple[list[Measurement], list[quality.Confusion]]:
    """Measure the quality of labelled rows.

    Parameters
    ----------
    labelled : Labelled
    monitor : Monitor
        Gives kind, positive class, score columns and k.
    state : State
        What the measurements are marked with.
    own : dict of str to callable, optional
        The user's own metrics.

    Returns
    -------
    measurements : list of Measurement
    confusion : list of Confusion
        Empty but for classification.
    """
    groupings = _groupings(labelled)
    measurements, confusion, (y_true, y_pred, score) = _measure(labelled, monitor, groupings, state)
    for name, function in (own or {}).items():
        measurements += quality.custom(name, function, y_true, y_pred, score, groupings=groupings, state=state)
    return measurements, confusion


def unmeasured(monitor: Monitor, state: State, reason: str) -> list[Measurement]:
    """Every metric of a kind of model without a value, where nothing can be measured."""
    names = [name for name, metric in quality.METRICS.items() if monitor.kind in metric.kinds]
    return [
        Measurement(metric=name, state=state, reason=reason)
        for name in (*names, *(own.name for own in monitor.metrics))
    ]


Drawn = tuple[npt.NDArray[np.intp], Sequence[quality.Grouping]]
"""Rows, each as often as it was drawn, and the ways to cut them."""


def values_of(labelled: Labelled, monitor: Monitor, metric: str, draws: Iterable[Drawn]) -> Iterator[list[list[float]]]:
    """One metric of some labelled rows after others, NaN where it is not defined.

    What is of a single row, such as how well a text fits its reference, is looked at once, however often it is drawn.

    Parameters
    ----------
    metric : str
        One of `lamplighter.core.quality.METRICS`.
    draws : iterable of Drawn
        Their groupings are of segments.

    Yields
    ------
    list of list of float
        For each draw the values of its groupings in their order, and within each in the order of its names.
    """
    measured = _measured_on(labelled, monitor, metric)
    for rows, groupings in draws:
        values = iter(found for found in measured(rows, groupings) if found.metric == metric and not found.klass)
        named = [{found.segment: found.value for found in islice(values, len(it.names))} for it in groupings]
        yield [
            [math.nan if (value := found.get(name)) is None else value for name in it.names]
            for it, found in zip(groupings, named, strict=True)
        ]


MeasuredOn = Callable[[npt.NDArray[np.intp], Sequence[quality.Grouping]], list[Measurement]]


def _measured_on(labelled: Labelled, monitor: Monitor, metric: str) -> MeasuredOn:
    """What measures at least a metric on any of the rows."""
    final = State.FINAL
    if monitor.kind is Kind.CLASSIFICATION:
        true, pred, score = _classes(labelled, monitor)
        positive = monitor.predictions.positive
        return lambda rows, groupings: quality.classification(
            true[rows],
            pred[rows],
            _taken(score, rows),
            groupings=groupings,
            positive=positive,
            state=final,
            only=metric,
        )[0]
    y_true, y_pred = _answers(monitor.kind, labelled)
    if monitor.kind is Kind.REGRESSION:
        return lambda rows, groupings: quality.regression(y_true[rows], y_pred[rows], groupings=groupings, state=final)
    lists = monitor.kind is Kind.RANKING
    graded = quality.GradedLists.of(y_true, y_pred, monitor.top_k) if lists else quality.GradedTexts.of(y_true, y_pred)
    return lambda rows, groupings: graded.taken(rows).measured(groupings, final)


def _taken(score: Score, rows: npt.NDArray[np.intp]) -> Score:
    if score is None:
        return None
    return {name: column[rows] for name, column in score.items()} if isinstance(score, dict) else score[rows]


def _measure(
    labelled: Labelled, monitor: Monitor, groupings: Sequence[quality.Grouping], state: State
) -> tuple[list[Measurement], list[quality.Confusion], tuple[Any, Any, Any]]:
    """Every metric of the kind of model, and the columns that they were measured on."""
    if monitor.kind is Kind.CLASSIFICATION:
        y_true, y_pred, score = _classes(labelled, monitor)
        measurements, confusion = quality.classification(
            y_true, y_pred, score, groupings=groupings, positive=monitor.predictions.positive, state=state
        )
        return measurements, confusion, (y_true, y_pred, score)
    y_true, y_pred = _answers(monitor.kind, labelled)
    measurements = MEASURED_AS[monitor.kind](y_true, y_pred, monitor, groupings, state)
    return measurements, [], (y_true, y_pred, None)


def _classes(labelled: Labelled, monitor: Monitor) -> tuple[npt.NDArray[Any], npt.NDArray[Any], Score]:
    return class_labels(labelled.y_true), class_labels(labelled.y_pred), _scores(labelled, monitor)


def _groupings(labelled: Labelled) -> list[quality.Grouping]:
    groupings = [quality.Grouping.overall(len(labelled.y_true))]
    groupings += [quality.Grouping.of(name, class_labels(values)) for name, values in labelled.segments.items()]
    if labelled.version is not None:
        groupings.append(quality.Grouping.of("version", class_labels(labelled.version), by="version"))
    return groupings


MEASURED_AS: dict[Kind, Callable[..., list[Measurement]]] = {
    Kind.REGRESSION: lambda y_true, y_pred, monitor, groupings, state: quality.regression(
        y_true, y_pred, groupings=groupings, state=state
    ),
    Kind.RANKING: lambda y_true, y_pred, monitor, groupings, state: quality.ranking(
        y_true, y_pred, k=monitor.top_k, groupings=groupings, state=state
    ),
    Kind.TEXT: lambda y_true, y_pred, monitor, groupings, state: quality.text(
        y_true, y_pred, groupings=groupings, state=state
    ),
}


def _answers(kind: Kind, labelled: Labelled) -> tuple[Any, Any]:
    if kind is Kind.REGRESSION:
        return tuple(numbers(values) for values in (labelled.y_true, labelled.y_pred))  # type: ignore[return-value]
    # pandas' nulls are NaN or NA by the type of the column, and both are no text.
    columns = (labelled.y_true, labelled.y_pred)
    return tuple(values.astype(object).where(values.notna(), None).tolist() for values in columns)  # type: ignore[return-value]


FEWEST_TO_COMPARE = 20
"""Labelled rows from which it is no accident that not one answer is among the true classes."""


def classes_differ(labelled: Labelled, monitor: Monitor) -> str:
    """What to say where labels and predictions do not name one class alike; empty where they do.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> predictions = "predictions: {parquet: p.parquet, time: t, prediction: y}"
    >>> monitor = parse("m.yaml", "{model: m, kind: classification, " + predictions + "}", environ={})
    >>> text, flags = pd.Series(["True", "False"] * 10), pd.Series([True, False] * 10)
    >>> classes_differ(Labelled(text, flags, {}, {}, None), monitor)
    'no predicted class (0, 1) is among the true ones (False, True)'
    """
    if monitor.kind is not Kind.CLASSIFICATION or len(labelled.y_true) < FEWEST_TO_COMPARE:
        return ""
    true, predicted = (set(class_labels(values)) - {None} for values in (labelled.y_true, labelled.y_pred))
    if not predicted or true & predicted:
        return ""
    shown = [", ".join(sorted(classes)[:3]) for classes in (predicted, true)]
    return f"no predicted class ({shown[0]}) is among the true ones ({shown[1]})"


def numbers(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """A column as floats, NaN where it holds no number."""
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def class_labels(values: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """Class labels as text, None where there is none; each distinct value is written once.

    Examples
    --------
    >>> class_labels(pd.Series([True, None, False], dtype=object)).tolist()
    ['1', None, '0']
    """
    codes, distinct = factorized(values)
    named = np.array([*(class_label(_plain(value)) for value in distinct), None], dtype=object)
    return named[codes]


def factorized(values: pd.Series[Any]) -> tuple[npt.NDArray[np.intp], list[Any]]:
    """The number of each value among the distinct ones, -1 for null; lists, which have no hash, go as text.

    Examples
    --------
    >>> codes, distinct = factorized(pd.Series([["a", "b"], None, ["a", "b"]]))
    >>> codes.tolist(), distinct
    ([0, -1, 0], ["['a', 'b']"])
    """
    try:
        codes, distinct = pd.factorize(values)
    except TypeError:
        codes, distinct = pd.factorize(values.map(_listed, na_action="ignore"))
    return codes, distinct.tolist()


def _listed(value: Any) -> str:
    return str(value.tolist() if hasattr(value, "tolist") else value)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _scores(labelled: Labelled, monitor: Monitor) -> Score:
    declared = monitor.predictions.score
    if declared is None:
        return None
    if isinstance(declared, str):
        return numbers(labelled.scores[declared])
    return {name: numbers(labelled.scores[column]) for name, column in declared.items()}
