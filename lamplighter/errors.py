"""What can go wrong, as one tree.

::

    LamplighterError            one clear line for a person: what, where, and what would be right
    ├── MonitorError            a monitor file or a setting says something that cannot be meant
    ├── SourceError             predictions or labels cannot be read
    │   └── ColumnError         a column is missing, or is of the wrong type
    ├── HistoryError            the history cannot be reached, or is of another version
    ├── ReportError             a report cannot be made or written
    ├── PublishError            gauges cannot be written or pushed
    └── BusyError               another night of the same model is running
"""

from __future__ import annotations


class LamplighterError(Exception):
    """A mistake or a fault that a person can act on; its text is one line."""


class MonitorError(LamplighterError):
    """A monitor file or a setting says something that cannot be meant."""


class SourceError(LamplighterError):
    """Predictions or labels cannot be read."""


class ColumnError(SourceError):
    """A column is missing, or is of the wrong type."""


class HistoryError(LamplighterError):
    """The history cannot be reached, or is of another version."""


class ReportError(LamplighterError):
    """A report cannot be made or written."""


class PublishError(LamplighterError):
    """Gauges cannot be written or pushed."""


class BusyError(LamplighterError):
    """Another night of the same model is running."""
