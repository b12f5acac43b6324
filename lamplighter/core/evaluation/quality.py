"""Quality of a window: its labelled rows, by kind of model, over all rows, segments and versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from lamplighter.core.evaluation.evaluator import evaluator_of
from lamplighter.core.evaluation.labelled import Labelled, class_labels
from lamplighter.core.monitor import Monitor
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.resampling import custom
from lamplighter.core.records.catalogue import OF_EACH_CLASS, QUALITY_METRICS
from lamplighter.core.records.measurement import Measurement, State

CustomFunction = Callable[..., float]


def evaluate(
    labelled: Labelled, monitor: Monitor, state: State, functions: Mapping[str, CustomFunction] | None = None
) -> tuple[list[Measurement], list[Confusion]]:
    """Measure the quality of labelled rows.

    Parameters
    ----------
    labelled : Labelled
    monitor : Monitor
        Gives kind, positive class, score columns and k.
    state : State
        What the measurements are marked with.
    functions : dict of str to callable, optional
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
    >>> import pandas as pd
    >>> rows = Labelled(pd.Series([1.0, 2.0]), pd.Series([1.5, 2.5]), {}, {}, None)
    >>> measured, _ = evaluate(rows, parse("m.yaml", text, environ={}), State.FINAL)
    >>> {it.metric: it.value for it in measured if it.metric in ("mae", "bias")}
    {'mae': 0.5, 'bias': 0.5}
    """
    groupings = _groupings(labelled)
    # What numbers without end come to is recorded with its reason, and not printed by numpy as well.
    with np.errstate(all="ignore"):
        found = evaluator_of(monitor.kind).measured(labelled, monitor, groupings, state)
        columns = found.y_true, found.y_pred, found.y_score
        measurements = [*found.measurements]
        for name, function in (functions or {}).items():
            measurements += custom(name, function, *columns, groupings=groupings, state=state)
    return measurements, found.confusion


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
    names = [name for name, metric in QUALITY_METRICS.items() if metric.is_of(monitor.kind.name)]
    return [
        Measurement(metric=name, state=state, reason=reason)
        for name in (*names, *(metric.name for metric in monitor.metrics))
    ]


Drawn = tuple[npt.NDArray[np.intp], Sequence[Grouping]]
"""Rows, each as often as it was drawn, and the ways to cut them."""


def measured_again(
    labelled: Labelled, monitor: Monitor, metric: str, draws: Iterable[Drawn]
) -> Iterator[list[Measurement]]:
    """One metric of some labelled rows after others, and of their classes where it is of all classes.

    What is of a single row, such as how well a text fits its reference, is looked at once, however often it is drawn.

    Parameters
    ----------
    metric : str
        One of `lamplighter.core.records.catalogue.QUALITY_METRICS`.
    draws : iterable of Drawn
        Their groupings are of segments or draws.

    Yields
    ------
    list of Measurement
        Of the groups of all groupings; of a class (``klass``) it is the metric that `OF_EACH_CLASS` names.
    """
    measured = evaluator_of(monitor.kind).measured_on(labelled, monitor, metric)
    of_class = OF_EACH_CLASS.get(metric, metric)
    for rows, groupings in draws:
        with np.errstate(all="ignore"):
            found = measured(rows, groupings)
        yield [it for it in found if it.metric == (of_class if it.klass else metric)]


def _groupings(labelled: Labelled) -> list[Grouping]:
    groupings = [Grouping.overall(len(labelled.y_true))]
    groupings += [Grouping.of(name, class_labels(values)) for name, values in labelled.segments.items()]
    if labelled.version is not None:
        groupings.append(Grouping.of("version", class_labels(labelled.version), by="version"))
    return groupings
