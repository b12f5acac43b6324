"""The summary of a run as Markdown: every number is read from the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.words import fails_text, value_text
from lamplighter.core.drift import most_drifted_first
from lamplighter.core.markup import markdown
from lamplighter.core.numbers import number_text, range_text
from lamplighter.core.records.catalogue import ARRIVAL_METRICS, LABEL_METRICS, QUALITY_METRICS
from lamplighter.core.records.measurement import Measurement
from storage.history.query import Filter, measurements_of
from tasks.stages.outcome import Outcome

SEGMENTS_SHOWN = 12
"""Segments of a column, the largest first; the history has them all."""

SEGMENT_METRICS = 3
"""Metrics of segments where no check names one: as many as a phone's width holds beside the segment and its rows."""

COUNTS = {"rows", "repeated_ratio", "columns_missing", "columns_new", "types_changed", *LABEL_METRICS, *ARRIVAL_METRICS}
"""Metrics that a window without a usable value has, too."""

VERDICTS = {Verdict.FAILED: 0, Verdict.UNDECIDED: 1, Verdict.PASSED: 2}
"""The order in which a reader wants them."""


Row = Sequence[str]


def summary(outcome: Outcome, report: str = "") -> str:
    r"""What was read, decided, sent, found and measured, by urgency.

    Parameters
    ----------
    outcome : Outcome
    report : str
        A line of Markdown that says where the report is.

    Examples
    --------
    >>> print(*summary(outcome).splitlines()[:3], sep="\n")
    # churn, 2026-03-11
    <BLANKLINE>
    300 predictions were read, 0% of them with their truth.
    """
    context = outcome.context
    own = measured(outcome)
    lines = [f"# {context.monitor.model}, {context.window.label}", "", *_read(own), "", report, "", "## Checks", ""]
    checks = [_check_row(it, context.label_of(it.window_start)) for it in _by_verdict(outcome)]
    lines += [*_table(("check", "verdict", "value", "fails", "of"), checks)]
    lines += ["", "## What followed", "", *([*_followed(outcome)] or ["nothing"])]
    lines += ["", "## Findings", ""]
    lines += [f"- `{finding.code.value}` {markdown(finding.message)}" for finding in outcome.findings] or ["none"]
    lines += [*_drifted(outcome), *_quality(outcome)]
    lines += ["", f"## Measured of {context.window.label}", "", *_table(HEADINGS, map(_metric_row, own))]
    return "\n".join(lines)


def measured(outcome: Outcome) -> list[Measurement]:
    """What is recorded of the run's own window as a whole, by metric.

    Examples
    --------
    >>> [(it.metric, it.value) for it in measured(outcome)][:4]
    [('accuracy', None), ('balanced_accuracy', None), ('brier', None), ('columns_missing', 0.0)]
    """
    context = outcome.context
    recorded = measurements_of(context.history, context.window, Filter(as_of=context.known_on, segment="", version=""))
    return sorted((it for it in recorded if not it.feature and not it.klass), key=lambda it: it.metric)


def was_measured(outcome: Outcome) -> bool:
    """Whether anything is recorded of the values of the run's own window, beyond how many rows and columns it has.

    Examples
    --------
    >>> was_measured(outcome)
    True
    """
    context = outcome.context
    recorded = measurements_of(context.history, context.window, Filter(as_of=context.known_on))
    return any(it.value is not None and it.n and it.metric not in COUNTS for it in recorded)


def number(value: float | None) -> str:
    """A number as a reader wants it; empty for none.

    Examples
    --------
    >>> number(0.123456), number(28330.0), number(None)
    ('0.1235', '28,330', '')
    """
    return "" if value is None else number_text(value)


def _table(headings: Row, rows: Iterable[Row]) -> Iterator[str]:
    """A Markdown table, or `none`."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    if not body:
        yield "none"
        return
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    yield from body


HEADINGS = ("metric", "value", "95 % interval", "rows", "state")


def _metric_row(it: Measurement) -> Row:
    value = number(it.value) if it.value is not None else markdown(f"undefined: {it.reason}")
    return (markdown(it.metric), value, interval(it), f"{it.n:,}", it.state.value)


def interval(it: Measurement) -> str:
    """The bounds of the 95 % interval; empty where the metric has none.

    Examples
    --------
    >>> interval(Measurement(metric="f1", value=0.5, lower=0.4, upper=0.6))
    '0.4 to 0.6'
    >>> interval(Measurement(metric="rows", value=100.0))
    ''
    """
    return "" if it.lower is None or it.upper is None else range_text(it.lower, it.upper)


def _by_verdict(outcome: Outcome) -> list[Decision]:
    """Failed checks first; those of one verdict in the order of the monitor."""
    return sorted(outcome.decisions, key=lambda decision: VERDICTS[decision.verdict])


def _check_row(decision: Decision, window: str) -> Row:
    verdict = decision.verdict.value
    shown = verdict if decision.verdict is Verdict.PASSED else f"**{verdict}**"
    value, fails = markdown(value_text(decision)), markdown(fails_text(decision))
    return (markdown(decision.check.name), shown, value, fails, window)


def _read(own: list[Measurement]) -> Iterator[str]:
    """How many rows there were, and how much of their truth."""
    by_metric = {it.metric: it for it in own}
    if (rows := by_metric.get("rows")) and rows.value is not None:
        coverage = by_metric.get("labels_coverage")
        known = coverage is not None and coverage.value is not None
        labelled = f", {coverage.value:.0%} of them with their truth" if coverage and known else ""
        yield f"{rows.value:,.0f} predictions were read{labelled}."


def _followed(outcome: Outcome) -> Iterator[str]:
    """What came of the decisions: incidents, messages, retrainings."""
    judged, monitor = outcome.judged, outcome.context.monitor
    yield from (f"- opened the incident of {markdown(incident.check_name)}" for incident in judged.opened)
    yield from (f"- closed the incident of {markdown(incident.check_name)}" for incident in judged.closed)
    yield from (f"- notified: {markdown(title)}" for title in judged.notified)
    if (judged.opened or judged.closed) and not monitor.notify.to:
        why = "Alertmanager does" if monitor.notify.via == "alertmanager" else "`notify` names no address"
        yield f"- sent nothing: {why}"
    for entry in outcome.entries:
        yield f"- {markdown(entry.line)}"


def _drifted(outcome: Outcome) -> Iterator[str]:
    """Which features drifted, the furthest first; the table of all of them is an artifact of its own."""
    features = most_drifted_first(outcome.drift.features)
    if not features:
        return
    decided = [it for it in features if it.drifted is not None]
    drifted = [markdown(it.column) for it in decided if it.drifted]
    named = f": {', '.join(drifted)}" if drifted else ""
    yield from ("", "## Drift", "", f"{len(drifted)} of {len(decided)} compared features drifted{named}.")
    if len(decided) < len(features):
        yield f"{len(features) - len(decided)} could not be compared."


def _quality(outcome: Outcome) -> Iterator[str]:
    """Quality of the judged window, and of its segments."""
    context = outcome.context
    window = context.judged_window()
    if window is None:
        if context.monitor.labels:
            yield from ("", "## Quality", "", "No window has enough labels yet for its quality to be judged.")
        return
    recorded = measurements_of(context.history, window, Filter(as_of=context.known_on, version=""))
    known = {*QUALITY_METRICS, *(metric.name for metric in context.monitor.metrics)}
    quality = [it for it in recorded if it.metric in known and not it.klass]
    overall = [it for it in quality if not it.segment]
    yield from ("", f"## Quality of {window.label}", "", *_table(HEADINGS, map(_metric_row, overall)))
    metrics = _segment_metrics(outcome, quality)
    of_segments = sorted((it for it in quality if it.segment), key=_column)
    for column, members in groupby(of_segments, key=_column):
        yield from ("", f"### By {markdown(column)}", "", *_segments(members, metrics))


def _column(it: Measurement) -> str:
    """The column that a segment is of."""
    return it.segment.partition("=")[0]


def _segment_metrics(outcome: Outcome, quality: list[Measurement]) -> list[str]:
    """Metrics that checks name, else the first ones of the catalogue."""
    there = {it.metric for it in quality if it.segment}
    checked = [it.check.metric for it in outcome.decisions if it.check.metric in there]
    return [*dict.fromkeys(checked)] or [name for name in QUALITY_METRICS if name in there][:SEGMENT_METRICS]


def _segments(members: Iterable[Measurement], metrics: list[str]) -> Iterator[str]:
    by_segment: dict[str, dict[str, Measurement]] = {}
    for it in members:
        by_segment.setdefault(it.segment, {})[it.metric] = it
    rows = [
        (segment.partition("=")[2], max(it.n for it in found.values()), [found.get(metric) for metric in metrics])
        for segment, found in by_segment.items()
    ]
    rows.sort(key=lambda row: (-row[1], row[0]))
    body = [(markdown(value), f"{n:,}", *map(_segment_cell, found)) for value, n, found in rows[:SEGMENTS_SHOWN]]
    yield from _table(("segment", "rows", *metrics), body)
    if len(rows) > SEGMENTS_SHOWN:
        yield f"\nand {len(rows) - SEGMENTS_SHOWN} smaller ones."


def _segment_cell(it: Measurement | None) -> str:
    if it is None:
        return ""
    if it.value is None:
        return "undefined"
    bounds = interval(it)
    return f"{number(it.value)} ({bounds})" if bounds else number(it.value)
