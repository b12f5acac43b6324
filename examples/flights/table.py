"""A frame as the Arrow table that goes into Parquet."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa


def table(frame: pd.DataFrame) -> pa.Table:
    """Return the columns alone, texts as plain strings, gaps as nulls.

    Examples
    --------
    >>> table(pd.DataFrame({"carrier": ["UA"], "temp": [float("nan")]}))["temp"].null_count
    1
    """
    arrow = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    plain = [field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field for field in arrow.schema]
    return arrow.cast(pa.schema(plain))
