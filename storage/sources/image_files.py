"""What the log says where the file of an image lies, and where that is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from lamplighter.core.values.identity import identities, is_text
from storage.sources.types import holds_bytes, holds_numbers


def located(folder: Path, path: str) -> str | None:
    """Where an image lies; None where its path leads out of the folder, so that no log has other files read.

    Examples
    --------
    >>> located(Path("/data/images"), "north/1.jpg"), located(Path("/data/images"), "../../etc/passwd")
    ('/data/images/north/1.jpg', None)
    """
    root = os.path.normpath(folder)
    found = os.path.normpath(os.path.join(root, path))
    return found if found.startswith(root.rstrip(os.sep) + os.sep) else None


class LoggedPaths(NamedTuple):
    """The paths of a column.

    Attributes
    ----------
    paths : list of str or None
        None of a row without one, and where something else stands.
    odd : str
        What stands there in place of a path; empty where all that stands there are paths.
    is_odd : list of bool
        For each row, whether something else stands there.
    """

    paths: Sequence[str | None]
    odd: str
    is_odd: Sequence[bool]


def logged_paths(values: pa.ChunkedArray) -> LoggedPaths:
    r"""The paths of a column, of whatever type it is: a number names a file as its digits do.

    Examples
    --------
    >>> logged_paths(pa.chunked_array([["1.jpg", "", None]])).paths, logged_paths(pa.chunked_array([[0, 12]])).paths
    (['1.jpg', None, None], ['0', '12'])
    >>> logged_paths(pa.chunked_array([[b"1.jpg", b"\xff"]]))
    LoggedPaths(paths=['1.jpg', None], odd='bytes that are no UTF-8', is_odd=[False, True])
    >>> logged_paths(pa.chunked_array([[["1.jpg"], None]]))
    LoggedPaths(paths=[None, None], odd='list<item: string>', is_odd=[True, False])
    """
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if is_text(kind) or pa.types.is_null(kind):
        held = values.to_pylist()
    elif holds_numbers(kind) and not pa.types.is_boolean(kind):
        held = identities(values).to_pylist()
    elif holds_bytes(kind):
        raw = values.to_pylist()
        held = [_decoded(it) for it in raw]
        is_odd = [bool(it) and path is None for it, path in zip(raw, held, strict=True)]
        return LoggedPaths([path or None for path in held], "bytes that are no UTF-8" if any(is_odd) else "", is_odd)
    else:
        is_odd = values.is_valid().to_pylist()
        return LoggedPaths([None] * len(values), str(kind) if any(is_odd) else "", is_odd)
    return LoggedPaths([path or None for path in held], "", [False] * len(held))


def _decoded(path: bytes | None) -> str | None:
    try:
        return path.decode() if path else None
    except UnicodeDecodeError:
        return None
