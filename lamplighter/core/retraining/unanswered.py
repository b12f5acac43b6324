"""Which rows a model left without an answer that can be measured: metrics leave them out, as hard rows would like."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lamplighter.core.evaluation.labelled import Labelled, class_labels, numbers
from lamplighter.core.monitor import Monitor
from lamplighter.core.quality.regressors import BEYOND


def unanswered(monitor: Monitor, labelled: Labelled) -> npt.NDArray[np.bool_]:
    """Rows whose prediction or score is null, or is not what the kind of the model answers.

    Parameters
    ----------
    monitor : Monitor
    labelled : Labelled
        The rows of a comparison, with the answers of one model.

    Returns
    -------
    array of shape (n_rows,)

    Examples
    --------
    >>> import pandas as pd
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> labelled = Labelled(pd.Series([1.0] * 3), pd.Series([1.5, None, float("inf")]), {}, {}, None)
    >>> unanswered(parse("m.yaml", text, environ={}), labelled).tolist()
    [False, True, True]
    """
    rows = labelled.y_pred.isna().to_numpy(bool)
    for scores in labelled.scores.values():
        rows = rows | ~np.isfinite(numbers(scores))
    return rows | _unreadable(monitor, labelled)


def _unreadable(monitor: Monitor, labelled: Labelled) -> npt.NDArray[np.bool_]:
    pred = labelled.y_pred
    if monitor.kind.compared_as == "boxes":
        from lamplighter.core.evaluation.kinds.detection import boxes_of

        return np.asarray(boxes_of(pred).fault != "", bool)
    if monitor.kind.compared_as == "numbers":
        return ~(np.abs(numbers(pred)) < BEYOND)
    if monitor.kind.name == "ranking":
        from lamplighter.core.quality.items import read_lists

        read = read_lists(*(class_labels(side).tolist() for side in (labelled.y_true, pred)))
        return np.array([items is None for items in read[1]], bool)
    if monitor.kind.name == "text":
        from lamplighter.core.quality.texts import read_text

        return np.array([read_text(cell) is None for cell in pred.tolist()], bool)
    return np.zeros(len(pred), bool)
