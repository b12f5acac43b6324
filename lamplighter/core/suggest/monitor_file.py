"""The text of a first monitor file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import yaml

from lamplighter.core.kinds import KINDS
from lamplighter.core.numbers import number_text
from lamplighter.core.records.catalogue import METRICS
from lamplighter.core.suggest.columns import Column
from lamplighter.core.suggest.explained import commented, explained, shown_name
from lamplighter.core.suggest.label_table import LabelTable
from lamplighter.core.suggest.roles import Roles

FEWEST_REFERENCE_DAYS = 4
RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
MOST_SIGNS = 80
MOST_SUGGESTED = 3
"""Tables of labels that are suggested in comments."""


@dataclass(frozen=True)
class Suggestion:
    """A monitor file, and what it does not watch.

    Attributes
    ----------
    text : str
    missing : list of (int, str)
        What is not monitored: the line of the text to be completed, and what to write there.
    """

    text: str
    missing: list[tuple[int, str]]


def suggest(
    model: str,
    place: Mapping[str, str],
    roles: Roles,
    days: Sequence[date],
    *,
    timezone: str = "UTC",
    tables: Sequence[LabelTable] = (),
) -> Suggestion:
    """A commented monitor file.

    Parameters
    ----------
    model : str
    place : mapping of str to str
        ``parquet``, or ``url`` and ``table``.
    roles : Roles
    days : sequence of date
        Days that have rows, in order; the first half becomes the reference.
    timezone : str
        In which a day is a day.
    tables : sequence of LabelTable
        Tables that may hold the labels; the first is written down where it is plain.

    Examples
    --------
    >>> from lamplighter.core.suggest.roles import roles_of
    >>> roles = roles_of([Column("at", "time"), Column("amount", "number"), Column("prediction", "number")])
    >>> text = suggest("price", {"parquet": "log/*.parquet"}, roles, [date(2026, 3, 1)]).text
    >>> [line for line in text.splitlines() if line.startswith(("model", "  parquet", "  time"))]
    ['model: price', '  parquet: "log/*.parquet"', '  time: at']
    """
    lines = [
        f"# Written by `lamplighter init` from {len(roles.columns)} columns. What each was taken for:",
        "#",
        *commented(explained(roles)),
        "#",
        "# Read it, correct what is wrong, then `lamplighter validate`.",
        f"model: {quoted(model)}",
        f"kind: {roles.kind}  # {' | '.join(name for name, kind in KINDS.items() if kind.is_measured)}",
        "every: 1d                     # 1h | 1d | 1w | 1mo",
        f"timezone: {timezone}          # a day is a local day of this zone",
        "predictions:",
        *_place(place),
        f"  time: {quoted(roles.time.name)}",
    ]
    if not roles.time.has_zone:
        lines.append("  timezone: UTC               # the timestamps carry no zone; say theirs")
    lines += _unit(roles.time)
    lines += _optional(roles.id, "id", "labels are joined on it")
    lines += _optional(roles.prediction, "prediction", "column of what the model answered")
    lines += _scores(roles)
    lines += _optional(roles.version, "version", "")
    if roles.positive is not None:
        lines.append(f"  positive: {quoted(roles.positive)}               # the class that is looked for")
    lines += _labels(roles, tables)
    lines += _features(roles)
    lines += _reference(days)
    lines += ["checks:", "  - {metric: rows, below: 1}"]
    if days and _has_features(roles):
        lines.append("  - {metric: drift_share, above: 0.5}")
    lines += _quality(roles, any(line == "labels:" for line in lines))
    return Suggestion("\n".join(lines) + "\n", [*_missing(lines, roles)])


def _place(place: Mapping[str, str]) -> list[str]:
    if "parquet" in place:
        return [f"  parquet: {quoted(place['parquet'])}"]
    return [f"  sql: {{url: {quoted(place['url'])}, table: {quoted(place['table'])}}}"]


def _unit(time: Column) -> list[str]:
    return [f"  time_unit: {time.unit}               # the times are numbers since 1970"] if time.unit else []


def _optional(column: Column | None, key: str, comment: str) -> list[str]:
    if column is None:
        return [f"  # {key}: ...                   # {comment}"] if comment else []
    return [f"  {key}: {quoted(column.name)}"]


def _scores(roles: Roles) -> list[str]:
    if not roles.scores:
        return _optional(roles.score, "score", "column of how sure it was, from 0 to 1")
    pairs = [f"{quoted(klass)}: {quoted(column.name)}" for klass, column in roles.scores.items()]
    line = f"  score: {{{', '.join(pairs)}}}"
    return [line] if len(line) <= MOST_SIGNS else ["  score:", *(f"    {pair}" for pair in pairs)]


def _maturity(delay: timedelta | None) -> str:
    """How long labels may take, as they took so far; empty where that is not known."""
    if delay is None:
        return ""
    days = delay / timedelta(days=1)
    return f"  mature_after: {math.ceil(days)}d            # 95 % of the labels came within {days:.1f} days"


def _labels(roles: Roles, tables: Sequence[LabelTable]) -> list[str]:
    mature = "  mature_after: 3d            # how long labels may take"
    if roles.truth and roles.prediction:
        same_row = "  same_row: true              # or parquet: / sql: of another table, with id"
        return ["labels:", same_row, f"  target: {quoted(roles.truth.name)}", mature]
    chosen = next((table for table in tables[:1] if table.is_plain and roles.prediction and roles.id), None)
    if chosen:
        more = f"  # {chosen.met} of its labels met a prediction that was looked at"
        return ["labels:", *_table_of(chosen, roles), _maturity(chosen.delay) or mature, more]
    if not tables:
        head = "# labels:                     # without labels, drift and data quality alone"
        return [head, "#   parquet: labels/day={day}/*.parquet", "#   target: y_true", "#   mature_after: 3d"]
    lines = []
    for table in tables[:MOST_SUGGESTED]:
        which = f"; which of {', '.join(map(shown_name, table.candidates[:4]))}?" if table.candidates else ""
        lines.append(f"# labels:                     # {shown_name(table.name)} shares the id{which}")
        lines += [f"# {line}" for line in _table_of(table, roles)]
        lines.append("#   mature_after: 3d")
    return lines


def _table_of(table: LabelTable, roles: Roles) -> Iterator[str]:
    yield from _place(table.place)
    if roles.id is None or table.id != roles.id.name:
        yield f"  id: {quoted(table.id)}"
    yield f"  target: {quoted(table.target.name if table.target else table.candidates[0])}"
    if table.time:
        yield f"  time: {quoted(table.time.name)}"
        if not table.time.has_zone:
            yield "  timezone: UTC               # the timestamps carry no zone; say theirs"
        yield from _unit(table.time)


def _quality(roles: Roles, is_labelled: bool) -> list[str]:
    """A check of quality to be completed: what is good enough, no data say."""
    if not is_labelled:
        return []
    metric = KINDS[roles.kind].shown[-1]
    side = "below" if METRICS[metric].better == "higher" else "above"
    seen = f"{roles.level[0]} was {number_text(roles.level[1], 3)} in the rows looked at; " if roles.level else ""
    return [f"  # {seen}say what is good enough:", f"  # - {{metric: {metric}, {side}: ...}}"]


def _has_features(roles: Roles) -> bool:
    return any(roles.taken_for(column.name) == "feature" for column in roles.columns)


def _features(roles: Roles) -> list[str]:
    """All columns that are left, but for those that were left out by name; other types go by themselves."""
    if not _has_features(roles):
        return ["# features: {auto: true}      # no column is plainly one; name them"]
    # What stands in paths alone is a feature where it is named.
    named = [c.name for c in roles.columns if c.in_path and roles.taken_for(c.name) == "feature"]
    held = {column.name: "" if column.in_path else column.kind for column in roles.columns}
    out = [_literal(name) for name in roles.left_out if held[name] in ("number", "boolean", "text")]
    # A truth that nothing is compared with has no role in the file, and must not become a feature there.
    out += [_literal(roles.truth.name)] if roles.truth and not roles.prediction else []
    options = {"categorical": [*dict.fromkeys([*map(_literal, roles.codes), *named])], "exclude": out}
    parts = [f"{key}: [{', '.join(map(quoted, names))}]" for key, names in options.items() if names]
    line = f"features: {{{', '.join(['auto: true', *parts])}}}"
    if len(line) <= MOST_SIGNS:
        return [line]
    lines = ["features:", "  auto: true"]
    for key, names in options.items():
        lines += [f"  {key}:", *(f"    - {quoted(name)}" for name in names)] if names else []
    return lines


def _literal(name: str) -> str:
    """A column's name where a pattern may stand: signs of patterns, and of variables, stand for themselves.

    Examples
    --------
    >>> _literal("price[usd]"), _literal("${x}"), _literal("price")
    ('price[[]usd]', '$[{]x}', 'price')
    """
    escaped = re.sub(r"([*?[])", r"[\1]", name)
    return escaped.replace("${", "$[{]")


def _reference(days: Sequence[date]) -> list[str]:
    if len(days) < FEWEST_REFERENCE_DAYS:
        return ["reference: {trailing: 28d}    # or {parquet: ...}, or {days: first..last}"]
    last = days[len(days) // 2 - 1]
    better = "# The first half of the days; rows that the model was not fitted on are better."
    return [better, f"reference: {{days: {days[0]}..{last}}}"]


def _missing(lines: Sequence[str], roles: Roles) -> Iterator[tuple[int, str]]:
    """What of answers and truth the file does not watch, and on which of its lines to add it."""
    if roles.prediction is None:
        yield _line(lines, "  # prediction:"), "the model's answer is not monitored; write `prediction: COLUMN`"
    if (line := _line(lines, "# labels:")) and roles.prediction is None:
        yield line, "quality is not monitored; it needs prediction, and then labels"
    elif line:
        yield line, "quality is not monitored; write `labels:` with the table or column of the truth"
    if line and roles.id is None:
        yield _line(lines, "  # id:"), "labels of another table could not be joined; write `id: COLUMN`"


def _line(lines: Sequence[str], start: str) -> int:
    return next((i for i, line in enumerate(lines, 1) if line.startswith(start)), 0)


def quoted(text: str) -> str:
    """A text as YAML, in quotes unless it is a plain word or path that every reader takes for a text.

    Examples
    --------
    >>> quoted("amount"), quoted("2026"), quoted("no")
    ('amount', '"2026"', '"no"')
    """
    plain = re.fullmatch(r"[^\W\d][\w./-]*", text) and text.lower() not in RESERVED
    return (
        text if plain else yaml.dump(text, default_style='"', allow_unicode=text.isprintable(), width=math.inf).strip()
    )
