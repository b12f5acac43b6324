"""Boxes of a scan: the columns that they stand in, as one."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from lamplighter.core.values.boxes import PACKED, packed
from storage.sources.box_columns import BoxColumns
from storage.sources.scan import Scan


def packed_boxes(rows: Scan, columns: BoxColumns) -> pa.ChunkedArray:
    """The boxes of each row as one value; null where there is no list of boxes.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> rows = Scan(predictions_of(project, monitor, window, context.spool))
    >>> packed_boxes(rows, BoxColumns("plan", "plan", None, "xyxy"))[0]["fault"].as_py()
    'no list of boxes'
    """
    chunks = [chunk for found in rows.together(columns.names) for chunk in packed(*_three(found), columns.form).chunks]
    return pa.chunked_array(chunks, PACKED)


def _three(found: list[pa.ChunkedArray]) -> tuple[pa.ChunkedArray, pa.ChunkedArray, pa.ChunkedArray | None]:
    boxes, classes, *scores = found
    return boxes, classes, scores[0] if scores else None


def as_series(column: pa.ChunkedArray) -> pd.Series[Any]:
    """Boxes for pandas, as Arrow holds them.

    Examples
    --------
    >>> as_series(pa.chunked_array([], PACKED)).empty
    True
    """
    return pd.Series(pd.arrays.ArrowExtensionArray(column))
