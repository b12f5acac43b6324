"""Drift: how far a window has moved away from its reference, and the report of it.

Measuring (`measure`) and showing (`report`) meet in a list of `ColumnDrift`, so either can be replaced alone. Quality
is measured elsewhere, and shown as it is recorded.
"""

from lamplighter.core.drift.evidently_measure import measure
from lamplighter.core.drift.evidently_report import report
from lamplighter.core.drift.result import Checks, ColumnDrift, Kind, Quality, most_drifted_first

__all__ = ["Checks", "ColumnDrift", "Kind", "Quality", "measure", "most_drifted_first", "report"]
