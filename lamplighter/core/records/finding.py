"""What a run found broken: reported in one line, recorded, and never a reason to lose what is sound."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lamplighter.errors import visible


class Code(StrEnum):
    """Kinds of breakage."""

    WINDOW_EMPTY = "window-empty"
    FILE_UNREADABLE = "file-unreadable"
    COLUMN_MISSING = "column-missing"
    COLUMN_NEW = "column-new"
    TYPE_CHANGED = "type-changed"
    TIME_MISSING = "time-missing"
    IDS_MISSING = "ids-missing"
    IDS_REPEATED = "ids-repeated"
    ROWS_REPEATED = "rows-repeated"
    IDS_USED_AGAIN = "ids-used-again"
    ALL_NULL = "all-null"
    INFINITE_VALUES = "infinite-values"
    LABELS_UNREADABLE = "labels-unreadable"
    LABELS_UNKNOWN = "labels-unknown"
    CLASSES_DIFFER = "classes-differ"
    CLASSES_ODD = "classes-odd"
    LISTS_UNREADABLE = "lists-unreadable"
    TEXTS_UNREADABLE = "texts-unreadable"
    BOXES_ODD = "boxes-odd"
    LABELS_UNUSABLE = "labels-unusable"
    NUMBERS_ODD = "numbers-odd"
    SCORES_OUTSIDE = "scores-outside"
    PREDICTIONS_GONE = "predictions-gone"
    RUNS_MISSING = "runs-missing"
    REFERENCE_UNREADABLE = "reference-unreadable"
    METRIC_FAILED = "metric-failed"
    REPORT_FAILED = "report-failed"
    PUBLISH_FAILED = "publish-failed"
    NOTIFY_FAILED = "notify-failed"
    CHAMPION_UNWRITTEN = "champion-unwritten"
    FEED_FROZEN = "feed-frozen"
    SCALE_CHANGED = "scale-changed"
    VALUES_CHANGED = "values-changed"
    NULLS_RISEN = "nulls-risen"
    WINDOW_REPEATED = "window-repeated"
    LABELS_FOREIGN = "labels-foreign"
    LABELS_EARLY = "labels-early"
    LABELS_FUTURE = "labels-future"
    LABELS_ONE_CLASS = "labels-one-class"
    LABELS_RECODED = "labels-recoded"
    LABELS_CONTRADICTORY = "labels-contradictory"
    LABELS_AMBIGUOUS = "labels-ambiguous"
    RUNS_OF_THE_FUTURE = "runs-of-the-future"
    PATH_DIFFERS = "path-differs"
    IMAGES_UNMEASURED = "images-unmeasured"
    IMAGES_MISSING = "images-missing"
    IMAGES_OUTSIDE = "images-outside"
    IMAGES_UNREADABLE = "images-unreadable"
    IMAGES_ODD = "images-odd"
    IMAGES_REPEATED = "images-repeated"
    IMAGES_COVERED = "images-covered"
    RECALL_FELL = "recall-fell"
    RECALL_UNREAD = "recall-unread"


INPUT_BREAKS = frozenset(
    {
        Code.WINDOW_EMPTY,
        Code.FILE_UNREADABLE,
        Code.COLUMN_MISSING,
        Code.TYPE_CHANGED,
        Code.IDS_REPEATED,
        Code.ALL_NULL,
        Code.FEED_FROZEN,
        Code.SCALE_CHANGED,
        Code.VALUES_CHANGED,
        Code.NULLS_RISEN,
        Code.WINDOW_REPEATED,
    }
)
"""Breaks of what a model saw: drift and quality of the window show the break and not the model."""

COMPARED = frozenset({Code.FEED_FROZEN, Code.SCALE_CHANGED, Code.VALUES_CHANGED, Code.NULLS_RISEN})
"""Breaks of a column that are found by holding it against the sound windows before; they last until it is like those,
or until a person accepts what it is now."""

STATES = COMPARED | {Code.COLUMN_MISSING, Code.TYPE_CHANGED, Code.ALL_NULL}
"""Breaks of a column that may be what it is from now on; once a person accepts that, the past is of another state."""

OF_WINDOWS = frozenset({Code.WINDOW_EMPTY, Code.FILE_UNREADABLE, Code.WINDOW_REPEATED})
"""Breaks of a window as a whole: nothing is held against it."""

LABEL_BREAKS = frozenset(
    {
        Code.LABELS_UNREADABLE,
        Code.LABELS_FOREIGN,
        Code.LABELS_EARLY,
        Code.LABELS_FUTURE,
        Code.LABELS_ONE_CLASS,
        Code.LABELS_RECODED,
        Code.LABELS_CONTRADICTORY,
        Code.IDS_USED_AGAIN,
        Code.CLASSES_DIFFER,
    }
)
"""Breaks of the truth: quality would show the break, not the model."""

DATA_FAULTS = INPUT_BREAKS | LABEL_BREAKS | {Code.REFERENCE_UNREADABLE, Code.IMAGES_UNMEASURED}
"""What the check on broken data counts. Other findings are reported and break nothing that is measured."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One breakage.

    Attributes
    ----------
    code : Code
    subject : str
        The column, file or metric that it is about; empty for the window as a whole.
    message : str
        What, where, and what would be right. It does not name its model: where a message is shown and
        that is not evident, the model stands in front.
    """

    code: Code
    subject: str
    message: str

    def __post_init__(self) -> None:
        # It names columns and values of a user's data, and a terminal obeys what it is sent.
        object.__setattr__(self, "message", visible(self.message))
