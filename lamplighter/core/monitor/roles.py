"""Which column is what, and which roles one column cannot have at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple, Protocol

from lamplighter.core.monitor.images import Images
from lamplighter.core.monitor.sources import Features, Labels, Predictions


class Declaring(Protocol):
    """What of a monitor says which column is what."""

    @property
    def predictions(self) -> Predictions: ...

    @property
    def labels(self) -> Labels | None: ...

    @property
    def features(self) -> Features | None: ...

    @property
    def images(self) -> Images | None: ...

    @property
    def segments(self) -> tuple[str, ...]: ...

    @property
    def private(self) -> tuple[str, ...]: ...


class Use(NamedTuple):
    """A column, its role, and the key that gives it the role."""

    column: str
    role: str
    at: tuple[str | int, ...]


ID, PART = "the id", "part of the id"

CURES = dict.fromkeys(("a segment", "a feature", "private"), "leave it out")
"""What would be right, by the role that is given last; of the other roles another column is wanted."""

TOGETHER = frozenset(
    map(
        frozenset,
        [
            ("a segment", "a feature"),
            ("a segment", "the version"),
            ("a segment", "the prediction"),
            # The id of a forecast may be the store and the day, and the store be a feature beside.
            (PART, "the time"),
            (PART, "the version"),
            (PART, "a segment"),
            (PART, "a feature"),
            # An image may be named by its path alone.
            (ID, "the path of an image"),
            (PART, "the path of an image"),
            # Of these roles no value is shown.
            ("private", "the time"),
            ("private", ID),
            ("private", PART),
            ("private", "a feature"),
        ],
    )
)
"""Roles that one column may have at once; of any other two it has one."""


def clash(monitor: Declaring) -> tuple[Use, str] | None:
    """The first column whose roles cannot go together, at the later of the two, and what is wrong with it."""
    for table in (_of_predictions(monitor), _of_labels(monitor)):
        # By column, since a wide table has too many pairs.
        uses: dict[str, list[Use]] = {}
        for use in table:
            uses.setdefault(use.column, []).append(use)
        for same in uses.values():
            for first, second in combinations(same, 2):
                if frozenset((first.role, second.role)) not in TOGETHER:
                    return second, _message(first, second)
    return None


def _message(first: Use, second: Use) -> str:
    cure = CURES.get(second.role, "name another column")
    if first.role == second.role:
        return f"column {second.column!r} is named twice as {second.role}; {cure}"
    return f"column {second.column!r} is {first.role} and cannot be {second.role} too; {cure}"


def declared_columns(monitor: Declaring) -> Iterator[Use]:
    """The columns that the table of predictions is said to have, and the keys that say so.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> [(use.column, use.role) for use in declared_columns(parse("m.yaml", text, environ={}))]
    [('t', 'the time'), ('y', 'the prediction')]
    """
    made = monitor.images.made if monitor.images else frozenset()
    return (use for use in _of_predictions(monitor) if use.column not in made)


def declared_label_columns(monitor: Declaring) -> Iterator[Use]:
    """The columns that a table of labels is said to have; none where the truth stands in the predictions.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y, id: i}, "
    >>> monitor = parse("m.yaml", text + "labels: {parquet: l.parquet, target: z}}", environ={})
    >>> [(use.column, use.role) for use in declared_label_columns(monitor)]
    [('i', 'the id'), ('z', 'the truth')]
    """
    return _of_labels(monitor)


def _of_predictions(monitor: Declaring) -> Iterator[Use]:
    """The columns that the table of predictions is said to have."""
    rows, labels, features = monitor.predictions, monitor.labels, monitor.features
    yield Use(rows.time, "the time", ("predictions", "time"))
    yield from _ids(rows.id, "predictions")
    if rows.prediction:
        yield Use(rows.prediction, "the prediction", ("predictions", "prediction"))
    if isinstance(rows.score, dict):
        yield from (Use(name, "a score", ("predictions", "score", klass)) for klass, name in rows.score.items())
    elif rows.score:
        yield Use(rows.score, "the scores" if rows.classes else "a score", ("predictions", "score"))
    if rows.classes:
        yield Use(rows.classes, "the classes", ("predictions", "classes"))
    if rows.version:
        yield Use(rows.version, "the version", ("predictions", "version"))
    yield from _listed(monitor.segments, "a segment", "segments")
    if monitor.images and monitor.images.path:
        yield Use(monitor.images.path, "the path of an image", ("images", "path"))
    if labels and labels.same_row:
        yield Use(labels.target, "the truth", ("labels", "target"))
        if labels.classes:
            yield Use(labels.classes, "the true classes", ("labels", "classes"))
    if features:
        yield from _listed(features.numeric, "a feature", "features", "numeric")
        yield from _listed(features.categorical, "a feature", "features", "categorical")
    yield from _listed(monitor.private, "private", "private")


def _of_labels(monitor: Declaring) -> Iterator[Use]:
    """The columns that a table of labels is said to have."""
    labels = monitor.labels
    if labels is None or labels.same_row:
        return
    yield from _ids(labels.id or monitor.predictions.id, "labels")
    yield Use(labels.target, "the truth", ("labels", "target"))
    if labels.classes:
        yield Use(labels.classes, "the true classes", ("labels", "classes"))
    if labels.time:
        yield Use(labels.time, "the time", ("labels", "time"))
    yield from _listed(monitor.private, "private", "private")


def _ids(names: tuple[str, ...], section: str) -> Iterator[Use]:
    return _listed(names, ID if len(names) == 1 else PART, section, "id")


def _listed(names: Iterable[str], role: str, *at: str) -> Iterator[Use]:
    return (Use(name, role, (*at, i)) for i, name in enumerate(names))
