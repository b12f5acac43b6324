"""What of the history the options of `lamplighter history` ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lamplighter.cli.day import Moment, end_of, instant_of
from lamplighter.core.hints import did_you_mean
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import HistoryError

if TYPE_CHECKING:
    from storage.history import History
    from storage.history.query import Filter

PARTS = {"metric": "metric", "segment": "segment", "feature": "feature", "version": "version", "klass": "class"}
"""The options that name a part of a measurement, and its column."""


def span_of(run: Mapping[str, Any], wanted: Mapping[str, Any]) -> Filter:
    """The windows and the knowledge that are asked for; a time means the window that it lies in.

    Examples
    --------
    >>> wanted = {"first": window.day, "last": None, "as_of": None}
    >>> span_of({"timezone": "UTC", "grain": "1d"}, wanted).since.isoformat()
    '2026-03-11T00:00:00+00:00'
    """
    from storage.history.query import Filter

    zone, grain = ZoneInfo(run["timezone"]), Grain(run["grain"])

    def start(moment: Moment) -> datetime:
        instant = instant_of(moment, zone)
        return Window.of("", grain, zone.key, instant).start if isinstance(moment, datetime) else instant

    known = wanted["as_of"]
    if isinstance(known, datetime):
        as_of: datetime | None = instant_of(known, zone)
    else:
        # The last instant of a day, so that every logical date of that day counts.
        as_of = end_of(known, zone) - timedelta(microseconds=1) if known else None
    return Filter(
        since=start(wanted["first"]) if wanted["first"] else None,
        until=end_of(wanted["last"], zone) if wanted["last"] else None,
        as_of=as_of,
    )


def filter_of(wanted: Mapping[str, Any], span: Filter) -> Filter:
    """The measurements that are asked for; a segment without a value stands for all of its column.

    Examples
    --------
    >>> from storage.history.query import EVERYTHING
    >>> wanted = dict.fromkeys(PARTS) | {"metric": "f1", "segment": "plan"}
    >>> found = filter_of(wanted, EVERYTHING)
    >>> found.metric, found.segment, found.column
    ('f1', None, 'plan')
    """
    totals, segment = _totals(wanted["metric"]), wanted["segment"]
    parts: dict[str, Any] = {name: totals.get(name) if wanted[name] is None else wanted[name] for name in PARTS}
    if segment and "=" not in segment:
        parts |= {"segment": None, "column": segment}
    return replace(span, **parts)


def _totals(metric: str | None) -> dict[str, str]:
    """What is left empty when only totals are asked for; some metrics have none over versions, classes or segments."""
    from lamplighter.core.records.catalogue import OF_CLASSES, OF_TILES, OF_VERSIONS

    if metric is None:
        return {}
    parts = {"segment", "version", "klass"}
    parts -= {"version"} if metric in OF_VERSIONS else set()
    parts -= {"klass"} if metric in OF_CLASSES else set()
    parts -= {"segment"} if metric in OF_TILES else set()
    return dict.fromkeys(parts, "")


def check_names(history: History, model: str, wanted: Mapping[str, Any]) -> None:
    """Distinguish a name that nothing is recorded under from one under which nothing fits.

    Examples
    --------
    >>> check_names(history, "churn", {"feature": "amout"})
    Traceback (most recent call last):
    ...
    lamplighter.errors.HistoryError: churn: no feature 'amout' is recorded; did you mean 'amount'? known: amount,
     churns, plan, probability
    """
    from storage.history.query import recorded_names

    for option, column in PARTS.items():
        asked = wanted.get(option)
        if not asked:
            continue
        known = recorded_names(history, model, column)
        if column == "segment":
            # A line with all values of all columns would be too long.
            name, columns = asked.partition("=")[0], dict.fromkeys(segment.partition("=")[0] for segment in known)
            if name not in columns:
                raise HistoryError(f"no segment of {name!r} is recorded", where=model, fix=did_you_mean(name, columns))
            known = [segment for segment in known if segment.startswith(f"{name}=")]
            if "=" not in asked:
                continue
        if asked not in known:
            raise HistoryError(f"no {column} {asked!r} is recorded", where=model, fix=did_you_mean(asked, known))
