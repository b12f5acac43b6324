"""What a night found broken: told in one line, recorded, and never a reason to lose what is sound."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Kinds of breakage."""

    WINDOW_EMPTY = "window-empty"
    FILE_UNREADABLE = "file-unreadable"
    COLUMN_MISSING = "column-missing"
    COLUMN_NEW = "column-new"
    TYPE_CHANGED = "type-changed"
    TIME_MISSING = "time-missing"
    IDS_REPEATED = "ids-repeated"
    IDS_USED_AGAIN = "ids-used-again"
    ALL_NULL = "all-null"
    INFINITE_VALUES = "infinite-values"
    LABELS_UNREADABLE = "labels-unreadable"
    LABELS_UNKNOWN = "labels-unknown"
    CLASSES_DIFFER = "classes-differ"
    PREDICTIONS_GONE = "predictions-gone"
    NIGHTS_MISSING = "nights-missing"
    REFERENCE_UNREADABLE = "reference-unreadable"
    METRIC_FAILED = "metric-failed"
    REPORT_FAILED = "report-failed"
    PUBLISH_FAILED = "publish-failed"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One breakage.

    Attributes
    ----------
    code : Code
    subject : str
        The column, file or metric that it is about; empty for the window as a whole.
    message : str
        What, where, and what would be right.
    """

    code: Code
    subject: str
    message: str
