"""What is known of the columns of some rows, before anything is declared of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.monitor import class_label
from lamplighter.core.suggest import MOST_CLASSES, Column, Sample
from lamplighter.errors import ColumnError
from storage.profiles.build import as_floats, type_kind
from storage.sources.epochs import unit_of
from storage.sources.scan import Scan
from storage.sources.timestamps import to_instants
from storage.sources.types import LIST

SAMPLED_ROWS = 5_000
"""Rows in which columns are compared with each other: enough to see that one follows from another."""

AT_A_TIME, CELLS_AT_A_TIME = 16, 1_000_000
"""Columns that are held whole at once, or as many as have so many cells: a file is opened once for so many, which takes
time for each of its columns, and memory stays bounded."""

MOST_NAMES = 50
"""Texts that may be classes; more are no classes of one model that a person would list."""

GAP = r"\s|[^\x00-\x7F]"
"""What parts words, or is a word of a script that parts none."""

FIRST_ROWS, MOST_ODD = 100, 0.01
"""Texts that are looked at first, and the share of those that may be no time in a column of times."""


def columns_of(rows: Scan) -> tuple[list[Column], dict[str, pa.ChunkedArray]]:
    """What is known of each column, and some rows of it, the same of each.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> columns, parts = columns_of(Scan(predictions_of(project, monitor, window, context.spool)))
    >>> [(column.name, column.kind) for column in columns]
    [('id', 'text'), ('at', 'time'), ('amount', 'number'), ('plan', 'text'), ('probability', 'number'), ('churns',
     'boolean')]
    """
    chosen = np.arange(rows.count)
    if rows.count > SAMPLED_ROWS:
        chosen = np.sort(np.random.default_rng(0).choice(rows.count, SAMPLED_ROWS, replace=False))
    columns, parts = [], {}
    names = list(rows.schema)
    at_a_time = max(AT_A_TIME, CELLS_AT_A_TIME // max(1, rows.count))
    for i in range(0, len(names), at_a_time):
        table = rows.table(names[i : i + at_a_time])
        for name, values in zip(table.column_names, table.columns, strict=True):
            columns.append(replace(column_of(name, values), in_path=name in rows.held.of_paths))
            parts[name] = values.take(pa.array(chosen))
    return columns, parts


def column_of(name: str, values: pa.ChunkedArray) -> Column:
    """What is known of one column.

    Examples
    --------
    >>> column = column_of("late", pa.chunked_array([[True, False, None]]))
    >>> column.kind, column.classes, column.nulls, column.is_binary
    ('boolean', ('0', '1'), 1, True)
    """
    values = values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
    kind = _kind(name, values)
    known: dict[str, Any] = {"rows": len(values), "nulls": values.null_count, "type": str(values.type)}
    if kind == "time":
        is_text = not pa.types.is_timestamp(values.type)
        known["distinct"] = pc.count_distinct(values, mode="only_valid").as_py()
        return Column(name, "time", has_zone=_has_zone(values) if is_text else values.type.tz is not None, **known)
    if kind not in ("number", "boolean", "text"):
        return Column(name, kind, **known)
    distinct = pc.count_distinct(values, mode="only_valid").as_py()
    known |= {"distinct": distinct, "unique": distinct == len(values) and values.null_count == 0}
    if kind == "text":
        known["length"] = pc.mean(pc.utf8_length(values)).as_py() or 0.0
        known["gaps"] = pc.mean(pc.count_substring_regex(values, GAP)).as_py() or 0.0
    if kind == "number" and distinct:
        floats = values.cast(pa.float64(), safe=False)
        bounds = pc.min_max(floats).as_py()
        whole = bool(pc.all(pc.equal(floats, pc.floor(floats))).as_py())
        known |= {"minimum": bounds["min"], "maximum": bounds["max"], "whole": whole}
        units = {unit_of(bound) for bound in bounds.values()}
        known["unit"] = (units.pop() if len(units) == 1 else None) or ""
    if distinct <= (MOST_CLASSES if kind == "number" else MOST_NAMES) and known.get("whole", True):
        known["classes"] = _classes(values)
    return Column(name, kind, **known)


def _kind(name: str, values: pa.ChunkedArray) -> str:
    """The kind of a column: as a monitor sees its type, but for lists of items, times, and texts that are times."""
    kind = type_kind(values.type)
    if kind == "time":
        # A date or a time of day alone is no instant.
        return "time" if pa.types.is_timestamp(values.type) else "other"
    if kind == "text" and _is_time(name, values):
        return "time"
    is_list = any(is_one(values.type) for is_one in LIST)
    return "list" if is_list and not pa.types.is_floating(values.type.value_type) else kind


def _classes(values: pa.ChunkedArray) -> tuple[str, ...]:
    return tuple(sorted({class_label(value) for value in pc.unique(values).to_pylist() if value is not None}))


def _is_time(name: str, values: pa.ChunkedArray) -> bool:
    """Whether text is timestamps, as databases without a type of their own store them."""
    present = values.drop_null()
    # Most texts are seen to be none by their first rows; the others must be in nearly all.
    return len(present) > 0 and all(_times_among(name, part) for part in (present[:FIRST_ROWS], present))


def _times_among(name: str, values: pa.ChunkedArray) -> bool:
    try:
        return bool(to_instants(values, name, "UTC").null_count <= MOST_ODD * len(values))
    except ColumnError:
        return False


def _has_zone(values: pa.ChunkedArray) -> bool:
    try:
        to_instants(values, "", None)
    except ColumnError:
        return False
    return True


def sample_of(parts: Mapping[str, pa.ChunkedArray], columns: Sequence[Column]) -> Sample:
    """The same rows of the columns whose values may have something to do with each other.

    Examples
    --------
    >>> parts = {"amount": pa.chunked_array([[2.5, None]]), "plan": pa.chunked_array([["pro", "basic"]])}
    >>> sample = sample_of(parts, [Column("amount", "number"), Column("plan", "text", classes=("basic", "pro"))])
    >>> sample.numbers["amount"], sample.classes["plan"]
    (array([2.5, nan]), array(['pro', 'basic'], dtype=object))
    """
    numbers, classes = {}, {}
    for column in columns:
        values = parts.get(column.name)
        if values is None:
            continue
        if column.kind in ("number", "boolean"):
            numbers[column.name] = as_floats(values)
        if column.classes:
            labels = [None if value is None else class_label(value) for value in values.to_pylist()]
            classes[column.name] = np.array([*labels, None], dtype=object)[:-1]
    return Sample(numbers, classes)
