"""Rows that repeat an id and version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from storage.sources.row_groups import Fragment


def without_repeated(
    parts: Sequence[Fragment],
    keys: pd.DataFrame,
    ids: int,
    instants: Callable[[], npt.NDArray[np.int64] | None],
    *,
    last: bool,
) -> tuple[list[Fragment], int]:
    """Leave out rows that repeat a key; first and last go by time, then by place. Also says how many have no id.

    Parameters
    ----------
    parts : sequence of Part
    keys : DataFrame of shape (n_rows, n_columns)
        The identities of ids and version, in the order of the parts.
    ids : int
        How many of the columns, from the first on, are ids. A row without an id repeats nothing.
    instants : callable
        The time of each row; None where the parts have no time.
    last : bool
        Whether the last one stays.

    Examples
    --------
    >>> part, ids = Fragment("log.parquet", 0, 4, None), pd.DataFrame({"id": ["a", "b", "a", None]})
    >>> kept, nameless = without_repeated([part], ids, 1, lambda: None, last=True)
    >>> [it.mask.to_pylist() for it in kept], nameless
    ([[False, True, True, True]], 1)
    """
    nameless = keys.iloc[:, :ids].isna().any(axis=1)
    if not (keys.duplicated() & ~nameless).any():
        return list(parts), int(nameless.sum())
    if (times := instants()) is not None:
        keys = keys.iloc[np.argsort(times, kind="stable")]
    keep: Literal["last", "first"] = "last" if last else "first"
    stays = (~keys.duplicated(keep=keep) | nameless).sort_index().to_numpy()
    ends = np.cumsum([part.size for part in parts])
    kept = [part.keep(stays[end - part.size : end]) for part, end in zip(parts, ends, strict=True)]
    return kept, int(nameless.sum())
