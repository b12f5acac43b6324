"""What is wrong with a model, in words: the lines below the table of `lamplighter status`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lamplighter.cli.table import cell

BROKEN = {"failed": "run failed", "interrupted": "run interrupted"}
"""How a run is called that came to no end."""

FOUND = "completed with findings: "
"""How the message of a run with findings begins."""

MOST_FINDINGS = 5
"""Findings of a model that get a line each."""


def troubles(row: Mapping[str, Any]) -> Iterator[str]:
    """Each thing that is wrong with a model, in a line."""
    from lamplighter.core.checks.incidents import undecided_name

    if row["fault"]:
        yield f"its monitor cannot be read: {cell(row['fault'])}"
    if row["future_until"]:
        told = f"the history holds runs of the future, up to {row['future_until']}, which hide the present"
        yield f"{told}; if a clock was wrong, remove them by `lamplighter prune {row['model']}`"
    if row["status"] in BROKEN:
        message = cell(row["message"]).removeprefix(f"{row['model']}: ")
        yield f"run {row['status']}{': ' + message if message else ''}"
    since = {incident["check"]: incident["opened"] for incident in row["incidents"]}
    for check in row["checks"]:
        name = check["check"]
        if check["verdict"] == "failed":
            value, limit = cell(check["value"]), cell(check["threshold"])
            text = f"{name} failed: {value} in {check['window']}, limit {limit}"
        elif name in row["undecided"]:
            text = f"{name} undecided: {cell(check['reason'])}"
        else:
            continue
        opened = since.pop(name, None) or since.pop(undecided_name(name), None)
        yield f"{text}; open since {opened}" if opened else text
    if since:
        yield f"open incidents whose check did not fail in the newest run, nor pass: {', '.join(since)}"
    # What a run of the future missed is not missing: it says to back-fill days to come.
    if row["status"] == "findings" and not row["future_until"]:
        for finding in row["findings"][:MOST_FINDINGS]:
            yield cell(finding)
        if more := row["findings"][MOST_FINDINGS:]:
            yield f"{len(more)} more findings; `lamplighter history {row['model']} --findings` shows all"
        if rest := _unrecorded(row):
            yield f"findings: {rest}"


def _unrecorded(row: Mapping[str, Any]) -> str:
    """What the message of a run has besides what is recorded: gauges and reports that failed, and earlier windows."""
    model, rest = row["model"], row["message"].removeprefix(FOUND)
    undecided = [f"check {name} is undecided: {reason}" for name, reason in row["undecided"].items()]
    for known in sorted([*row["findings"], *undecided], key=len, reverse=True):
        rest = rest.replace(f"{model}: {known}", "").replace(known, "")
    parts = [part.removeprefix(f"{model}: ") for part in cell(rest).split("; ")]
    return "; ".join(part for part in parts if part and not re.fullmatch(r"and \d+ more", part))
