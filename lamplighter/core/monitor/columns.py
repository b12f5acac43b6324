"""Which columns of a table are the model's inputs, and of which kind; and what the truth is called beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from lamplighter.core.monitor.images import FAULT, NUMERIC, REASON, SEGMENTS, TILE
from lamplighter.core.monitor.of_boxes import MADE_OF_BOXES

if TYPE_CHECKING:
    from lamplighter.core.monitor.model import Monitor
    from lamplighter.core.profiles.profile import ColumnKind

TABLE_KINDS: dict[str, ColumnKind] = {"number": "numeric", "text": "categorical", "boolean": "categorical"}
"""What ``auto`` makes of the types of a table; other types, such as time, are left out."""


INDEX_OF_PANDAS = "__index_level_"
"""The beginning of the name under which pandas writes the index of a frame: a column that was not declared."""


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

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}, "
    >>> text += "features: auto}"
    >>> table = {"t": "time", "y": "number", "amount": "number", "plan": "text"}
    >>> features_of(parse("m.yaml", text, environ={}), table)
    {'amount': 'numeric', 'plan': 'categorical'}
    """
    found: dict[str, ColumnKind] = {}
    for name, held in table.items():
        kinds = kinds_of_feature(monitor, name)
        if len(kinds) == 1:
            found[name] = kinds[0]
        elif kinds and held in TABLE_KINDS:
            found[name] = TABLE_KINDS[held]
    absent = (name for name in named_features(monitor) if name not in table and not _is_pattern(name))
    return found | {name: kinds[0] for name in absent if (kinds := kinds_of_feature(monitor, name))}


def named_features(monitor: Monitor) -> tuple[str, ...]:
    """The names and patterns that a monitor declares as features.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}, "
    >>> named_features(parse("m.yaml", text + "features: {numeric: [amount], categorical: ['plan*']}}", environ={}))
    ('amount', 'plan*')
    """
    declared = monitor.features
    return (*declared.numeric, *declared.categorical) if declared else ()


def kinds_of_feature(monitor: Monitor, name: str) -> tuple[ColumnKind, ...]:
    """What a column may be as a feature: of one kind, of any kind where its type decides, or no feature at all.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}, "
    >>> monitor = parse("m.yaml", text + "features: {numeric: ['amount_*'], categorical: [plan]}}", environ={})
    >>> [kinds_of_feature(monitor, name) for name in ("amount_paid", "plan", "y")]
    [('numeric',), ('categorical',), ()]
    """
    declared, is_statistic = monitor.features, is_of_image(monitor, name)
    if declared is None:
        return ("numeric",) if is_statistic else ()
    if _matches(name, declared.exclude):
        return ()
    free = name not in taken_columns(monitor)
    # What is named is a feature although it is part of an id; a pattern takes nothing that has another role.
    if name in declared.numeric or (free and _matches(name, declared.numeric)):
        return ("numeric",)
    if name in declared.categorical or (free and _matches(name, declared.categorical)):
        return ("categorical",)
    if is_statistic:
        return ("numeric",)
    return ("numeric", "categorical") if declared.auto and free and not name.startswith(INDEX_OF_PANDAS) else ()


def measured_features(monitor: Monitor) -> dict[str, ColumnKind]:
    """Statistics of images that are features of a monitor although no table holds them, since a run measures them.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}, "
    >>> text += "images: {path: file}, features: {exclude: ['image_luminance_*']}}"
    >>> found = measured_features(parse("m.yaml", text, environ={}))
    >>> "image_brightness" in found, "image_luminance_p50" in found
    (True, False)
    """
    names = monitor.images.measured if monitor.images else ()
    return {name: "numeric" for name in names if "numeric" in kinds_of_feature(monitor, name)}


def is_counted(monitor: Monitor, name: str) -> bool:
    """Whether a feature counts where features are counted: statistics of images, which move together, where declared.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}, "
    >>> monitor = parse("m.yaml", text + "images: {path: file}, features: {numeric: [speed]}}", environ={})
    >>> is_counted(monitor, "speed"), is_counted(monitor, "image_brightness")
    (True, False)
    """
    return not is_of_image(monitor, name) or _matches(name, named_features(monitor))


def is_of_image(monitor: Monitor, name: str) -> bool:
    """Whether a column holds a statistic of images.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}, images: {}}"
    >>> is_of_image(parse("m.yaml", text, environ={}), "image_brightness")
    True
    """
    return monitor.images is not None and name in NUMERIC


def taken_columns(monitor: Monitor) -> set[str]:
    """Columns that the monitor names for something else than a feature.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> sorted(taken_columns(parse("m.yaml", text, environ={})))
    ['t', 'y']
    """
    predictions, labels = monitor.predictions, monitor.labels
    names = {predictions.time, *predictions.id, predictions.prediction, *predictions.scores, predictions.version}
    names |= {*predictions.boxes, *(MADE_OF_BOXES if predictions.boxes else ())}
    if labels and labels.same_row:
        names |= {labels.target, labels.classes}
    if monitor.images:
        names |= {monitor.images.path, TILE, FAULT, REASON, *SEGMENTS}
    return {name for name in names if name}


def truth_columns(monitor: Monitor) -> tuple[str, ...]:
    """What the columns of the truth are called beside the answers: in the rows of a trainer, and in a reference.

    Under the names of the labels; ``true_`` stands before one that the monitor names as a column of the log, so that
    neither replaces the other. No file decides it, so that a trainer meets the same names each day.

    Returns
    -------
    tuple of str
        The target, and of a detector the true classes.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, id: i, prediction: y}, "
    >>> for target in ("y", "z"):
    ...     labels = f"labels: {{parquet: l.parquet, target: {target}}}"
    ...     print(truth_columns(parse("m.yaml", text + labels + "}", environ={})))
    ('true_y',)
    ('z',)
    """
    labels = monitor.labels
    if labels is None:
        return ()
    names = tuple(name for name in (labels.target, labels.classes) if name)
    if labels.same_row:
        return names
    of_log = {*taken_columns(monitor), *monitor.segments, *named_features(monitor)}
    free: list[str] = []
    for name in names:
        while name in of_log or (name != labels.target and name in {labels.target, *free}):
            name = f"true_{name}"
        free.append(name)
    return tuple(free)


def with_truth_beside(monitor: Monitor) -> Monitor:
    """The monitor of rows that hold the truth beside the answers, as those of a trainer and of a reference do.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, id: i, prediction: y}, "
    >>> own = with_truth_beside(parse("m.yaml", text + "labels: {parquet: l.parquet, target: y}}", environ={}))
    >>> own.labels.target, own.labels.same_row
    ('true_y', True)
    """
    labels = monitor.labels
    if labels is None:
        return monitor
    target, *classes = truth_columns(monitor)
    named = {"same_row": True, "target": target, "classes": next(iter(classes), None)}
    return monitor.model_copy(update={"labels": labels.model_copy(update=named)})


def _matches(name: str, patterns: Iterable[str]) -> bool:
    # A column may be called price[usd], which as a pattern is not its own name.
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def answer_columns(monitor: Monitor) -> dict[str, ColumnKind]:
    """The columns of what the model answered, of the kinds that drift can be measured of.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: classification, predictions: {parquet: p.parquet, time: t, prediction: y, score: p}}"
    >>> answer_columns(parse("m.yaml", text, environ={}))
    {'y': 'categorical', 'p': 'numeric'}
    """
    predictions = monitor.predictions
    answers: dict[str, ColumnKind] = {}
    if predictions.prediction and monitor.kind.drift:
        answers[predictions.prediction] = monitor.kind.drift
    if predictions.boxes:
        answers |= MADE_OF_BOXES
    return answers | dict.fromkeys(predictions.scores, "numeric")
