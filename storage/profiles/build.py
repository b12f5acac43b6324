"""Profiles, made of the columns of a scan."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.profiles.profile import (
    MOST_CATEGORIES,
    Bounds,
    ColumnKind,
    ColumnProfile,
    categorical_profile,
    merge,
    numeric_profile,
)
from lamplighter.core.quality.scores import slack
from lamplighter.core.values.identity import identities
from storage.project.private_key import keyed_hash
from storage.sources.scan import Scan

Profiles = dict[str, ColumnProfile]

TYPE_KINDS = {
    "number": (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    "boolean": (pa.types.is_boolean,),
    "text": (pa.types.is_string, pa.types.is_large_string),
    "time": (pa.types.is_temporal,),
    "null": (pa.types.is_null,),
}


def type_kind(kind: pa.DataType) -> str:
    """Type of a column as a monitor sees it: number, boolean, text, time, null or other.

    Examples
    --------
    >>> type_kind(pa.float32()), type_kind(pa.dictionary(pa.int8(), pa.string())), type_kind(pa.date32())
    ('number', 'text', 'time')
    """
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return next((name for name, tests in TYPE_KINDS.items() if any(test(kind) for test in tests)), "other")


def table_kinds(rows: Scan, named: Collection[str] = ()) -> dict[str, str]:
    """Each column of some rows and its type; of those that stand in paths alone, or are made, the ones that are named.

    Parameters
    ----------
    rows : Scan
    named : collection of str
        Columns that a monitor, or a reference, names.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> table_kinds(Scan(predictions_of(project, monitor, window, context.spool)))
    {'id': 'text', 'at': 'time', 'amount': 'number', 'plan': 'text', 'probability': 'number', 'churns': 'boolean'}
    """
    unlisted = rows.held.of_paths | rows.made
    return {name: type_kind(kind) for name, kind in rows.schema.items() if name not in unlisted or name in named}


def as_floats(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Numbers and booleans as floats, NaN for null.

    Raises
    ------
    pyarrow.ArrowInvalid
        If they are text that is no number.

    Examples
    --------
    >>> as_floats(pa.chunked_array([[True, None, False]]))
    array([ 1., nan,  0.])
    """
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    floats = values.cast(pa.float64(), safe=False)
    return np.array(floats.to_numpy(), dtype=np.float64)


def as_counts(values: pa.ChunkedArray) -> tuple[dict[str, int], int]:
    """Count of each identity, and the number of nulls; NaN counts as null.

    Examples
    --------
    >>> as_counts(pa.chunked_array([["b", None, "a", "b"]]))
    ({'b': 2, 'a': 1}, 1)
    """
    counted = pc.value_counts(values.cast(pa.float32()) if pa.types.is_float16(values.type) else values)
    counts: dict[str, int] = {}
    nulls = 0
    named = identities(counted.field("values")).to_pylist()
    for value, count in zip(named, counted.field("counts").to_pylist(), strict=True):
        if value is None:
            nulls += count
        else:
            counts[value] = counts.get(value, 0) + count
    return counts, nulls


def profile_columns(
    rows: Scan,
    kinds: Mapping[str, ColumnKind],
    *,
    bounds: Mapping[str, Bounds | None] | None = None,
    probabilities: Collection[str] = (),
    private: Collection[str] = (),
    key: bytes = b"",
) -> tuple[Profiles, dict[str, str]]:
    """Profile columns, each decoded once.

    Parameters
    ----------
    rows : Scan
        The rows of a window.
    kinds : mapping of str to {'numeric', 'categorical'}
        The columns; those that are not there are left out.
    bounds : mapping of str to Bounds, optional
        What the values of a numeric column are held against.
    probabilities : collection of str
        Numeric columns of which the values outside of 0 to 1 are counted.
    private : collection of str
        Columns of which no value may be kept; categories become keyed hashes.
    key : bytes
        Of those hashes.

    Returns
    -------
    profiles : dict of str to ColumnProfile
    broken : dict of str to str
        Columns that hold something else than their kind, and what.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> rows = Scan(predictions_of(project, monitor, window, context.spool))
    >>> profiles, broken = profile_columns(rows, {"plan": "categorical", "amount": "numeric"})
    >>> profiles["plan"].categories, broken
    ({'basic': 158, 'pro': 142}, {})
    """
    profiles: Profiles = {}
    broken: dict[str, str] = {}
    present = [name for name in kinds if name in rows.schema]
    spelled = [name for name in present if kinds[name] == "categorical" and rows.held.has_cells(name)]
    for name, batches in rows.columns(present, named=spelled):
        column_bounds = bounds.get(name) if bounds else None
        hidden = key if name in private else None
        try:
            parts = [
                _profile(name, kinds[name], batch, column_bounds, hidden, probable=name in probabilities)
                for batch in batches
            ]
        except (pa.ArrowException, TypeError):
            broken[name] = rows.held.conflicting.get(name) or type_kind(rows.schema[name])
            continue
        if parts:
            whole = merge(parts)
            profiles[name] = whole.without_values() if name in private and whole.kind == "numeric" else whole
    return profiles, broken


def nulls_profile(rows: Scan, name: str) -> ColumnProfile:
    """How many rows of a column hold nothing, of whatever type it is: lists and texts have no categories.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> counted = nulls_profile(Scan(predictions_of(project, monitor, window, context.spool)), "plan")
    >>> counted.rows, counted.nulls, counted.categories
    (300, 0, {})
    """
    nulls = 0
    for _, batches in rows.columns([name]):
        nulls += sum(
            pc.sum(pc.is_null(batch, nan_is_null=pa.types.is_floating(batch.type))).as_py() for batch in batches
        )
    return ColumnProfile(name, "categorical", rows=rows.count, nulls=nulls, crowded=True)


def _profile(
    name: str, kind: ColumnKind, batch: pa.ChunkedArray, bounds: Bounds | None, key: bytes | None, *, probable: bool
) -> ColumnProfile:
    if kind == "numeric":
        return numeric_profile(name, as_floats(batch), bounds, slack_of(batch.type) if probable else None)
    if (nulls := _nulls_of_crowd(batch)) is not None:
        return ColumnProfile(name, kind, rows=len(batch), nulls=nulls, crowded=True)
    counts, nulls = as_counts(batch)
    if key is not None:
        counts = {keyed_hash(value, key): count for value, count in counts.items()}
    return categorical_profile(name, counts, nulls)


def slack_of(kind: pa.DataType) -> float:
    """How far a score of a type may lie outside of 0 to 1 by rounding alone.

    Examples
    --------
    >>> slack_of(pa.float64()), slack_of(pa.float16()), slack_of(pa.int8())
    (1e-05, 0.0020, 1e-05)
    """
    return slack(float(np.finfo(kind.to_pandas_dtype()).eps) if pa.types.is_floating(kind) else 0.0)


def _nulls_of_crowd(values: pa.ChunkedArray) -> int | None:
    """Nulls of a batch with more values than a profile holds, which need not be written out one by one; else None."""
    if len(values) <= MOST_CATEGORIES or len(pc.unique(values)) <= MOST_CATEGORIES + 2:
        return None
    return int(pc.sum(pc.is_null(values, nan_is_null=pa.types.is_floating(values.type))).as_py())
