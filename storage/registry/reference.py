"""The reference that comes with a version: looked at, and without what must not be kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import answer_columns, kinds_of_feature, truth_columns
from lamplighter.core.monitor.of_boxes import MADE_OF_BOXES
from lamplighter.errors import ModelError, one_line
from lamplighter.training import REFERENCE, WINDOW
from storage.profiles.build import type_kind
from storage.project.private_files import open_private


def kept_reference(monitor: Monitor, path: Path, whose: str, logged: Mapping[str, str] | None = None) -> list[str]:
    """Look at a reference, take private columns and names of windows out of it, and return its features.

    The truth stays: it is what the quality of the reference is measured on.

    Parameters
    ----------
    monitor : Monitor
    path : Path
    whose : str
        What a fault names: the trainer, or the folder that it came in.
    logged : mapping of str to str, optional
        The columns of the log and their types, which those of the reference must have where later windows are compared
        with it.

    Raises
    ------
    ModelError
        If it cannot be read, lacks a column of answers, answers nulls, or writes a column in another type.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import pyarrow as pa
    >>> answered = pa.table({"amount": [5.0], "churned": [True], "churns": [True], "probability": [0.9]})
    >>> with TemporaryDirectory() as folder:
    ...     pq.write_table(answered, path := Path(folder, "reference.parquet"))
    ...     print(kept_reference(monitor, path, "train.py:train"), pq.read_schema(path).names)
    ['amount'] ['amount', 'churned', 'churns', 'probability']
    """
    what = REFERENCE
    try:
        table = pq.read_table(path)
    except Exception as error:
        raise ModelError(f"{what} cannot be read: {one_line(error)}", where=whose, fix="write it as Parquet") from None
    # What a run makes of boxes is in no file.
    answers = [name for name in answer_columns(monitor) if name not in MADE_OF_BOXES]
    for name in answers:
        if name not in table.column_names:
            raise ModelError(
                f"{what} has no column {name!r}", where=whose, fix="write the answers under the names of the log"
            )
        if table[name].null_count == len(table):
            raise ModelError(
                f"{what} has no answer in {name!r}", where=whose, fix="a model that answers nulls is of no use"
            )
    truth = truth_columns(monitor)
    unwanted = {*monitor.private, WINDOW}
    left_out = [name for name in table.column_names if name in unwanted]
    if left_out:
        table = table.drop_columns(left_out)
        with open_private(path) as file:
            pq.write_table(table, file)
    features = [name for name in table.column_names if name not in truth and kinds_of_feature(monitor, name)]
    is_compared_with = monitor.reference is not None and not monitor.reference.trailing
    for name in (*features, *answers) if is_compared_with else ():
        held, wanted = type_kind(table[name].type), (logged or {}).get(name, "null")
        if "null" not in (held, wanted) and held != wanted:
            raise ModelError(
                f"{what} holds {held} in {name!r}, and the log {wanted}", where=whose, fix="write it as the log does"
            )
    return features
