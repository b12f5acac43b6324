"""What `lamplighter status` says in words: a metric, a state, and the lines below the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamplighter.cli.table import cell
from lamplighter.core.numbers import number_text

NEVER, NO_MONITOR = "never run", "no monitor here"
"""Of the second the history knows: it was retired, or another project that shares the history has its monitor."""

BROKEN = {"failed": "run failed", "interrupted": "run interrupted"}
"""How a run is called that came to no end."""

MOST_FINDINGS = 5
"""Findings of a model that get a line each."""


def troubles(row: Mapping[str, Any]) -> Iterator[str]:
    r"""Each thing that is wrong with a model, in a line.

    Examples
    --------
    >>> from lamplighter.cli.status_states import states_of
    >>> print(*troubles(states_of(project)[0]), sep="\n")
    data failed: 1 in 2026-03-11, limit above 0; open since 2026-03-12
    drift_share-above undecided: not judged while the data are broken: scale-changed amount
    column 'amount' is about 88.2 times what it was in the 7 windows before: mostly between 510.3 and 6,536, and before
     mostly between 5.613 and 67.7; which unit is it in?
    """
    from lamplighter.core.checks.incidents import undecided_name

    if row["fault"]:
        yield f"its monitor cannot be read: {cell(row['fault'])}"
    if row["future_until"]:
        what = f"the history holds runs of the future, up to {row['future_until']}, which hide the present"
        yield f"{what}; if a clock was wrong, remove them by `lamplighter prune {row['model']}`"
    if row["status"] in BROKEN:
        message = f": {cell(row['message'])}" if row["message"] else ""
        yield f"run {row['status']}{message}"
    since = {incident["check"]: incident["opened"] for incident in row["incidents"]}
    for check in row["checks"]:
        name = check["check"]
        if check["verdict"] == "failed":
            text = f"{name} failed: {cell(check['value'])} in {check['window']}, limit {cell(check['limit'])}"
            text += f", {cell(check['compared'])}" if check["compared"] else ""
        elif name in row["undecided"]:
            text = f"{name} undecided: {cell(check['reason'])}"
        elif check["verdict"] == "passed" and name in since:
            text = f"{name} {cell(check['reason'])}"
        else:
            continue
        opened = since.pop(name, None) or since.pop(undecided_name(name), None)
        yield f"{text}; open since {opened}" if opened else text
    if since:
        yield f"open incidents whose check was not decided in the newest run: {', '.join(since)}"
    # What a run of the future missed is not missing: it says to back-fill days to come.
    if row["status"] == "findings" and not row["future_until"]:
        for finding in row["findings"][:MOST_FINDINGS]:
            yield cell(finding)
        if more := row["findings"][MOST_FINDINGS:]:
            yield f"{len(more)} more findings; `lamplighter history {row['model']} --findings` shows all"
        # Of the run alone, such as gauges and reports that failed, or of earlier windows.
        yield from map(cell, row["unrecorded"][:MOST_FINDINGS])
        if more := row["unrecorded"][MOST_FINDINGS:]:
            yield f"{len(more)} more findings of the run or of earlier windows"
        if not (row["findings"] or row["unrecorded"] or row["undecided"]):
            # A run of a version before 0007 kept its message alone.
            yield cell(row["message"])


def measured_text(row: Mapping[str, Any]) -> str:
    """A metric with its interval, as short as its bounds differ.

    Examples
    --------
    >>> measured_text({"metric": "f1", "value": 0.41234, "lower": 0.3812, "upper": 0.4449})
    'f1 0.412 [0.38, 0.44]'
    >>> measured_text({"metric": "mae", "value": 1234.5, "lower": 1233.1, "upper": 1236.2})
    'mae 1,234 [1,233, 1,236]'
    """
    if row["metric"] is None or row["value"] is None:
        return ""
    value = number_text(row["value"], 3)
    if row["lower"] is None or row["upper"] is None:
        return f"{row['metric']} {value}"
    for digits in range(2, 6):
        bounds = [number_text(row[name], digits) for name in ("lower", "upper")]
        if bounds[0] != bounds[1]:
            break
    return f"{row['metric']} {value} [{bounds[0]}, {bounds[1]}]"


def state_text(row: Mapping[str, Any]) -> str:
    """What is wrong with a model, in a few words, the worst first; `ok` where nothing is.

    Examples
    --------
    >>> from lamplighter.cli.status_states import states_of
    >>> state_text(states_of(project)[0])
    '1 failed, 1 undecided'
    """
    status = row["status"]
    if status in (NEVER, NO_MONITOR):
        return str(status)
    parts = ["monitor broken"] if row["fault"] else []
    parts += ["runs of the future"] if row["future_until"] else []
    if status in BROKEN:
        # What the checks came to is of the run before it.
        return ", ".join([BROKEN[status], *parts])
    parts += [f"{len(row[name])} {name}" for name in ("failed", "undecided") if row[name]]
    return ", ".join(parts) or ("ok" if status == "succeeded" else status)
