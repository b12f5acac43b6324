"""The bounds of a run's read, as the time column of a table or query compares with them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import sqlalchemy as sa

from lamplighter.errors import ColumnError
from storage.project.sql_text import bound_query, without_end
from storage.sources.epochs import PER_SECOND, from_numbers
from storage.sources.timestamps import to_instants

POSTGRESQL_TYPES = {1082: sa.Date(), **dict.fromkeys((20, 21, 23, 700, 701, 1700), sa.Numeric())}
"""Types of PostgreSQL, by number, that compare with dates and with numbers."""

COMPARED_NUMBERS = re.compile(
    r"operator does not exist: (smallint|integer|bigint|numeric|real|double precision) \S+ timestamp"
)
"""How PostgreSQL refuses to compare a number with an instant."""

NOT_A_TIME = (sa.Boolean, sa.Time)
NOTHING = sa.types.NullType()
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is asked of a time column.

    Attributes
    ----------
    column : str or None
        None reads all rows.
    timezone : str or None
        Zone of timestamps that carry none.
    unit : str or None
        What times that are numbers count.
    day_zone : str
        Zone whose days dates are.
    start, end : datetime
    place : str
        The source, for messages.
    """

    column: str | None
    timezone: str | None
    unit: str | None
    day_zone: str
    start: datetime
    end: datetime
    place: str

    def of(self, connection: sa.Connection, time: sa.ColumnElement[Any], table: sa.FromClause) -> tuple[Any, Any]:
        """The bounds of a column of a table.

        Raises
        ------
        ColumnError
            If it holds no times, or numbers of no declared unit.
        """
        kind: Any = time.type
        if connection.dialect.name == "sqlite":
            kind = _stored_kind(connection, time, table, kind)
        return self._of_kind(connection, kind, time, table)

    def of_query(
        self,
        connection: sa.Connection,
        time: sa.ColumnElement[Any] | None,
        rows: sa.TextClause | None,
        *,
        is_bound: bool = False,
    ) -> tuple[Any, Any]:
        """The bounds of a column of a query; without the column, as far as they can be known before it is run.

        A query that compares with the bounds itself is not run for a first row: it may read all of its tables.
        """
        kind: Any = NOTHING
        if time is not None and rows is not None and not self.unit:
            if connection.dialect.name == "postgresql":
                kind = _described_kind(connection, time, rows)
            elif not is_bound:
                kind = _stored_kind(connection, time, rows, NOTHING)
        return self._of_kind(connection, kind, time, rows)

    def _of_kind(
        self, connection: sa.Connection, kind: Any, time: sa.ColumnElement[Any] | None, rows: Any
    ) -> tuple[Any, Any]:
        if isinstance(kind, NOT_A_TIME):
            raise ColumnError(
                f"column {self.column!r} is {kind!s}", where=self.place, fix="a time column holds timestamps"
            )
        if isinstance(kind, sa.Integer | sa.Numeric) or (self.unit and isinstance(kind, sa.types.NullType)):
            if not self.unit and time is not None:
                self.refuse_numbers(_first(connection, time, rows))
            return self._numbers()
        if isinstance(kind, sa.Date) and connection.dialect.name != "sqlite":
            return self._days()
        return self._instants(connection.dialect.name, kind)

    def refuse_numbers(self, example: Any) -> None:
        try:
            from_numbers(pa.array([None if example is None else float(example)], pa.float64()), str(self.column), None)
        except ColumnError as error:
            raise error.within(self.place) from None

    def _numbers(self) -> tuple[int, int]:
        each = PER_SECOND[self.unit or "s"]
        # A second more on either side covers what a float rounds.
        return int((self.start.timestamp() - 1) * each), int((self.end.timestamp() + 1) * each)

    def _days(self) -> tuple[date, date]:
        """A day more on either side: a query may make instants of them, in whatever zone."""
        zone = ZoneInfo(self.timezone or self.day_zone)
        return self.start.astimezone(zone).date() - ONE_DAY, self.end.astimezone(zone).date() + 2 * ONE_DAY

    def _instants(self, dialect: str, declared: Any) -> tuple[Any, Any]:
        start, end, timezone = self.start, self.end, self.timezone
        if dialect == "sqlite" or isinstance(declared, sa.String):
            # Text of any ISO form sorts by its date; a day more on either side covers every zone and separator.
            zone = ZoneInfo(timezone or "UTC")
            low = (start.astimezone(zone) - ONE_DAY).date().isoformat()
            return low, (end.astimezone(zone) + 2 * ONE_DAY).date().isoformat()
        aware = declared.timezone if isinstance(declared, sa.DateTime) else timezone is None
        if aware:
            return start.astimezone(UTC), end.astimezone(UTC)
        if timezone is None:
            what = f"column {self.column!r} holds timestamps without a zone"
            raise ColumnError(what, where=self.place, fix="declare timezone beside it")
        # An hour that is struck twice needs both of its strikes, so the bounds reach one hour further.
        zone = ZoneInfo(timezone)
        return (
            (start - timedelta(hours=1)).astimezone(zone).replace(tzinfo=None),
            (end + timedelta(hours=1)).astimezone(zone).replace(tzinfo=None),
        )


def _first(connection: sa.Connection, time: sa.ColumnElement[Any], rows: Any) -> Any:
    """A value of a column, as it is stored; None where there is none."""
    stored = sa.type_coerce(time, NOTHING)
    return connection.execute(sa.select(stored).select_from(rows).where(time.is_not(None)).limit(1)).scalar()


def _stored_kind(connection: sa.Connection, time: sa.ColumnElement[Any], rows: Any, declared: Any) -> Any:
    """What a column holds, of a database where its declared type does not say so."""
    value = _first(connection, time, rows)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return sa.Numeric()
    if value is None:
        return declared if isinstance(declared, sa.Date | sa.DateTime | sa.Integer) else NOTHING
    kinds: dict[type, Any] = {datetime: NOTHING, date: sa.Date(), str: sa.String(), bool: sa.Boolean()}
    return kinds.get(type(value), NOTHING)


def _described_kind(connection: sa.Connection, time: sa.ColumnElement[Any], rows: Any) -> Any:
    """What PostgreSQL says that a column holds; it plans the query for that and reads nothing."""
    try:
        with connection.execute(sa.select(time).select_from(rows).limit(0)) as result:
            described: Any = result.cursor.description if result.cursor else None
    except sa.exc.ProgrammingError as error:
        if compared := COMPARED_NUMBERS.search(str(error.orig)):
            what = f"compares :start or :end with a {compared[1]}, a time column that holds numbers"
            raise ValueError(f"{what}; declare time_unit beside it") from None
        raise
    return POSTGRESQL_TYPES.get(described[0].type_code, NOTHING) if described else NOTHING


MOST_LOOKED_AT = 20
"""Values of a time column, of which one must be a time."""


def refuse_unreadable_times(connection: sa.Connection, query: str | None, rows: Any, bounds: Bounds) -> None:
    """Refuse a table or query without rows because its times are none: databases compare them without an error.

    Parameters
    ----------
    connection : Connection
    query : str or None
        None of a table.
    rows : selectable
        The table; of a query nothing.
    bounds : Bounds

    Raises
    ------
    ColumnError
        If there are rows, and none of the first has a time that can be read.
    """
    if bounds.column is None or (query and connection.dialect.name != "sqlite"):
        return
    time: sa.ColumnClause[Any] = sa.column(bounds.column)
    if query:
        text, bound = bound_query(without_end(query, "sqlite"), "sqlite", ("start", "end"))
        # SQLite sorts numbers before all text, and bytes behind it.
        all_values = {name: value for name, value in (("start", 0), ("end", b"\xff")) if name in bound}
        rows = sa.text(f"({text}\n) AS rows_of_query").bindparams(**all_values)
    values: list[Any] = []
    with suppress(sa.exc.SQLAlchemyError):
        stored = sa.type_coerce(time, NOTHING)
        found = connection.execute(sa.select(stored).select_from(rows).where(time.is_not(None)).limit(MOST_LOOKED_AT))
        values = [row[0] for row in found]
    numbers = [value for value in values if isinstance(value, int | float | Decimal) and not isinstance(value, bool)]
    texts = [value for value in values if isinstance(value, str)]
    held = pa.array([float(number) for number in numbers]) if numbers else pa.array(texts, pa.string())
    if len(held):
        try:
            to_instants(held, bounds.column, bounds.timezone, unit=bounds.unit, day_zone=bounds.day_zone)
        except ColumnError as error:
            raise error.within(bounds.place) from None
