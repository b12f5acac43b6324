"""Drift: how far a window has moved away from its reference.

`lamplighter.evidently` measures it and shows it; both meet in a list of `ColumnDrift`.
"""

from lamplighter.core.drift.result import Checks, ColumnDrift, Quality, most_drifted_first

__all__ = ["Checks", "ColumnDrift", "Quality", "most_drifted_first"]
