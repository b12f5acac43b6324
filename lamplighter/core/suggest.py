"""A first monitor for a table that nobody prepared: what its columns' names, types and values suggest."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import yaml

PREDICTIONS = ("prediction", "y_pred", "predicted", "pred", "answer", "output", "decision")
SCORES = ("score", "y_score", "proba", "prob", "probability", "confidence")
TRUTHS = ("y_true", "label", "target", "truth", "actual", "ground_truth", "outcome")
VERSIONS = ("model_version", "version")
TIMES = ("predicted_at", "prediction_time", "timestamp", "event_time", "created_at", "logged_at", "time", "ts", "date")
FEWEST_REFERENCE_DAYS = 4
MOST_CLASSES = 20


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of a column.

    Attributes
    ----------
    name : str
    kind : str
        number, boolean, text, time or other.
    distinct : int
        Different values among the rows that were looked at.
    unique : bool
        Whether no value repeats, and none is null.
    has_zone : bool
        Of a time column.
    minimum, maximum : float or None
        Of a number column.
    whole : bool
        Whether a number column holds whole numbers alone.
    classes : tuple of str
        The values, where there are two.
    """

    name: str
    kind: str
    distinct: int = 0
    unique: bool = False
    has_zone: bool = True
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column is what; None where nothing fits."""

    time: Column
    id: Column | None
    prediction: Column | None
    score: Column | None
    truth: Column | None
    version: Column | None

    @property
    def kind(self) -> str:
        """Regression where the prediction is a number of many values, else classification."""
        answer = self.prediction
        many = answer and answer.kind == "number" and (not answer.whole or answer.distinct > MOST_CLASSES)
        return "regression" if many else "classification"


def roles_of(columns: Sequence[Column]) -> Roles:
    """Guess the role of each column.

    Raises
    ------
    ValueError
        If no column holds the time of the prediction.
    """
    times = [column for column in columns if column.kind == "time"]
    if not times:
        raise ValueError(
            "no column holds timestamps, or ISO 8601 text in every row; a monitor needs the time of each prediction"
        )
    time = _named(times, TIMES) or times[0]
    left = [column for column in columns if column.kind in ("number", "boolean", "text")]

    def take(names: Sequence[str], fits: Callable[[Column], bool] = lambda column: True) -> Column | None:
        """The column of one of some names; it has no second role."""
        found = _named([column for column in left if fits(column)], names)
        left[:] = [column for column in left if column is not found]
        return found

    version, truth = take(VERSIONS), take(TRUTHS)
    score, prediction = take(SCORES, _is_probability), take(PREDICTIONS)
    identity = take(("id",), lambda column: column.unique and (column.kind == "text" or column.whole))
    return Roles(time, identity, prediction, score, truth, version)


def _is_probability(column: Column) -> bool:
    bounded = column.minimum is not None and column.maximum is not None and 0 <= column.minimum <= column.maximum <= 1
    return column.kind == "number" and bounded and not column.whole


def _named(columns: Sequence[Column], names: Sequence[str]) -> Column | None:
    """The column whose name is, or else holds, one of some names; the earlier name wins."""
    for name in names:
        for column in columns:
            if column.name.lower() == name:
                return column
    for name in names:
        for column in columns:
            if name in column.name.lower().split("_") or column.name.lower().endswith(f"_{name}"):
                return column
    return None


def suggest(
    model: str,
    place: Mapping[str, str],
    columns: Sequence[Column],
    days: Sequence[date],
    *,
    timezone: str = "UTC",
) -> str:
    """A commented monitor file.

    Parameters
    ----------
    model : str
    place : mapping of str to str
        ``parquet``, or ``url`` and ``table``.
    columns : sequence of Column
    days : sequence of date
        Days that have rows, in order; the first half becomes the reference.
    timezone : str
        In which a day is a day.

    Raises
    ------
    ValueError
        If no column holds the time of the prediction.
    """
    roles = roles_of(columns)
    lines = [
        f"# Written by `lamplighter init` from {len(columns)} columns; read it, then `lamplighter validate`.",
        f"model: {_quoted(model)}",
        f"kind: {roles.kind}          # classification | regression | ranking | text",
        "every: 1d                     # 1h | 1d | 1w | 1mo",
        f"timezone: {timezone}          # a day is a local day of this zone",
        "predictions:",
        *_place(place),
        f"  time: {_quoted(roles.time.name)}",
    ]
    if not roles.time.has_zone:
        lines.append("  timezone: UTC               # the timestamps carry no zone; say which one they are in")
    lines += _optional(roles.id, "id", "labels are joined on it")
    lines += _optional(roles.prediction, "prediction", "what the model answered")
    lines += _optional(roles.score, "score", "how sure it was")
    lines += _optional(roles.version, "version", "")
    lines += _positive(roles)
    if roles.truth and roles.prediction:
        lines += [
            "labels:",
            "  same_row: true              # or parquet: / sql: of a table of its own, with id",
            f"  target: {_quoted(roles.truth.name)}",
            "  mature_after: 3d            # how long labels may take",
        ]
    else:
        lines += [
            "# labels:                     # without labels, drift and data quality alone",
            "#   parquet: labels/day={day}/*.parquet",
            "#   target: y_true",
            "#   mature_after: 3d",
        ]
    excluded = ", ".join(_quoted(c.name) for c in columns if c.unique and c.kind == "text" and c != roles.id)
    truth = "" if roles.prediction or not roles.truth else _quoted(roles.truth.name)
    exclude = ", ".join(part for part in (excluded, truth) if part)
    lines.append(f"features: {{auto: true{f', exclude: [{exclude}]' if exclude else ''}}}")
    lines += _reference(days)
    lines += ["checks:", "  - {metric: rows, below: 1}"]
    if days:
        lines.append("  - {metric: drift_share, above: 0.5}")
    return "\n".join(lines) + "\n"


def _place(place: Mapping[str, str]) -> list[str]:
    if "parquet" in place:
        return [f"  parquet: {_quoted(place['parquet'])}"]
    return [f"  sql: {{url: {_quoted(place['url'])}, table: {_quoted(place['table'])}}}"]


def _optional(column: Column | None, key: str, comment: str) -> list[str]:
    if column is None:
        return [f"  # {key}: ...                   # {comment}"] if comment else []
    return [f"  {key}: {_quoted(column.name)}"]


def _positive(roles: Roles) -> list[str]:
    classes = roles.prediction.classes if roles.prediction else ()
    if roles.kind != "classification" or len(classes) != 2 or set(classes) == {"0", "1"}:
        return []
    return [f"  positive: {_quoted(classes[1])}               # the class that is looked for; is it {classes[0]!r}?"]


def _reference(days: Sequence[date]) -> list[str]:
    if len(days) < FEWEST_REFERENCE_DAYS:
        return ["reference: {trailing: 28d}    # or {parquet: ...}, or {days: first..last}"]
    last = days[len(days) // 2 - 1]
    return [f"reference: {{days: {days[0]}..{last}}}   # the first half; better rows that the model was not fitted on"]


def _quoted(text: str) -> str:
    """A text as YAML, in quotes unless it is a plain word or path that every reader takes for a text."""
    plain = re.fullmatch(r"[^\W\d][\w./-]*", text) and text.lower() not in RESERVED
    return text if plain else yaml.dump(text, default_style='"', allow_unicode=True, width=math.inf).strip()


RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
