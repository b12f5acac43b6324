"""What is wrong with labels as a whole: contradictions, one class only, other codes, ids used again, early dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from lamplighter.core.counts import counted
from lamplighter.core.evaluation.class_coding import Recoded, recoded
from lamplighter.core.evaluation.coverage import state_of
from lamplighter.core.evaluation.labelled import class_labels, comparable_classes
from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.monitor import Monitor
from lamplighter.core.profiles.one_class import FEWEST_LABELS, is_odd
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import State
from lamplighter.core.time.duration import format_duration
from lamplighter.core.time.window import Window
from lamplighter.core.values.key_name import key_name
from lamplighter.errors import SourceError
from storage.history.breaks import LASTING, MOMENT, Faults
from storage.history.class_counts import class_counts
from storage.labelling.join import LabelIndex, Truth
from storage.labelling.late_labels import LOOK_BACK_WINDOWS, any_predicted, early_labels, ids_used_again, predicted_ids
from storage.labelling.misdated import is_overdue, misdated_labels
from storage.sources.labels import SEPARATOR, keys, labels_arrived
from storage.sources.scan import ScanSpec
from tasks.stages.read import PendingWindow
from tasks.stages.run_context import RunContext

MANY, FEWEST = 0.05, 5
"""From which share and number of ids on their labels are joined wrongly: fewer are slips."""

PAST_WINDOWS = 14
"""Windows whose classes a window's are held against."""


def one_class_only(context: RunContext, pending: PendingWindow, truth: Truth) -> Iterator[Finding]:
    """Labels of one class in a window that has just become final, where those before it had several."""
    monitor, window = context.monitor, pending.window
    if not monitor.kind.has_classes or monitor.labels is None:
        return
    if not _is_complete(context, window):
        return
    counts = _classes_of(truth, monitor)
    past = _past(context, window)
    if is_odd(counts, past):
        (only,) = counts
        shown = "one class" if monitor.labels.target in monitor.private else f"class {only!r}"
        what = f"all {counts[only]} labels of {window.label} are of {shown}, and the windows before had several"
        yield Finding(Code.LABELS_ONE_CLASS, "", f"{what}; are they joined and coded rightly?")


Classes = tuple[Window, Counter[str]]
"""A window, and how many labels of each class it has."""


def counted_classes(context: RunContext, window: Window, truth: Truth, counted: Sequence[Classes]) -> Iterator[Classes]:
    """The classes of a window whose coding is looked at: the newest that has labels, and the one that is complete now.

    Parameters
    ----------
    counted : sequence of (Window, Counter)
        Those of newer windows.
    """
    monitor = context.monitor
    if not monitor.kind.has_classes or monitor.labels is None or len(truth.labelled) < FEWEST_LABELS:
        return
    if not counted or _is_complete(context, window):
        yield window, _classes_of(truth, monitor)


def coded_anew(context: RunContext, classes: Sequence[Classes]) -> Iterator[Finding]:
    """Labels whose classes took the place of known ones; one finding, of the newest of these windows."""
    for window, counts in classes:
        if found := recoded(counts, _past(context, window)):
            yield Finding(Code.LABELS_RECODED, "", _as_text(window, counts, found))
            return


def _as_text(window: Window, counts: Counter[str], found: Recoded) -> str:
    """What labels were and are."""
    what = f"{found.share:.0%} of the {sum(counts.values())} labels of {window.label} are of classes never seen before"
    before = f"classes ({_listed(found.gone)}) that had {found.usual:.0%} of the labels in the windows before are gone"
    return f"{what} ({_listed(found.new)}), and {before}; are they coded in another way? restore how they were coded"


MOST_SHOWN = 3


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(key_name, names[:MOST_SHOWN]))
    return shown if len(names) <= MOST_SHOWN else f"{shown} and {len(names) - MOST_SHOWN} others"


def _classes_of(truth: Truth, monitor: Monitor) -> Counter[str]:
    """How many labels each class has, named as the history names it: flags in words are those of the predictions."""
    answer = monitor.predictions.prediction
    if answer and answer in truth.labelled:
        true, _ = comparable_classes(truth.y_true, truth.labelled[answer])
    else:
        true = class_labels(truth.y_true)
    return Counter(label for label in true if label is not None)


def _is_complete(context: RunContext, window: Window) -> bool:
    """Whether a run is the first that knows all labels of a window; it looks at them as often as it is made."""
    monitor = context.monitor
    assert monitor.labels is not None
    is_new = window.after_end(monitor.labels.mature_after) >= context.window.end
    return is_new and state_of(monitor, window, context.now) is State.FINAL


def _past(context: RunContext, window: Window) -> list[Counter[str]]:
    """The labels of each class of the windows before one."""
    labels = context.monitor.labels
    assert labels is not None
    return class_counts(context.history, window, context.window, context.known_on, PAST_WINDOWS, labels.mature_after)


def contradictions(context: RunContext, specs: Sequence[ScanSpec], labels: LabelIndex) -> Iterator[Finding]:
    """Labels of one id that came at one instant and differ: their truth is unknown."""
    monitor = context.monitor
    differ, recent = labels.contradicted(context.window.start)
    if not differ.any():
        return
    predicted = np.zeros(len(labels.ids), dtype=bool)
    for where in specs:
        predicted |= predicted_ids(context.scan(where), monitor, labels)
    differ &= predicted
    count = int(differ.sum())
    if not count:
        return
    many = count >= FEWEST and count > MANY * recent
    example = "" if _is_private(monitor) else f", such as id {labels.ids[int(np.argmax(differ))]!r}"
    what = f"{counted(count, 'id has', 'ids have')} labels that contradict each other at one instant{example}"
    what = f"{what}, and {'counts' if count == 1 else 'count'} as unlabelled"
    cure = "are they joined to the right ids?" if many else "deliver one label, or a later correction"
    code = Code.LABELS_CONTRADICTORY if many else Code.LABELS_AMBIGUOUS
    yield Finding(code, "", f"{what}; {cure}")


def _is_private(monitor: Monitor) -> bool:
    labels = monitor.labels
    assert labels is not None
    return bool({*monitor.predictions.id, *labels.id} & {*monitor.private})


def used_again(context: RunContext, specs: Sequence[ScanSpec], labels: LabelIndex) -> Iterator[Finding]:
    """Ids that stand in several windows and have several labels, so that no label can be assigned."""
    if again := ids_used_again(map(context.scan, specs), context.monitor, labels):
        stand = counted(again, "id stands in several windows and has", "ids stand in several windows and have")
        cure = "add a column to predictions.id and labels.id by which they differ, such as the day"
        message = f"{stand} several labels; {cure}"
        code, subject = (Code.IDS_USED_AGAIN, "") if again >= FEWEST else (Code.LABELS_AMBIGUOUS, "ids")
        yield Finding(code, subject, message)


def wrongly_dated(
    context: RunContext, specs: Sequence[ScanSpec], labels: LabelIndex, labelled: Sequence[int]
) -> Iterator[Finding]:
    """Labels that are dated before their predictions, or after the present, so that they count for none.

    Of the newest window of which there are labels: of the newer ones none has come yet.

    Parameters
    ----------
    labelled : sequence of int
        How many rows of each window have a label. Where none has, labels of whatever date are read.
    """
    own = specs[0].window
    arrived = labels.frame["arrived"]
    during = int(((arrived >= own.start) & (arrived < own.end)).sum())
    most = max(labelled, default=0)
    # Fewer than usual are dated today: those of some days ago would not have been read.
    if (not most or 2 * during <= most) and any(context.scan(where).count for where in specs):
        first = own
        for _ in range(LOOK_BACK_WINDOWS):
            first = first.previous()
        begin, folder = min(first.start, specs[-1].window.start), context.spool / "early"
        before = labels_arrived(context.project, context.monitor, begin, context.now, folder, map(context.scan, specs))
        assert before is not None
        labels = LabelIndex.of(before, context.monitor.predictions.id)
    place = next(
        (i for i, where in enumerate(specs) if predicted_ids(context.scan(where), context.monitor, labels).any()), None
    )
    if place is not None and (found := _early(context, specs[place:], labels)):
        yield found
    elif not most:
        yield from _far_away(context, specs)


def _early(context: RunContext, specs: Sequence[ScanSpec], labels: LabelIndex) -> Finding | None:
    monitor, window = context.monitor, specs[0].window
    found = early_labels(context.project, monitor, specs, labels, context.spool, context.scans)
    if found is None:
        return None
    what = f"the labels of {counted(found.ids, 'id')} of {window.label} are dated before their predictions"
    cure = "check clock, zone and column of labels.time"
    message = f"{what}, about {_span(found.lead)} before the window; {cure}"
    return _of_dates(Code.LABELS_EARLY, "early", message, found.ids, found.rows)


def _far_away(context: RunContext, specs: Sequence[ScanSpec]) -> Iterator[Finding]:
    """Labels of a window that are dated months before it, or years after the present."""
    monitor, folder = context.monitor, context.spool / "far"
    filled = [where for where in specs if context.scan(where).count]
    if not filled:
        return
    try:
        found = misdated_labels(context.project, monitor, filled, context.now, datetime.now(UTC), folder, context.scans)
    except SourceError:
        # What cannot be read of the labels is a finding of its own, where they are joined.
        return
    if found is None or not (found.is_sure or is_overdue(monitor, filled, context.now)):
        return
    what = f"the labels of {counted(found.ids, 'id')} of {found.window.label} are dated"
    newest = f"the newest {found.newest.isoformat(timespec='minutes')}"
    when = "after the present" if found.is_future else f"before their predictions, about {_span(found.lead)} before"
    message = f"{what} {when}, {newest}; check clock, zone, unit and column of labels.time"
    code, subject = (Code.LABELS_FUTURE, "future") if found.is_future else (Code.LABELS_EARLY, "early")
    yield _of_dates(code, subject, message, found.ids, found.rows)


def _of_dates(code: Code, subject: str, message: str, ids: int, rows: int) -> Finding:
    """A few break nothing; the subject distinguishes them from labels of unknown ids."""
    many = ids >= FEWEST and ids > MANY * rows
    return Finding(code if many else Code.LABELS_UNKNOWN, "" if many else subject, message)


def _span(lead: timedelta) -> str:
    """A length of time, to the hour or to the minute."""
    minutes = max(round(lead.total_seconds() / 60), 1)
    if minutes >= 3 * 24 * 60:
        return f"{round(minutes / (24 * 60))}d"
    return format_duration(timedelta(hours=round(minutes / 60)) if minutes >= 600 else timedelta(minutes=minutes))


def never_met(
    context: RunContext, specs: Sequence[ScanSpec], labels: LabelIndex, labelled: Sequence[int]
) -> Iterator[Finding]:
    """Undated labels of which none is of a prediction, in the windows at hand and in those before."""
    monitor = context.monitor
    if any(labelled) or not len(labels.ids) or not any(context.scan(where).count for where in specs):
        return
    if any_predicted(context.project, monitor, specs, labels, context.spool, context.scans):
        return
    first, last = specs[-1].window.label, specs[0].window.label
    span = first if first == last else f"{first} to {last}"
    what = f"none of {counted(len(labels.ids), 'label')} has the id of a prediction of {span}, or before"
    cure = "write ids alike in both, or name their column as labels.id"
    # Before the labels of a window are due, those that there are may be of predictions that were made before all.
    overdue = any(context.now >= matured(where.window, monitor) and context.scan(where).count for where in specs)
    code = Code.LABELS_FOREIGN if overdue and len(labels.ids) >= FEWEST else Code.LABELS_UNKNOWN
    yield Finding(code, "", f"{what}{_two_ids(context, specs, labels)}; {cure}")


def _two_ids(context: RunContext, specs: Sequence[ScanSpec], labels: LabelIndex) -> str:
    """An id of a label and one of a prediction, side by side."""
    names = context.monitor.predictions.id
    rows = next(rows for rows in map(context.scan, specs) if rows.count)
    predicted = keys(rows.frame(names, names), names).dropna()
    if _is_private(context.monitor) or not len(predicted):
        return ""
    shown = (key_name(str(value).replace(SEPARATOR, ", ")[:40]) for value in (min(labels.ids), min(predicted)))
    return " (such as {} and {})".format(*shown)


def lasting(context: RunContext, found: Collection[Finding], arrived: int) -> Iterator[Finding]:
    """Faults of the labels that the window before had, while no label has come that could show that they are over."""
    if arrived:
        return
    before = context.window.previous()
    known = Faults.of(context.history, before, context.known_on).open(before.start, before.start + MOMENT, LASTING)
    codes = {finding.code for finding in found}
    yield from (finding for _, finding in known if finding.code not in codes)
