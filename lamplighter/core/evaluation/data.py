"""What a window's columns came to, beside the reference's: missing, unseen, outside, infinite, of another type."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

from lamplighter.core.counts import LARGEST, most_frequent
from lamplighter.core.hints import names_listed
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.images import MADE_OF_IMAGES, SEGMENTS
from lamplighter.core.numbers import range_text
from lamplighter.core.profiles.profile import ColumnProfile
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.values.cell import as_flags
from lamplighter.core.values.key_name import OTHER, key_name

NO_ROWS = "the window has no rows"


def schema_findings(
    needed: Mapping[str, str], table: Mapping[str, str], reference: Mapping[str, str] | None
) -> Iterator[Finding]:
    """Compare the columns of a window with those that are declared and those of the reference.

    Parameters
    ----------
    needed : mapping of str to str
        Columns that the monitor declares, and what for.
    table, reference : mapping of str to str
        Columns and types: number, text, boolean, time, null or other.

    Examples
    --------
    >>> needed, table = {"t": "time", "y": "prediction"}, {"t": "time", "x": "text"}
    >>> found = schema_findings(needed, table, {"t": "time", "x": "number"})
    >>> [(it.code.value, it.subject) for it in found]
    [('column-missing', 'y'), ('type-changed', 'x')]
    """
    for name, purpose in needed.items():
        if name not in table:
            cure = MADE_OF_IMAGES if name in SEGMENTS else names_listed(name, table)
            what = f"{purpose} column {name!r} is missing; {cure}"
            yield Finding(Code.COLUMN_MISSING, name, what)
    if reference is None:
        return
    for name, kind in table.items():
        if name not in reference and name not in needed:
            yield Finding(Code.COLUMN_NEW, name, f"column {name!r} is new; the reference does not have it")
        elif name in reference and "null" not in (kind, reference[name]) and kind != reference[name]:
            message = f"column {name!r} holds {kind} and in the reference {reference[name]}; restore its type"
            yield Finding(Code.TYPE_CHANGED, name, message)


def needed_columns(monitor: Monitor, features: Mapping[str, str]) -> dict[str, str]:
    """Columns that the monitor declares, and what for.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> needed_columns(parse("m.yaml", text, environ={}), {"amount": "numeric"})
    {'amount': 'feature', 't': 'time', 'y': 'prediction'}
    """
    predictions = monitor.predictions
    needed = {predictions.time: "time"} | dict.fromkeys(predictions.id, "id")
    if predictions.prediction:
        needed[predictions.prediction] = "prediction"
    needed |= dict.fromkeys(predictions.boxes[1:], "prediction") | dict.fromkeys(predictions.scores, "score")
    if predictions.version:
        needed[predictions.version] = "version"
    needed |= dict.fromkeys(monitor.segments, "segment")
    if monitor.images and monitor.images.path:
        needed[monitor.images.path] = "image path"
    if monitor.labels and monitor.labels.same_row:
        needed |= {name: "truth" for name in (monitor.labels.target, monitor.labels.classes) if name}
    needed = dict.fromkeys(features, "feature") | needed
    made = monitor.images.made if monitor.images else ()
    return {name: purpose for name, purpose in needed.items() if name not in made}


def table_measurements(rows: int, repeated: int, findings: list[Finding], lost: str = "") -> list[Measurement]:
    """Rows, repeated rows and what became of the columns; ``lost`` says why their number is unknown.

    Examples
    --------
    >>> found = [Finding(Code.COLUMN_NEW, "plan", "column 'plan' is new")]
    >>> {it.metric: it.value for it in table_measurements(98, 2, found)}
    {'rows': 98.0, 'repeated_ratio': 0.02, 'columns_missing': 0.0, 'columns_new': 1.0, 'types_changed': 0.0}
    >>> table_measurements(0, 0, [], "no file of the window can be read")[0].reason
    'no file of the window can be read'
    """
    counts = {
        "columns_missing": Code.COLUMN_MISSING,
        "columns_new": Code.COLUMN_NEW,
        "types_changed": Code.TYPE_CHANGED,
    }
    measured = [
        Measurement(metric="rows", value=None if lost else float(rows), n=rows, reason=lost),
        ratio("repeated_ratio", repeated, rows + repeated),
    ]
    for metric, code in counts.items():
        found = sum(finding.code is code for finding in findings)
        undefined = lost or (NO_ROWS if not rows else "")
        measured.append(Measurement(metric=metric, value=None if undefined else float(found), n=rows, reason=undefined))
    return measured


def ratio(
    metric: str, part: int, whole: int, *, feature: str = "", klass: str = "", empty: str = NO_ROWS
) -> Measurement:
    """A share of rows, or the reason why there is none; ``empty`` says what is lacking.

    Examples
    --------
    >>> ratio("missing_ratio", 2, 8, feature="plan").value, ratio("missing_ratio", 0, 0, feature="plan").reason
    (0.25, 'the window has no rows')
    """
    if not whole:
        return Measurement(metric=metric, feature=feature, klass=klass, reason=empty)
    return Measurement(metric=metric, feature=feature, klass=klass, value=part / whole, n=whole)


def feature_measurements(profile: ColumnProfile, reference: ColumnProfile | None) -> Iterator[Measurement]:
    """What one feature came to.

    Examples
    --------
    >>> from lamplighter.core.profiles.profile import categorical_profile
    >>> before = categorical_profile("plan", {"basic": 3}, nulls=0)
    >>> now = categorical_profile("plan", {"basic": 2, "pro": 1}, nulls=1)
    >>> [(it.metric, it.value) for it in feature_measurements(now, before)]
    [('missing_ratio', 0.25), ('unseen_ratio', 0.3333)]
    """
    name = profile.column
    yield ratio("missing_ratio", profile.nulls, profile.rows, feature=name)
    if profile.kind == "numeric":
        yield ratio("infinite_ratio", profile.infinite, profile.rows, feature=name)
    if reference is None:
        return
    if profile.kind == "categorical":
        yield _unseen(profile, reference)
        return
    bounds = profile.bounds
    values, empty = profile.present + profile.infinite, _empty(profile)
    if bounds is None:
        private = profile.present and not profile.buckets
        reason = "the column is private" if private else "the reference holds no values"
        for metric in ("outside_ratio", "outlier_ratio"):
            yield Measurement(metric=metric, feature=name, n=values, reason=reason)
        return
    yield ratio("outside_ratio", profile.outside + profile.infinite, values, feature=name, empty=empty)
    if bounds.lower_fence is None:
        reason = "the reference's quartiles coincide"
        yield Measurement(metric="outlier_ratio", feature=name, n=values, reason=reason)
    else:
        yield ratio("outlier_ratio", profile.outliers + profile.infinite, values, feature=name, empty=empty)


def _empty(profile: ColumnProfile) -> str:
    """Why a column has no value."""
    return "every row of the column is null" if profile.rows else NO_ROWS


def _unseen(profile: ColumnProfile, reference: ColumnProfile) -> Measurement:
    if profile.crowded or reference.crowded:
        return Measurement(metric="unseen_ratio", feature=profile.column, reason="too many values to be categories")
    own, known = profile.categories, reference.categories
    # A flag is the same whether a file holds it as a flag or as a word.
    own_names, names = as_flags(own, known), as_flags(known, own)
    seen = {names.get(value, value) for value in known}
    unseen = sum(count for value, count in own.items() if own_names.get(value, value) not in seen)
    values = profile.rows - profile.nulls
    return ratio("unseen_ratio", unseen, values, feature=profile.column, empty=_empty(profile))


def answer_measurements(monitor: Monitor, profiles: Mapping[str, ColumnProfile], rows: int) -> Iterator[Measurement]:
    """What the model's answers came to: of which version and class, null, and unsure.

    The profile of a score was counted against the band of unsure scores.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> from lamplighter.core.profiles.profile import categorical_profile
    >>> text = "{model: m, kind: classification, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> profiles = {"y": categorical_profile("y", {"late": 1, "on time": 2}, nulls=1)}
    >>> [(it.metric, it.klass, it.value) for it in answer_measurements(parse("m.yaml", text, environ={}), profiles, 4)]
    [('null_prediction_ratio', '', 0.25), ('prediction_share', 'late', 0.3333), ('prediction_share', 'on time',
     0.6667)]
    """
    predictions = monitor.predictions
    if version := profiles.get(predictions.version or ""):
        for name, count in sorted(version.categories.items()):
            yield Measurement(metric="rows", version=key_name(name), value=float(count), n=count)
    prediction = profiles.get(predictions.prediction or "")
    if predictions.prediction and rows and not prediction:
        reason = f"column {predictions.prediction!r} cannot be used"
        yield Measurement(metric="null_prediction_ratio", reason=reason)
    if prediction:
        yield ratio("null_prediction_ratio", prediction.nulls + prediction.infinite, prediction.rows)
    if prediction and monitor.kind.has_classes:
        yield from _shares(prediction)
    if prediction and monitor.kind.compared_as == "numbers":
        reason = "" if prediction.present else "no row has a prediction"
        reason = reason or ("" if math.isfinite(prediction.mean) else "the predictions are too large to be averaged")
        mean = None if reason else prediction.mean
        yield Measurement(metric="prediction_mean", value=mean, n=prediction.present, reason=reason)
    if predictions.unsure and isinstance(predictions.score, str) and predictions.score in profiles:
        score = profiles[predictions.score]
        empty = "no row has a score" if score.rows else NO_ROWS
        yield ratio("unsure_ratio", score.present - score.outside, score.present, empty=empty)


def _shares(prediction: ColumnProfile) -> Iterator[Measurement]:
    whole = prediction.rows - prediction.nulls
    counts = prediction.categories
    shown = {key_name(name): counts[name] for name in most_frequent(counts, LARGEST)}
    if rest := sum(counts.values()) - sum(shown.values()):
        shown[OTHER] = rest
    for name, count in sorted(shown.items()):
        yield ratio("prediction_share", count, whole, klass=name)


def reference_measurements(
    monitor: Monitor, features: Collection[str], profiles: Mapping[str, ColumnProfile], rows: int
) -> Iterator[Measurement]:
    """What the columns of a reference come to by themselves.

    Parameters
    ----------
    monitor : Monitor
    features : collection of str
    profiles : mapping of str to ColumnProfile
        Of features and answers.
    rows : int
        Those of the reference.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> from lamplighter.core.profiles.profile import categorical_profile
    >>> text = "{model: m, kind: classification, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> profiles = {"plan": categorical_profile("plan", {"pro": 3}, 1), "y": categorical_profile("y", {"late": 4}, 0)}
    >>> found = reference_measurements(parse("m.yaml", text, environ={}), ["plan"], profiles, 4)
    >>> [(it.metric, it.feature, it.value) for it in found]
    [('rows', '', 4.0), ('null_prediction_ratio', '', 0.0), ('prediction_share', '', 1.0), ('missing_ratio', 'plan',
     0.25)]
    """
    yield Measurement(metric="rows", value=float(rows), n=rows)
    if not rows:
        return
    yield from answer_measurements(monitor, profiles, rows)
    for name in features:
        if name in profiles:
            yield from feature_measurements(profiles[name], None)
        else:
            reason = f"it has no column {name!r} that can be used"
            yield Measurement(metric="missing_ratio", feature=name, reason=reason)


def value_findings(profiles: Mapping[str, ColumnProfile]) -> Iterator[Finding]:
    """Columns without a single value, numbers without end, and scores that are no probabilities.

    Examples
    --------
    >>> from lamplighter.core.profiles.profile import categorical_profile
    >>> found = value_findings({"plan": categorical_profile("plan", {}, nulls=3)})
    >>> [it.message for it in found]
    ["column 'plan' is null in every row; mend its feed"]
    """
    for name, profile in profiles.items():
        if profile.rows and profile.nulls == profile.rows:
            yield Finding(Code.ALL_NULL, name, f"column {name!r} is null in every row; mend its feed")
        if profile.infinite:
            yield Finding(
                Code.INFINITE_VALUES,
                name,
                f"column {name!r} is infinite in {profile.infinite} of {profile.rows} rows; log them as null",
            )
        if profile.improbable:
            what = f"lies outside 0 to 1 in {profile.improbable} of {profile.rows} rows"
            seen = f"from {range_text(profile.minimum, profile.maximum, 8)}; log the probability of the class"
            yield Finding(Code.SCORES_OUTSIDE, name, f"score column {name!r} {what}, {seen}")
