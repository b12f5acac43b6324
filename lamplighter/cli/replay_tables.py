"""What `lamplighter replay` prints of replayed checks: sums, pages in the order of time, and marked faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.incidents import with_segment
from lamplighter.cli.table import Layout, echo_wrapped, print_table
from lamplighter.core.checks.incidents import check_of
from lamplighter.core.checks.words import limit_text
from lamplighter.core.time.window import name_of
from lamplighter.errors import shortened
from tasks.replay import Replayed, ReplayedIncident
from tasks.replay_sums import CheckSum, MarkedFault, noticed, open_before, sums_of

BOTH = "both"
"""The side of what is the same in the present checks and in the draft."""

SUMS = Layout(
    ("side", "check", "pages", "a_month", "open", "in_all", "undecided", "first", "last"),
    frozenset({"pages", "a_month", "open", "in_all", "undecided"}),
    spare=(("first",), ("last",)),
    names=("check",),
    headings={"a_month": "a month", "in_all": "in all"},
)
PAGES = Layout(
    ("page", "side", "check", "segment", "of", "value", "limit", "until"),
    frozenset({"value"}),
    spare=(("of",),),
    names=("check", "segment"),
)
MOST_NAMED = 3
"""Checks that a line about a fault names: JSON has all."""

LONGEST_REASON = 150
"""Letters of a reason that are shown: JSON has all."""


def as_dict(replayed: Mapping[str, Replayed], faults: Sequence[MarkedFault]) -> dict[str, Any]:
    """Some replays of one model, as JSON shows them."""
    any_side = next(iter(replayed.values()))
    label = _label(any_side)
    return {
        "model": any_side.monitor.model,
        "runs": len(any_side.dates),
        "first": any_side.windows[0].label,
        "last": any_side.windows[-1].label,
        "never_measured": [
            {"side": side, "check": name, "reason": reason}
            for side, it in replayed.items()
            for name, reason in it.never_measured.items()
        ],
        "checks": [row for side, it in replayed.items() for row in _sums(side, it)],
        "pages": sorted(
            (_page(side, incident, it) for side, it in replayed.items() for incident in it.incidents),
            key=lambda row: (row["page"], row["check"], row["side"]),
        ),
        "faults": [
            row for fault in faults for side, it in replayed.items() for row in [_fault(side, it, fault, label)]
        ],
    }


def show(replayed: Mapping[str, Replayed], faults: Sequence[MarkedFault]) -> None:
    """Print some replays of one model."""
    found = as_dict(replayed, faults)
    span = f"{found['runs']} runs replayed, {found['first']} to {found['last']}"
    echo_wrapped(f"{found['model']}: {span}; this command records and sends nothing")
    click.echo("pages are incidents that open; whether a check was muted is not looked at\n")
    print_table([_as_sum(row) for row in _together(found["checks"])], SUMS)
    for line in _notes(found):
        echo_wrapped(line)
    pages = _together(found["pages"])
    click.echo("\npages" if pages else "\nno check would have sent a page")
    if pages:
        print_table(pages, PAGES)
    if found["faults"]:
        click.echo("\nmarked faults")
        for line in _fault_lines(_together(found["faults"])):
            echo_wrapped(line)


def _sums(side: str, replayed: Replayed) -> Iterator[dict[str, Any]]:
    label = _label(replayed)
    for it in sums_of(replayed):
        yield {
            "side": side,
            "check": it.name,
            "pages": it.pages,
            "a_month": None if it.a_month is None else round(it.a_month, 2),
            "open": it.median_open,
            "in_all": sum(it.open_windows),
            "windows": len({window.start for window in replayed.windows}),
            "decided": it.decided,
            "undecided": _undecided(it),
            "first": it.first and label(it.first),
            "last": it.last and label(it.last),
        }


def _undecided(it: CheckSum) -> list[dict[str, Any]]:
    return [
        {"cause": of.cause, "runs": of.runs, "first": of.first.label, "last": of.last.label, "reason": of.reason}
        for of in it.undecided
    ]


def _page(side: str, incident: ReplayedIncident, replayed: Replayed) -> dict[str, Any]:
    label, decision = _label(replayed), incident.decision
    limit = decision.limit if decision else None
    return {
        "page": label(incident.opened_on),
        "side": side,
        **with_segment({"check": incident.check_name}),
        "severity": incident.severity,
        "of": label(incident.window_start) if incident.window_start else None,
        "value": decision.value if decision else None,
        "low": limit.low if limit else None,
        "high": limit.high if limit else None,
        "limit": limit_text(decision.check, decision.limit) if decision and decision.value is not None else "",
        "compared": decision.compared if decision else "",
        "reason": decision.reason if decision else "",
        "until": label(incident.closed_on) if incident.closed_on else "still open",
        "ending": incident.ending,
    }


def _fault(side: str, replayed: Replayed, fault: MarkedFault, label: Any) -> dict[str, Any]:
    found = noticed(replayed, fault)
    return {
        "fault": fault.text,
        "side": side,
        "first": str(fault.first),
        "last": str(fault.last),
        "name": fault.name,
        "runs": sum(fault.first <= window.last_day and window.day <= fault.last for window in replayed.windows),
        "noticed": [
            {"check": it.check_name, "page": label(it.opened_on), "windows": it.windows} for it in found
        ],
        "open_before": open_before(replayed, fault),
    }  # fmt: skip


def _label(replayed: Replayed) -> Any:
    zone, grain = ZoneInfo(replayed.monitor.timezone), replayed.monitor.every
    return lambda instant: name_of(instant, zone, grain)


def _together(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows, those that are the same on both sides once."""
    seen: dict[str, dict[str, Any]] = {}
    for row in rows:
        key = repr({name: value for name, value in row.items() if name != "side"})
        seen[key] = {**row, "side": BOTH} if key in seen else dict(row)
    found = [*seen.values()]
    return found if len({row["side"] for row in rows}) > 1 else [{**row, "side": ""} for row in found]


def _as_sum(row: Mapping[str, Any]) -> dict[str, Any]:
    is_of_check = row["check"] == check_of(row["check"])
    runs = sum(of["runs"] for of in row["undecided"]) if is_of_check else 0
    return {**row, "open": row["open"] if row["pages"] else "", "in_all": row["in_all"] or "", "undecided": runs or ""}


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    """What keeps a small number of pages from being good news, the same of several checks in one line."""
    for row in _together(found["never_measured"]):
        yield f"{row['side']} {row['check']}: {row['reason']}".strip()
    silent = {row["check"] for row in found["never_measured"]}
    same: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    for row in _together(found["checks"]):
        if row["check"] not in silent and row["check"] == check_of(row["check"]):
            for of in row["undecided"]:
                key = (row["side"], of["cause"], of["runs"], of["first"], of["last"], of["reason"])
                same.setdefault(key, []).append((row["check"], of["reason"]))
    for (side, _, runs, first, last, _), checks in same.items():
        named, reason = ", ".join(name for name, _ in checks), shortened(checks[-1][1], LONGEST_REASON)
        many = "1 run" if runs == 1 else f"{runs} runs"
        days = first if first == last else f"{first} to {last}"
        yield f"{side} {named} undecided in {many}, {days}; in the last: {reason}".strip()


def _fault_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Whether each side noticed each marked fault, after how long, and by which checks."""
    for row in rows:
        side = f"{row['side']}: " if row["side"] else ""
        if row["noticed"]:
            windows = row["noticed"][0]["windows"]
            after = "1 window" if windows == 1 else f"{windows} windows"
            by = _some(f"{it['check']} ({it['page']})" for it in row["noticed"])
            found = f"noticed after {after} by {by}"
        elif not row["runs"]:
            found = "no run of these days was replayed"
        else:
            found = "not noticed"
            found += f"; open before it: {_some(row['open_before'])}" if row["open_before"] else ""
        yield f"{row['fault']}: {side}{found}"


def _some(names: Iterable[str]) -> str:
    """A few names, and how many more there are."""
    first, more = [*names], 0
    if len(first) > MOST_NAMED:
        first, more = first[:MOST_NAMED], len(first) - MOST_NAMED
    return f"{', '.join(first)} and {more} more" if more else ", ".join(first)
