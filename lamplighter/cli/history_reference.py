"""What `lamplighter history MODEL --reference` shows: what the reference measures, which checks compare with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lamplighter.cli.history_filter import PARTS, check_names, filter_of
from lamplighter.cli.table import Layout
from lamplighter.core.counts import counted
from lamplighter.core.time.window import name_of

if TYPE_CHECKING:
    from storage.history import History
    from storage.history.query import Filter

LAYOUT = Layout(
    ("metric", "segment", "version", "feature", "class", "value", "n", "lower", "upper", "known_on", "reason"),
    frozenset({"value", "n", "lower", "upper"}),
    spare=(("known_on",), ("lower", "upper"), ("n",), ("version",)),
    text="reason",
    names=("segment", "feature", "class"),
)


def shown_values(
    history: History, run: Mapping[str, Any], wanted: Mapping[str, Any], span: Filter, *, is_whole: bool
) -> tuple[str, list[dict[str, Any]]]:
    """A title, and the values that are asked for, as they are known or were known on a day.

    Parameters
    ----------
    is_whole : bool
        Whether all are shown where none are chosen; else those of all rows, and of classes their shares.

    Examples
    --------
    >>> from storage.history.query import EVERYTHING
    >>> run, wanted = {"model": "churn", "timezone": "UTC", "grain": "1d"}, dict.fromkeys(PARTS)
    >>> title, rows = shown_values(history, run, wanted, EVERYTHING, is_whole=False)
    >>> title, [(row["metric"], row["class"], row["value"]) for row in rows if not row["feature"]][:2]
    ('churn reference', [('null_prediction_ratio', '', 0.0), ('prediction_share', '0', 0.6256)])
    """
    from storage.history.reference_values import reference_rows

    asked, zone = filter_of(wanted, span), ZoneInfo(run["timezone"])
    equal = {
        "metric": asked.metric,
        "segment": asked.segment,
        "version": asked.version,
        "feature": asked.feature,
        "class": asked.klass,
    }
    rows = [
        {name: name_of(row[name], zone, run["grain"]) if name == "known_on" else row[name] for name in LAYOUT.columns}
        for row in reference_rows(history, run["model"], span.as_of)
        if all(value is None or row[name] == value for name, value in equal.items())
        and (asked.column is None or row["segment"].startswith(f"{asked.column}="))
    ]
    title, is_chosen = f"{run['model']} reference", any(wanted[name] is not None for name in PARTS)
    if not rows and is_chosen:
        check_names(history, run["model"], wanted)
    if is_whole or is_chosen:
        return title, rows
    totals = [row for row in rows if _is_total(row)]
    left_out = len(rows) - len(totals)
    return f"{title}, totals; --all shows {counted(left_out, 'more value')}" if left_out else title, totals


def _is_total(row: Mapping[str, Any]) -> bool:
    is_of_class = bool(row["class"]) and row["metric"] != "prediction_share"
    return not (row["segment"] or row["version"] or is_of_class)
