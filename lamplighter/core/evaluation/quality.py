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
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.monitor import Kind, Monitor
from lamplighter.core.quality.classifiers import classification
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.items import Items, read_lists
from lamplighter.core.quality.rankers import GradedLists, ranking
from lamplighter.core.quality.regressors import regression
from lamplighter.core.quality.resampling import custom
from lamplighter.core.quality.texts import GradedTexts, text
from lamplighter.core.records.catalogue import QUALITY_METRICS
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.values.cell import as_flags
from lamplighter.core.values.identity import identities, identity

CustomFunction = Callable[..., float]
Score = npt.NDArray[Any] | dict[str, npt.NDArray[Any]] | None


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
    labelled: Labelled, monitor: Monitor, state: State, own: Mapping[str, CustomFunction] | None = None
) -> tuple[list[Measurement], list[Confusion]]:
    """Measure the quality of labelled rows.

    Parameters
    ----------
    labelled : Labelled
    monitor : Monitor
        Gives kind, positive class, score columns and k.
    state : State
        What the measurements are marked with.
    own : dict of str to callable, optional
        The custom metrics.

    Returns
    -------
    measurements : list of Measurement
    confusion : list of Confusion
        Empty but for classification.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> rows = Labelled(pd.Series([1.0, 2.0]), pd.Series([1.5, 2.5]), {}, {}, None)
    >>> measured, _ = evaluate(rows, parse("m.yaml", text, environ={}), State.FINAL)
    >>> {it.metric: it.value for it in measured if it.metric in ("mae", "bias")}
    {'mae': 0.5, 'bias': 0.5}
    """
    groupings = _groupings(labelled)
    # What numbers without end come to is recorded with its reason, and not printed by numpy as well.
    with np.errstate(all="ignore"):
        measurements, confusion, (y_true, y_pred, score) = _measure(labelled, monitor, groupings, state)
        for name, function in (own or {}).items():
            measurements += custom(name, function, y_true, y_pred, score, groupings=groupings, state=state)
    return measurements, confusion


def unmeasured(monitor: Monitor, state: State, reason: str) -> list[Measurement]:
    """Every metric of a kind of model without a value, where nothing can be measured.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> found = unmeasured(parse("m.yaml", text, environ={}), State.PROVISIONAL, "no label has come")
    >>> found[0].metric, found[0].value, found[0].reason
    ('mae', None, 'no label has come')
    """
    names = [name for name, metric in QUALITY_METRICS.items() if monitor.kind in metric.kinds]
    return [
        Measurement(metric=name, state=state, reason=reason)
        for name in (*names, *(own.name for own in monitor.metrics))
    ]


Drawn = tuple[npt.NDArray[np.intp], Sequence[Grouping]]
"""Rows, each as often as it was drawn, and the ways to cut them."""


def values_of(labelled: Labelled, monitor: Monitor, metric: str, draws: Iterable[Drawn]) -> Iterator[list[list[float]]]:
    """One metric of some labelled rows after others, NaN where it is not defined.

    What is of a single row, such as how well a text fits its reference, is looked at once, however often it is drawn.

    Parameters
    ----------
    metric : str
        One of `lamplighter.core.records.catalogue.QUALITY_METRICS`.
    draws : iterable of Drawn
        Their groupings are of segments.

    Yields
    ------
    list of list of float
        For each draw the values of its groupings in their order, and within each in the order of its names.
    """
    measured = _measured_on(labelled, monitor, metric)
    for rows, groupings in draws:
        with np.errstate(all="ignore"):
            every = measured(rows, groupings)
        values = iter(found for found in every if found.metric == metric and not found.klass)
        named = [{found.segment: found.value for found in islice(values, len(it.names))} for it in groupings]
        yield [
            [math.nan if (value := found.get(name)) is None else value for name in it.names]
            for it, found in zip(groupings, named, strict=True)
        ]


MeasuredOn = Callable[[npt.NDArray[np.intp], Sequence[Grouping]], list[Measurement]]


def _measured_on(labelled: Labelled, monitor: Monitor, metric: str) -> MeasuredOn:
    """What measures at least a metric on any of the rows."""
    final = State.FINAL
    if monitor.kind is Kind.CLASSIFICATION:
        true, pred, score = _classes(labelled, monitor)
        positive = monitor.predictions.positive
        return lambda rows, groupings: classification(
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
        return lambda rows, groupings: regression(y_true[rows], y_pred[rows], groupings=groupings, state=final)
    lists = monitor.kind is Kind.RANKING
    graded = GradedLists.of(y_true, y_pred, monitor.top_k) if lists else GradedTexts.of(y_true, y_pred)
    return lambda rows, groupings: graded.taken(rows).measured(groupings, final)


def _taken(score: Score, rows: npt.NDArray[np.intp]) -> Score:
    if score is None:
        return None
    return {name: column[rows] for name, column in score.items()} if isinstance(score, dict) else score[rows]


def _measure(
    labelled: Labelled, monitor: Monitor, groupings: Sequence[Grouping], state: State
) -> tuple[list[Measurement], list[Confusion], tuple[Any, Any, Any]]:
    """Every metric of the kind of model, and the columns that they were measured on."""
    if monitor.kind is Kind.CLASSIFICATION:
        y_true, y_pred, score = _classes(labelled, monitor)
        measurements, confusion = classification(
            y_true, y_pred, score, groupings=groupings, positive=monitor.predictions.positive, state=state
        )
        return measurements, confusion, (y_true, y_pred, score)
    y_true, y_pred = _answers(monitor.kind, labelled)
    measurements = MEASURED_AS[monitor.kind](y_true, y_pred, monitor, groupings, state)
    return measurements, [], (y_true, y_pred, None)


def _classes(labelled: Labelled, monitor: Monitor) -> tuple[npt.NDArray[Any], npt.NDArray[Any], Score]:
    true, pred = comparable_classes(labelled.y_true, labelled.y_pred)
    return true, pred, scores_of(labelled, monitor)


def comparable_classes(
    y_true: pd.Series[Any], y_pred: pd.Series[Any]
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """The identities of labels and predictions; flags in words on one side are those of the other.

    Examples
    --------
    >>> [side.tolist() for side in comparable_classes(pd.Series(["True", "False"]), pd.Series([True, True]))]
    [['1', '0'], ['1', '1']]
    """
    sides = class_labels(y_true), class_labels(y_pred)
    distinct = [set(side.tolist()) - {None} for side in sides]
    true, pred = (
        _renamed(side, as_flags(own, other))
        for side, own, other in zip(sides, distinct, reversed(distinct), strict=True)
    )
    return true, pred


def _renamed(values: npt.NDArray[np.object_], names: Mapping[str, str]) -> npt.NDArray[np.object_]:
    return np.array([names.get(value, value) for value in values.tolist()], dtype=object) if names else values


def _groupings(labelled: Labelled) -> list[Grouping]:
    groupings = [Grouping.overall(len(labelled.y_true))]
    groupings += [Grouping.of(name, class_labels(values)) for name, values in labelled.segments.items()]
    if labelled.version is not None:
        groupings.append(Grouping.of("version", class_labels(labelled.version), by="version"))
    return groupings


MEASURED_AS: dict[Kind, Callable[..., list[Measurement]]] = {
    Kind.REGRESSION: lambda y_true, y_pred, monitor, groupings, state: regression(
        y_true, y_pred, groupings=groupings, state=state
    ),
    Kind.RANKING: lambda y_true, y_pred, monitor, groupings, state: ranking(
        y_true, y_pred, k=monitor.top_k, groupings=groupings, state=state
    ),
    Kind.TEXT: lambda y_true, y_pred, monitor, groupings, state: text(y_true, y_pred, groupings=groupings, state=state),
}


def _answers(kind: Kind, labelled: Labelled) -> tuple[Any, Any]:
    if kind is Kind.REGRESSION:
        return tuple(numbers(values) for values in (labelled.y_true, labelled.y_pred))  # type: ignore[return-value]
    if kind is Kind.RANKING:
        cells = [class_labels(side).tolist() for side in (labelled.y_true, labelled.y_pred)]
        read = read_lists(*cells)
        return tuple([*map(_listed, *pair)] for pair in zip(cells, read, strict=True))  # type: ignore[return-value]
    return tuple(_plain(values) for values in (labelled.y_true, labelled.y_pred))  # type: ignore[return-value]


def _plain(values: pd.Series[Any]) -> list[Any]:
    """The cells of a column; pandas' nulls are NaN or NA by its type, and both are None here."""
    cells: list[Any] = values.astype(object).where(values.notna(), None).tolist()
    return cells


def _listed(cell: str | None, items: Items | None) -> Any:
    """The items of a list; what is none, or cannot be read, as it is."""
    return cell if cell is None or items is None or not cell.lstrip().startswith("[") else items


def numbers(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """A column as floats, NaN where it holds no number; text is read.

    Examples
    --------
    >>> numbers(pd.Series(["1.5", "late", None], dtype=object)).tolist()
    [1.5, nan, nan]
    """
    if not pd.api.types.is_numeric_dtype(values):
        # Bytes are written as digits, and are no number.
        texts = values.where(~values.map(_is_bytes)) if values.dtype == object else values
        values = pd.Series(class_labels(texts), index=values.index, dtype=object)
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes)


def class_labels(values: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """The identities of a column, None where there is none; each distinct value is written once.

    Examples
    --------
    >>> class_labels(pd.Series([True, None, False], dtype=object)).tolist()
    ['1', None, '0']
    """
    try:
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, UnicodeError):
        # Values of several types, or whole numbers without end.
        return np.array([*map(identity, values.astype(object)), None], dtype=object)[:-1]
    coded = identities(column).dictionary_encode()
    named = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    found: npt.NDArray[np.object_] = named[pc.fill_null(coded.indices, -1).to_numpy()]
    return found


def factorized(values: pd.Series[Any]) -> tuple[npt.NDArray[np.intp], list[str]]:
    """The place of each identity in the list of distinct ones, -1 for null.

    Examples
    --------
    >>> codes, distinct = factorized(pd.Series([["a", "b"], None, ["a", "b"]]))
    >>> codes.tolist(), distinct
    ([0, -1, 0], ['["a", "b"]'])
    """
    codes, distinct = pd.factorize(class_labels(values))
    return codes, distinct.tolist()


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
