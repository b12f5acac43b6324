"""Days of June, and the monitor of the loop with limits that sound days keep to."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from flows.run_windows import run_windows, windows_between
from storage.project.folder import Project

FIRST, EVE, LAST = dt.date(2013, 6, 9), dt.date(2013, 6, 18), dt.date(2013, 6, 24)
FLIGHTS = Path(__file__).parents[3] / "examples" / "flights"

LIMITS = """
  - {metric: roc_auc, below: 0.58}
  - {metric: f1, below: 0.14}
  - {name: inputs, metric: drift_share, above: 0.76}
  - {name: distances, metric: drift_statistic, feature: distance, above: 0.1}
  - {name: coverage, metric: labels_coverage, below: 0.8}
"""
"""Limits that sound days keep to, as a test shows; kilometres and shifted labels would cross them."""


def monitor() -> str:
    """The monitor of the loop, with these limits."""
    text = (FLIGHTS / "monitors" / "flight-loop.yaml").read_text()
    begin, end = text.index("checks:"), text.index("retrain:")
    text = f"{text[:begin]}checks:{LIMITS}{text[end:]}"
    return text.replace("on: [roc_auc-below, f1-below]", "on: [roc_auc-below, f1-below, inputs, distances, coverage]")


def run_window(project: Project, first: dt.date, last: dt.date) -> None:
    """Run windows, with the retrainings that they request."""
    declared = project.monitor("flight-loop")
    for done in run_windows(project, declared, windows_between(declared, first, last), with_retraining=True):
        assert not done.fault, done.fault
