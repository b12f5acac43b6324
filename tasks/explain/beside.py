"""How usual each input of a prediction is: its place among the values of the reference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import features_of
from lamplighter.core.monitor.sources import Reference
from lamplighter.core.profiles.profile import ColumnKind
from lamplighter.core.values.identity import identities
from lamplighter.errors import BrokenFileError, SourceError
from storage.profiles.build import as_counts, as_floats
from storage.project.folder import Project
from storage.sources.reference import reference_of
from storage.sources.scan import Scan
from tasks.explain.logged import Logged, first_fault

PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Beside:
    """An input beside the reference.

    Attributes
    ----------
    name : str
    kind : {'numeric', 'categorical'}
    value : object
        As it was logged; None also where the column is private.
    is_private : bool
    n : int
        Values of the reference, without nulls.
    percentile : float or None
        Of a number: the share of them below it, with half of those equal to it, times 100.
    share : float or None
        Of a category: the share of them that equal it.
    null_share : float or None
        Where nothing was logged: the share of the reference's rows of which that holds, too.
    typical : object
        Their median, which is one of them, or the most frequent; None also where the column is private.
    reason : str
        Why nothing can be said of it.
    typical_value : Scalar or None
        The same as Arrow holds it, of a private column too: a model may be asked with it, and nothing shows it.
    """

    name: str
    kind: ColumnKind
    value: Any = None
    is_private: bool = False
    n: int = 0
    percentile: float | None = None
    share: float | None = None
    null_share: float | None = None
    typical: Any = None
    reason: str = ""
    typical_value: pa.Scalar | None = field(default=None, repr=False)


def reference_rows(
    project: Project, monitor: Monitor, logged: Logged, of_version: Path | None, spool_folder: Path
) -> tuple[Scan | None, str]:
    """The reference that a prediction is held against, or why there is none.

    Parameters
    ----------
    of_version : Path or None
        What the version answered on rows that it was not fitted on, where it brought that along.

    Examples
    --------
    >>> from tasks.explain.logged import find_logged
    >>> found = find_logged(project, monitor, ["0311-007"], None, context.now, context.spool)
    >>> rows, _ = reference_rows(project, monitor, found, None, context.spool)
    >>> rows.count
    900
    """
    if monitor.reference is None and of_version is None:
        return None, "the monitor declares no reference"
    if monitor.reference is None:
        monitor = monitor.model_copy(update={"reference": Reference(parquet=(str(of_version),))})
    try:
        spec = reference_of(project, monitor, logged.window, spool_folder, of_version)
    except SourceError as error:
        return None, str(error)
    assert spec is not None
    rows = Scan(spec)
    if rows.count:
        return rows, ""
    if rows.unreadable:
        return None, first_fault(rows.unreadable)
    return None, "the reference has no rows"


def beside_reference(monitor: Monitor, logged: Logged, reference: Scan | None, reason: str) -> list[Beside]:
    """Each input of a prediction beside the reference.

    Parameters
    ----------
    reference : Scan or None
    reason : str
        Why there is none.

    Examples
    --------
    >>> from tasks.explain.logged import find_logged
    >>> found = find_logged(project, monitor, ["0311-007"], None, context.now, context.spool)
    >>> rows, reason = reference_rows(project, monitor, found, None, context.spool)
    >>> for it in beside_reference(monitor, found, rows, reason):
    ...     print(it.name, it.value, it.percentile, it.share, it.typical)
    amount 1397.0 100.0 None 19.33
    plan basic None 0.494 pro
    """
    return [*_each(monitor, logged, reference, reason)]


def _each(monitor: Monitor, logged: Logged, reference: Scan | None, reason: str) -> Iterator[Beside]:
    for name, kind in features_of(monitor, logged.kinds).items():
        is_private = name in monitor.private
        own = Beside(name, kind, None if is_private else logged.value(name), is_private)
        if name not in logged.row.column_names:
            yield replace(own, reason="the row has no such column")
        elif reference is None:
            yield replace(own, reason=reason)
        elif name not in reference.schema:
            yield replace(own, reason="the reference has no such column")
        else:
            yield _beside(own, logged.row[name], reference)


def _beside(own: Beside, logged: pa.ChunkedArray, reference: Scan) -> Beside:
    values = _values(reference, own.name)
    if values is None:
        return replace(own, reason="the reference cannot be read")
    try:
        found = _of_number(own, logged, values) if own.kind == "numeric" else _of_category(own, logged, values)
    except pa.ArrowInvalid:
        return replace(own, reason="it holds text where numbers are declared")
    if found.typical_value is None:
        return replace(own, reason="the reference has only nulls in it")
    if own.is_private:
        # Its place among the values would tell nearly as much as itself.
        return replace(found, percentile=None, share=None, null_share=None, reason=PRIVATE)
    return replace(found, typical=found.typical_value.as_py())


def _values(reference: Scan, name: str) -> pa.ChunkedArray | None:
    for _ in range(len(reference.spec.files) + 1):
        with suppress(BrokenFileError):
            return reference.table([name])[name]
    return None


def _of_number(own: Beside, logged: pa.ChunkedArray, values: pa.ChunkedArray) -> Beside:
    floats, value = as_floats(values), as_floats(logged)[0]
    order = np.argsort(floats, kind="stable")
    known = len(floats) - int(np.isnan(floats).sum())
    if not known:
        return own
    percentile, null_share = None, None
    if np.isnan(value):
        null_share = 1 - known / len(floats)
    else:
        sound = floats[order[:known]]
        below, upto = np.searchsorted(sound, value, "left"), np.searchsorted(sound, value, "right")
        percentile = float(100 * (below + upto) / 2 / known)
    # The lower of two in the middle: a value that there is, and of the column's own type.
    typical = values[int(order[(known - 1) // 2])]
    return replace(own, n=known, percentile=percentile, null_share=null_share, typical_value=typical)


def _of_category(own: Beside, logged: pa.ChunkedArray, values: pa.ChunkedArray) -> Beside:
    counts, nulls = as_counts(values)
    known = sum(counts.values())
    if not known:
        return own
    value = identities(logged)[0].as_py()
    # Of several that are as frequent, the first by name.
    most = min(counts, key=lambda name: (-counts[name], name))
    typical = values[pc.index(identities(values), most).as_py()]
    if value is None:
        return replace(own, n=known, null_share=nulls / len(values), typical_value=typical)
    return replace(own, n=known, share=counts.get(value, 0) / known, typical_value=typical)
