"""What a table of a database can hold of a batch: columns of these names, and values that their types hold exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.serving.sql_values import sql_type

if TYPE_CHECKING:
    import sqlalchemy as sa

CASELESS = frozenset({"sqlite", "mysql", "mariadb", "mssql"})
"""Databases that take `X` and `x` for one column."""

LONGEST = {"mysql": 64, "mariadb": 64}
"""Letters of a column's name, where SQLAlchemy knows only those of an alias."""

EXACT = 2**53
"""Whole numbers up to it are exact as floating-point numbers."""

LASTING_STATES = frozenset({"0A", "22", "42", "54"})
"""Classes of SQLSTATE whose errors come again however often a statement is repeated."""

MENDED_STATES = frozenset({"42501", "42P01"})
"""Of these, what a person grants or brings back: no right, and no such table."""

ROW_STATES = frozenset({"42804", "42846", "54000"})
"""The SQLSTATEs of a value that the column does not take: of another type, or too long for an index."""

SQLITE_ERROR = 1
"""SQLite's code of a statement that is wrong; that of a locked file, or of a full disk, is another."""


def name_fault(name: str, taken: Iterable[str], dialect: sa.Dialect) -> str:
    """Why no column can have a name beside others; empty where one can.

    Examples
    --------
    >>> from sqlalchemy.dialects import postgresql, sqlite
    >>> name_fault("X", ["at", "x"], sqlite.dialect())
    "column 'X' is the same as 'x' to sqlite; rename it where it is logged"
    >>> name_fault("X", ["at", "x"], postgresql.dialect())
    ''
    """
    # PostgreSQL counts bytes, and cuts what is longer off.
    size = len(name.encode()) if dialect.name == "postgresql" else len(name)
    most = LONGEST.get(dialect.name, dialect.max_identifier_length)
    twin = next((other for other in taken if other.casefold() == name.casefold()), None)
    if not name.strip():
        why = "has no name"
    elif "\0" in name:
        why = "has a zero byte in its name"
    elif size > most:
        why = f"has a name of {size} bytes, and {dialect.name} takes {most}"
    elif dialect.name in CASELESS and twin is not None:
        why = f"is the same as {twin!r} to {dialect.name}"
    else:
        return ""
    return f"column {name!r} {why}; rename it where it is logged"


def unfit_names(names: Iterable[str], there: Iterable[str], dialect: sa.Dialect) -> dict[str, str]:
    """The columns that a table cannot get, and why."""
    taken, unfit = list(there), {}
    for name in names:
        if fault := name_fault(name, taken, dialect):
            unfit[name] = fault
        else:
            taken.append(name)
    return unfit


def fitting(
    table: pa.Table, target: sa.Table, unfit: Mapping[str, str], dialect: sa.Dialect
) -> tuple[pa.Table, list[str]]:
    """The rows that a table holds as they are, in its columns, and why each of the others is refused."""
    faults: dict[int, str] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name in unfit:
            bad = pc.is_valid(column)
        elif name in target.c:
            bad = _rounded(column, target.c[name].type, dialect.name)
        else:
            continue
        for place in pc.indices_nonzero(bad).to_pylist() if bad is not None else ():
            faults.setdefault(place, unfit.get(name) or _rounds(name, column, place, target, dialect))
    kept = table.select([name for name in table.column_names if name in target.c and name not in unfit])
    if faults:
        kept = kept.filter(pa.array([place not in faults for place in range(table.num_rows)], pa.bool_()))
    return kept, list(faults.values())


def _rounded(column: pa.ChunkedArray, kind: sa.types.TypeEngine[Any], dialect: str) -> pa.ChunkedArray | None:
    """Which values the column of a table would take without a word, but not as they are; None for none."""
    import sqlalchemy as sa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    of_batch = column.type
    fractions = pa.types.is_floating(of_batch) or pa.types.is_decimal(of_batch)
    whole = isinstance(kind, sa.Integer) or (isinstance(kind, sa.Numeric) and kind.scale == 0)
    if fractions and whole and dialect != "sqlite":
        # SQLite keeps a number as it is, whatever the column is declared as.
        numbers = column.cast(pa.float64()) if pa.types.is_floating(of_batch) else column
        return pc.fill_null(pc.not_equal(pc.floor(numbers), numbers), False)
    # SQLAlchemy gives SQLite its decimals as floating-point numbers.
    inexact = isinstance(kind, sa.Float) or (isinstance(kind, sa.Numeric) and dialect == "sqlite")
    if pa.types.is_integer(of_batch) and of_batch.bit_width == 64 and inexact:
        large = pc.greater(column, pa.scalar(EXACT, of_batch))
        if pa.types.is_signed_integer(of_batch):
            large = pc.or_(large, pc.less(column, pa.scalar(-EXACT, of_batch)))
        return pc.fill_null(large, False)
    if pa.types.is_timestamp(of_batch) and isinstance(kind, sa.Date):
        return pc.fill_null(pc.not_equal(pc.floor_temporal(column, unit="day"), column), False)
    return None


def _rounds(name: str, column: pa.ChunkedArray, place: int, target: sa.Table, dialect: sa.Dialect) -> str:
    has, needs = (kind.compile(dialect=dialect) for kind in (target.c[name].type, sql_type(column.type)))
    said = f"column {name!r} of the table is {has} and would change {column[place]}, which is {column.type}"
    return f"{said}; make the column {needs}, or log values that {has} holds"


def is_of_a_row(error: Exception) -> bool:
    """Whether a database, or its driver, refuses a row for a value in it, however often it is tried."""
    import sqlalchemy as sa

    if isinstance(error, sa.exc.DataError | sa.exc.IntegrityError):
        return True
    if isinstance(error, sa.exc.DBAPIError):
        return _state(error) in ROW_STATES or "binding parameter" in str(error.orig)
    # What SQLAlchemy or the driver cannot turn into a parameter.
    return isinstance(error, sa.exc.StatementError | OverflowError | TypeError | ValueError)


def is_lasting(error: sa.exc.DBAPIError) -> bool:
    """Whether a table cannot be made or widened, however often it is tried.

    A connection that is lost, a locked table and a right that is missing are none of it: they pass or are mended.
    """
    import sqlalchemy as sa

    state = _state(error)
    if state:
        return state[:2] in LASTING_STATES and state not in MENDED_STATES
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return bool(code == SQLITE_ERROR)
    return isinstance(error, sa.exc.ProgrammingError | sa.exc.DataError | sa.exc.NotSupportedError)


def _state(error: sa.exc.DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")
