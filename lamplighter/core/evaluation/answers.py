"""Findings about labels and answers side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lamplighter.core.counts import counted
from lamplighter.core.evaluation.evaluator import evaluator_of
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.evaluation.odd_values import listed
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.finding import Code, Finding


def answer_findings(labelled: Labelled, monitor: Monitor, window: str) -> Iterator[Finding]:
    """What is odd in the labelled rows of a window.

    Parameters
    ----------
    labelled : Labelled
    monitor : Monitor
    window : str
        What the window is called; findings are about it, and begin with it where it has a name.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: classification, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> import pandas as pd
    >>> rows = Labelled(pd.Series(["yes", "no"] * 50), pd.Series(["1", "0"] * 50), {}, {}, None)
    >>> [it.code.value for it in answer_findings(rows, parse("m.yaml", text, environ={}), "2026-03-07")]
    ['classes-differ']
    """
    for code, what in evaluator_of(monitor.kind).oddities(labelled, monitor):
        yield Finding(code, window, f"{window}: {what}" if window else what)


def unusable_labels(values: Mapping[str, int], monitor: Monitor, window: str) -> Iterator[Finding]:
    """Labels of a window that are no numbers where numbers are meant, and how many rows each has.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y, id: i}, "
    >>> monitor = parse("m.yaml", text + "labels: {parquet: l.parquet, target: z}}", environ={})
    >>> [it.message for it in unusable_labels({"n/a": 2}, monitor, "2026-03-07")]
    ["2026-03-07: 2 rows have a label in 'z' that is no finite number, such as 'n/a'; left out; correct them, or
     deliver no label"]
    """
    if values:
        assert monitor.labels is not None
        count = counted(sum(values.values()), "row has", "rows have")
        what = f"{count} a label in {monitor.labels.target!r} that is no finite number"
        cure = "left out; correct them, or deliver no label"
        message = f"{window}: {what}, such as {listed(values)}; {cure}"
        yield Finding(Code.LABELS_UNUSABLE, window, message)
