"""What became of a prediction: its truth, when that arrived, and whether the answer was right."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.monitor import Monitor
from lamplighter.core.values.boxes import SIDES
from lamplighter.core.values.identity import OWN_IDENTITY, identities
from lamplighter.errors import SourceError
from storage.labelling.join import LabelIndex
from storage.project.folder import Project
from storage.sources.labels import joined_key, labels_arrived
from tasks.explain.logged import Logged, first_fault

LATE = timedelta(days=31)
"""How long after they count no more labels are looked for."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A label that arrived; ``at`` is None where nothing dates it."""

    value: Any
    at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownTruth:
    """The truth of a prediction, as far as it is known.

    Attributes
    ----------
    value : object
        None while there is none.
    arrived : datetime or None
    final_on : datetime or None
        From when on no other label counts.
    is_right : bool or None
        Whether the answer was that; None where it cannot be said, as of numbers.
    error : float or None
        Of numbers: the answer less the truth.
    replaced, late : list of Arrival
        Earlier labels, and those that came too late to count.
    reason : str
        Why there is no truth.
    """

    value: Any = None
    arrived: datetime | None = None
    final_on: datetime | None = None
    is_right: bool | None = None
    error: float | None = None
    replaced: list[Arrival] = field(default_factory=list)
    late: list[Arrival] = field(default_factory=list)
    reason: str = ""


def truth_of(project: Project, monitor: Monitor, logged: Logged, now: datetime, spool_folder: Path) -> KnownTruth:
    """The truth of a prediction, by the rules that a run counts labels by.

    Examples
    --------
    >>> from tasks.explain.logged import find_logged
    >>> found = find_logged(project, monitor, ["0309-007"], None, context.now, context.spool)
    >>> known = truth_of(project, monitor, found, context.now, context.spool)
    >>> known.value, known.is_right, f"{known.final_on:%d %B}"
    (False, True, '11 March')
    """
    labels = monitor.labels
    if labels is None:
        return KnownTruth(reason="the monitor declares no labels")
    final_on = matured(logged.window, monitor)
    if labels.same_row:
        value = logged.value(labels.target)
        return _judged(
            monitor, logged, KnownTruth(value, None, final_on, reason="" if value is not None else "none yet")
        )
    try:
        arrived = labels_arrived(
            project, monitor, logged.window.start, min(now, final_on + LATE), spool_folder / "labels"
        )
    except SourceError as error:
        return KnownTruth(final_on=final_on, reason=f"the labels cannot be read: {error}")
    assert arrived is not None
    key = joined_key([identities(logged.row[name]) for name in monitor.predictions.id])[0].as_py()
    own = arrived.frame[arrived.frame["key"] == key]
    index = LabelIndex.of(replace(arrived, frame=own.reset_index(drop=True)), monitor.predictions.id)
    known = _of_labels(index, logged, final_on)
    if known.value is None and arrived.unreadable:
        known = replace(known, reason=f"{known.reason}, and {first_fault(arrived.unreadable)}")
    elif known.value is None and arrived.left_out:
        known = replace(known, reason=f"{known.reason}; {': '.join(arrived.left_out[0])}")
    return _judged(monitor, logged, known)


def _of_labels(index: LabelIndex, logged: Logged, final_on: datetime) -> KnownTruth:
    frame = index.frame
    arrivals = [
        Arrival(_plain(value), None if pd.isna(at) else at.to_pydatetime().astimezone(UTC))
        for value, at in zip(frame["value"], frame["arrived"], strict=True)
    ]
    late = [it for it in arrivals if it.at is not None and it.at >= final_on]
    in_time = [it for it in arrivals if it not in late]
    ids = pd.DataFrame({name: identities(logged.row[name]).to_pandas() for name in index.names})
    found, _ = index.look_up(ids, logged.window, final_on)
    if in_time and found.isna().iloc[0]:
        return KnownTruth(final_on=final_on, late=late, replaced=in_time, reason="its labels contradict each other")
    if not in_time:
        return KnownTruth(
            final_on=final_on, late=late, reason="its labels came too late" if late else "none has arrived"
        )
    return KnownTruth(in_time[-1].value, in_time[-1].at, final_on, replaced=in_time[:-1], late=late)


def _judged(monitor: Monitor, logged: Logged, known: KnownTruth) -> KnownTruth:
    answer = logged.value(monitor.predictions.prediction)
    if known.value is None or answer is None:
        return known
    if monitor.kind.compared_as == "names":
        one, other = (identities(pa.array([value]))[0].as_py() for value in (answer, known.value))
        return replace(known, is_right=one == other)
    if monitor.kind.compared_as == "numbers":
        return replace(known, error=float(answer) - float(known.value))
    return known


def _plain(value: Any) -> Any:
    """A value as Python has it; boxes as the class and the corners of each."""
    if isinstance(value, dict) and OWN_IDENTITY in value:
        return [f"{box['class']} [{', '.join(f'{box[side]:g}' for side in SIDES)}]" for box in value["boxes"]]
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
