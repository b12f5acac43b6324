"""Which columns of a table are the model's inputs, and of which kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from lamplighter.core.monitor import Kind, Monitor
from lamplighter.core.profile import ColumnKind

TABLE_KINDS: dict[str, ColumnKind] = {"number": "numeric", "text": "categorical", "boolean": "categorical"}
"""What ``auto`` makes of the types of a table; other types, such as time, are left out."""


def features_of(monitor: Monitor, table: Mapping[str, str]) -> dict[str, ColumnKind]:
    """The feature columns, in the order of the table, then those that are declared and not there.

    Parameters
    ----------
    monitor : Monitor
    table : mapping of str to str
        Each column of the table and its type: number, text, boolean, time or other.

    Returns
    -------
    dict of str to {'numeric', 'categorical'}
    """
    declared = monitor.features
    if declared is None:
        return {}
    taken = taken_columns(monitor)
    found: dict[str, ColumnKind] = {}
    for name, kind in table.items():
        if name in taken or _matches(name, declared.exclude):
            continue
        if _matches(name, declared.numeric):
            found[name] = "numeric"
        elif _matches(name, declared.categorical):
            found[name] = "categorical"
        elif declared.auto and kind in TABLE_KINDS:
            found[name] = TABLE_KINDS[kind]
    named: dict[str, ColumnKind] = dict.fromkeys(declared.numeric, "numeric")
    named |= dict.fromkeys(declared.categorical, "categorical")
    absent = {name: kind for name, kind in named.items() if name not in table and not _is_pattern(name)}
    return found | {name: kind for name, kind in absent.items() if not _matches(name, declared.exclude)}


def taken_columns(monitor: Monitor) -> set[str]:
    """Columns that the monitor names for something else than a feature."""
    predictions, labels = monitor.predictions, monitor.labels
    names = {predictions.time, *predictions.id, predictions.prediction, *predictions.scores, predictions.version}
    if labels and labels.same_row:
        names |= {labels.target, labels.time}
    return {name for name in names if name}


def _matches(name: str, patterns: Iterable[str]) -> bool:
    # A column may be called price[usd], which as a pattern is not its own name.
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def answer_columns(monitor: Monitor) -> dict[str, ColumnKind]:
    """The columns of what the model answered, of the kinds that drift can be measured of."""
    predictions = monitor.predictions
    kinds: dict[Kind, ColumnKind] = {Kind.CLASSIFICATION: "categorical", Kind.REGRESSION: "numeric"}
    answers: dict[str, ColumnKind] = {}
    if predictions.prediction and monitor.kind in kinds:
        answers[predictions.prediction] = kinds[monitor.kind]
    return answers | dict.fromkeys(predictions.scores, "numeric")
