"""What is wrong between a monitor and the tables that it names: columns, types, and values that are never there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lamplighter.core.hints import did_you_mean
from lamplighter.core.monitor.check_spans import hides_itself
from lamplighter.core.monitor.columns import answer_columns, features_of, measured_features
from lamplighter.core.monitor.images import MADE_OF_IMAGES, SEGMENTS
from lamplighter.core.monitor.model import Monitor
from lamplighter.core.monitor.parts import OF_KIND
from lamplighter.core.monitor.roles import Use, declared_columns, declared_label_columns
from lamplighter.core.monitor.vocabulary import OF_ANSWERS
from lamplighter.core.numbers import number_text, range_text
from lamplighter.core.records.catalogue import FEATURE_METRICS, METRICS
from lamplighter.core.values.meeting import hardly_meet

Place = tuple[str | int, ...]

FEWEST_TO_JUDGE = 20
"""Labelled rows from which classes that never meet are no accident, as for the finding of a run."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, at a key of the monitor.

    Attributes
    ----------
    at : tuple of str or int
        Leads to the key.
    message : str
        What is wrong and what would be right.
    is_warning : bool
        Whether it is merely not there yet.
    """

    at: Place
    message: str
    is_warning: bool = False


def column_problems(monitor: Monitor, table: Mapping[str, str]) -> Iterator[Problem]:
    """Compare what a monitor says of the predictions' columns with those that there are.

    Parameters
    ----------
    monitor : Monitor
    table : mapping of str to str
        Each column and its type: number, text, boolean, time, null or other.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: sent, prediction: y}}"
    >>> for problem in column_problems(parse("m.yaml", text, environ={}), {"sent_at": "time", "y": "number"}):
    ...     print(problem.at, problem.message)
    ('predictions', 'time') no column 'sent' in the predictions; did you mean 'sent_at'? known: sent_at, y
    """
    patterns = {name for name in _patterns(monitor) if any(sign in name for sign in "*?[")}
    for use in declared_columns(monitor):
        if use.column in table:
            yield from _type_problems(monitor, use, table[use.column])
        elif use.column in patterns:
            if not any(fnmatchcase(name, use.column) for name in table):
                yield Problem(use.at, f"no column matches {use.column!r}; {did_you_mean(use.column, table)}")
        else:
            cure = MADE_OF_IMAGES if use.column in SEGMENTS else did_you_mean(use.column, table)
            yield Problem(use.at, f"no column {use.column!r} in the predictions; {cure}")
    yield from _feature_problems(monitor, table)
    yield from _limit_problems(monitor)


def _limit_problems(monitor: Monitor) -> Iterator[Problem]:
    """Limits that no value of the metric can be beyond, or every one; and a * that stands for itself."""
    for i, check in enumerate(monitor.checks):
        metric, limit, key = METRICS.get(check.metric), check.threshold, check.form.key
        if "*" in check.segment and not check.is_of_every_segment:
            column = check.segment.partition("=")[0]
            what = f"the * in {check.segment!r} stands for itself; write {column}=* for every segment"
            yield Problem(("checks", i, "segment"), what, True)
        if what := hides_itself(check, monitor.every):
            yield Problem(("checks", i, key), what, True)
        if metric is None or limit is None:
            continue
        low, high = metric.lower, metric.upper
        never = high is not None and limit >= high if key == "above" else low is not None and limit <= low
        always = low is not None and limit < low if key == "above" else high is not None and limit > high
        if never or always:
            what = f"{check.metric} is {_bounds_text(low, high)}, so the check {'never' if never else 'always'} fails"
            yield Problem(("checks", i, key), f"{what}; give another limit", True)


def _bounds_text(low: float | None, high: float | None) -> str:
    parts = [("at least", low), ("at most", high)]
    return " and ".join(f"{word} {number_text(bound)}" for word, bound in parts if bound is not None)


def _patterns(monitor: Monitor) -> Iterator[str]:
    if monitor.features:
        yield from (*monitor.features.numeric, *monitor.features.categorical)


NUMBERS = frozenset({"number", "boolean", "null"})
PLAIN = NUMBERS | {"text"}
LISTS = frozenset({"other", "text", "null"})


def _type_problems(monitor: Monitor, use: Use, kind: str) -> Iterator[Problem]:
    """A column whose type its role cannot have; text may still hold numbers, which its values show."""
    name = use.column
    if use.role == "a score" and kind not in NUMBERS:
        yield Problem(use.at, f"column {name!r} holds {_named(kind)}; a score is a number from 0 to 1")
    elif use.role == "the prediction" and monitor.kind.compared_as == "numbers" and kind not in NUMBERS:
        yield Problem(
            use.at, f"column {name!r} holds {_named(kind)}; the prediction of a {monitor.kind.name} is a number"
        )
    elif use.role == "the prediction" and monitor.kind.has_classes and kind == "other":
        what = f"column {name!r} holds {_named(kind)}; a class is a text, a number or a flag"
        yield Problem(use.at, f"{what}, and boxes of images are of kind: detection")
    elif kind not in LISTS and _is_of_boxes(monitor, use):
        yield Problem(use.at, f"column {name!r} holds {_named(kind)}; {use.role} of boxes are lists, or lists as JSON")
    elif use.role in ("a segment", "a feature") and kind not in (
        PLAIN if use.role == "a feature" else PLAIN | {"time"}
    ):
        yield Problem(use.at, f"column {name!r} holds {_named(kind)}; {use.role} is a number, a flag or a text")


def _is_of_boxes(monitor: Monitor, use: Use) -> bool:
    """Whether a column holds a part of boxes."""
    roles = ("the prediction", "the classes", "the scores", "the truth", "the true classes")
    return monitor.kind.compared_as == "boxes" and use.role in roles


def _named(kind: str) -> str:
    return {"time": "times", "text": "text", "other": "lists or structures", "number": "numbers"}.get(kind, kind)


def _feature_problems(monitor: Monitor, table: Mapping[str, str]) -> Iterator[Problem]:
    if monitor.features is None:
        return
    features = features_of(monitor, table) | measured_features(monitor)
    if not features:
        what = "no column is a feature: every one has another role, another type, or is left out"
        yield Problem(("features",), f"{what}; name some, or leave features out")
    known = {*table, *(monitor.images.made if monitor.images else ())}
    for i, name in enumerate(monitor.features.exclude):
        if name not in known and not any(fnmatchcase(column, name) for column in known):
            yield Problem(("features", "exclude", i), f"no column matches {name!r}; {did_you_mean(name, table)}", True)
    for i, check in enumerate(monitor.checks):
        if not check.feature or check.metric not in FEATURE_METRICS or check.metric in OF_ANSWERS:
            continue
        at = ("checks", i, "feature")
        if check.feature not in features:
            yield Problem(
                at, f"{check.feature!r} is no feature of this monitor; {did_you_mean(check.feature, features)}"
            )
        elif (wanted := OF_KIND.get(check.metric)) and wanted != features[check.feature]:
            what = f"metric {check.metric!r} is of {wanted} features, and {check.feature!r} is"
            yield Problem(at, f"{what} {features[check.feature]}; name another")


def label_column_problems(monitor: Monitor, columns: Collection[str]) -> Iterator[Problem]:
    """Compare what a monitor says of the columns of a table of labels with those that there are.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y, id: i}, "
    >>> monitor = parse("m.yaml", text + "labels: {parquet: l.parquet, target: z}}", environ={})
    >>> [problem.message for problem in label_column_problems(monitor, ["id", "z"])]
    ["no column 'i' in the labels; name the column of ids as labels.id; did you mean 'id'? known: id, z"]
    """
    for use in declared_label_columns(monitor):
        if use.column in columns or use.role == "private":
            continue
        is_default = monitor.labels is not None and not monitor.labels.id and "id" in use.at
        cure = "; name the column of ids as labels.id" if is_default else ""
        at: Place = ("labels",) if is_default else use.at
        yield Problem(at, f"no column {use.column!r} in the labels{cure}; {did_you_mean(use.column, columns)}")


@dataclass(frozen=True)
class ScoreRange:
    """Of the scores of one column: the least, the largest, how many there are, and how far rounding may take them."""

    column: str
    low: float
    high: float
    values: int
    slack: float


def score_problems(monitor: Monitor, ranges: Iterable[ScoreRange]) -> Iterator[Problem]:
    """Scores that are no probabilities.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: classification, predictions: {parquet: p.parquet, time: t, prediction: y, score: p}}"
    >>> percent = ScoreRange("p", low=3.0, high=97.0, values=100, slack=0.0)
    >>> [problem.message for problem in score_problems(parse("m.yaml", text, environ={}), [percent])]
    ["column 'p' holds values from 3 to 97; a score is a probability from 0 to 1"]
    """
    if not monitor.kind.has_classes:
        return
    declared = {use.column: use.at for use in declared_columns(monitor) if use.role == "a score"}
    for found in ranges:
        if found.values and not -found.slack <= found.low <= found.high <= 1 + found.slack:
            held = f"column {found.column!r} holds values from {range_text(found.low, found.high, 8)}"
            yield Problem(declared[found.column], f"{held}; a score is a probability from 0 to 1")


Seen = Callable[[str], Collection[str]]
"""The values of a column of the predictions, looked for as widely as need be."""


def class_problems(
    monitor: Monitor, classes: Collection[str], wider: Callable[[], Collection[str]]
) -> Iterator[Problem]:
    """Classes that the monitor names and that are never seen.

    Parameters
    ----------
    monitor : Monitor
    classes : collection of str
        Those of predictions and labels in one window.
    wider : callable
        Those of many windows, asked for where one is missing.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> predictions = "{parquet: p.parquet, time: t, prediction: y, score: p, positive: late}"
    >>> monitor = parse("m.yaml", f"{{model: m, kind: classification, predictions: {predictions}}}", environ={})
    >>> [problem.message for problem in class_problems(monitor, ["delayed", "on time"], wider=lambda: [])]
    ["class 'late' never occurs; known: delayed, on time"]
    """
    if not monitor.kind.has_classes or not classes:
        return
    named: list[tuple[Place, str]] = []
    if monitor.predictions.positive is not None:
        named.append((("predictions", "positive"), monitor.predictions.positive))
    named += [(("checks", i, "class"), check.klass) for i, check in enumerate(monitor.checks) if check.klass]
    missing = [(at, name) for at, name in named if name not in classes]
    scores = monitor.predictions.score if isinstance(monitor.predictions.score, dict) else {}
    if not missing and {*scores} >= {*classes}:
        return
    everywhere = {*classes, *wider()}
    for at, name in missing:
        if name not in everywhere:
            # One class alone does not show what the others are called.
            what = f"class {name!r} never occurs"
            yield Problem(at, f"{what}; {did_you_mean(name, sorted(everywhere))}", is_warning=len(everywhere) < 2)
    if scores:
        yield from _score_classes(scores, classes, everywhere)


def _score_classes(scores: Collection[str], classes: Collection[str], everywhere: Collection[str]) -> Iterator[Problem]:
    at: Place = ("predictions", "score")
    if not {*scores} & {*everywhere}:
        named, known = (", ".join(sorted(side)[:5]) for side in (scores, everywhere))
        yield Problem(at, f"no score is of a class that occurs: {named}; known: {known}")
    elif lacking := sorted({*classes} - {*scores}):
        what = f"class {', '.join(map(repr, lacking[:3]))} occurs and has no score"
        yield Problem(at, f"{what}; name its column too, or write the classes as they occur")


def classes_meet(
    monitor: Monitor, true: Mapping[str, int], predicted: Mapping[str, int], rows: int
) -> Iterator[Problem]:
    """Labels and predictions that name hardly a class alike.

    Parameters
    ----------
    monitor : Monitor
    true, predicted : mapping of str to int
        Rows of each class.
    rows : int
        Labelled rows.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: classification, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> found = classes_meet(parse("m.yaml", text, environ={}), {"yes": 60, "no": 40}, {"1": 55, "0": 45}, rows=100)
    >>> [problem.message for problem in found]
    ["no predicted class ('0', '1') is one of the labels ('no', 'yes'); write both alike"]
    """
    if not monitor.kind.has_classes or not true or not predicted or not hardly_meet(true, predicted):
        return
    shown = [", ".join(sorted(map(repr, classes))[:3]) for classes in (predicted, true)]
    few = "hardly a" if {*true} & {*predicted} else "no"
    what = f"{few} predicted class ({shown[0]}) is one of the labels ({shown[1]})"
    yield Problem(("labels", "target"), f"{what}; write both alike", is_warning=rows < FEWEST_TO_JUDGE)


def segment_problems(monitor: Monitor, seen: Seen, wider: Seen) -> Iterator[Problem]:
    """Checks of segments that are never seen.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y, id: i}, "
    >>> text += "labels: {parquet: l.parquet, target: z}, segments: [plan], "
    >>> monitor = parse("m.yaml", text + "checks: [{metric: mae, segment: plan=por, above: 1}]}", environ={})
    >>> found = segment_problems(monitor, lambda column: {"basic", "pro"}, lambda column: set())
    >>> [problem.message for problem in found]
    ["segment 'plan=por' never occurs; did you mean 'plan=pro'? known: plan=basic, plan=pro"]
    """
    for i, check in enumerate(monitor.checks):
        column, _, value = check.segment.partition("=")
        if not check.segment or check.is_of_every_segment:
            continue
        if value in seen(column) or value in (everywhere := {*seen(column), *wider(column)}):
            continue
        what = f"segment {check.segment!r} never occurs"
        known = did_you_mean(check.segment, [f"{column}={name}" for name in sorted(everywhere)])
        yield Problem(("checks", i, "segment"), f"{what}; {known}", is_warning=not everywhere)


def reference_problems(monitor: Monitor, table: Mapping[str, str], reference: Mapping[str, str]) -> Iterator[Problem]:
    """Features and answers that a reference lacks, or holds in another type.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}, "
    >>> text += "features: auto}"
    >>> monitor, table = parse("m.yaml", text, environ={}), {"t": "time", "y": "number", "plan": "text"}
    >>> [problem.message for problem in reference_problems(monitor, table, {"y": "number", "plan": "number"})]
    ["column 'plan' holds numbers in the reference and text in the predictions; write both alike"]
    """
    compared = {**features_of(monitor, table), **answer_columns(monitor)}
    for name in compared:
        if name in table and name not in reference:
            what = f"the reference has no column {name!r}, so its drift is not measured"
            yield Problem(("reference",), f"{what}; write it there too, or exclude it", True)
        elif name in table and "null" not in (kinds := (reference[name], table[name])) and kinds[0] != kinds[1]:
            what = (
                f"column {name!r} holds {_named(kinds[0])} in the reference and {_named(kinds[1])} in the predictions"
            )
            yield Problem(("reference",), f"{what}; write both alike")
