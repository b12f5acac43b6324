"""Columns that stand in the path of a file, as ``country=de/day=2026-03-02/part.parquet`` has two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

import pyarrow as pa

Constants = tuple[tuple[str, pa.Scalar], ...]
"""Columns that have one value in all rows of a file, and that value."""

NULL = "__HIVE_DEFAULT_PARTITION__"
"""What Hive, Spark and pandas write for a null."""

WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
"""A whole number that is written in one way only: 007 is the name of a store, and no 7."""

CLOCK = frozenset({"year", "month", "day", "hour", "minute"})
"""Keys whose whole numbers some writers pad with zeros: month=03 and month=12 are numbers."""
PADDED = re.compile(r"\d{1,4}")


def path_keys(path: str) -> dict[str, str | None]:
    """The keys and values of the folders of a path; of a key that comes twice, the deeper one.

    Examples
    --------
    >>> path_keys("log/country=S%C3%A3o%20Tom%C3%A9/day=__HIVE_DEFAULT_PARTITION__/a=b.parquet")
    {'country': 'São Tomé', 'day': None}
    """
    keys: dict[str, str | None] = {}
    for folder in path.split("/")[:-1]:
        key, sign, value = folder.partition("=")
        if key and sign:
            keys[unquote(key)] = None if value == NULL else unquote(value)
    return keys


def constants_of(paths: Iterable[str]) -> dict[str, Constants]:
    """The columns that stand in some paths, of one type in all of them: a whole number, or else text.

    Examples
    --------
    >>> constants_of(["region=7/a.parquet", "region=12/b.parquet"])["region=7/a.parquet"]
    (('region', <pyarrow.Int64Scalar: 7>),)
    >>> constants_of(["store=007/a.parquet", "store=123/b.parquet"])["store=123/b.parquet"]
    (('store', <pyarrow.StringScalar: '123'>),)
    """
    keys = {path: path_keys(path) for path in paths}
    types = _types(keys.values())
    return {
        path: tuple((key, _scalar(value, types[key])) for key, value in found.items()) for path, found in keys.items()
    }


def _types(found: Iterable[Mapping[str, str | None]]) -> dict[str, pa.DataType]:
    values: dict[str, set[str | None]] = {}
    for keys in found:
        for key, value in keys.items():
            values.setdefault(key, set()).add(value)
    return {key: _type(key, {value for value in held if value is not None}) for key, held in values.items()}


def _type(key: str, values: set[str]) -> pa.DataType:
    form = PADDED if key.lower() in CLOCK else WHOLE
    return pa.int64() if values and all(form.fullmatch(value) for value in values) else pa.string()


def _scalar(value: str | None, kind: pa.DataType) -> pa.Scalar:
    return pa.scalar(int(value) if value is not None and pa.types.is_integer(kind) else value, kind)


def tells_time(key: str, value: object) -> bool:
    """Whether a key says when: services write some rows into the folder of the next day, so it is a hint.

    Examples
    --------
    >>> tells_time("day", "2026-03-02"), tells_time("hour", 5), tells_time("country", "de")
    (True, True, False)
    """
    return key.lower() in CLOCK or (isinstance(value, str) and bool(re.match(r"\d{4}-?\d{2}-?\d{2}", value)))
