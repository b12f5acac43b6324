"""Rows that come one by one: those that cannot be stored are refused at once, the rest become tables."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lamplighter.errors import ColumnError, one_line

INSTANT = pa.timestamp("us", tz="UTC")
"""How instants are stored, whatever zone they came in."""

MOST_SHAPES = 1000
"""Shapes that are remembered. Columns that are null now and then make many of them; a service has a few."""

WITH_ZONE = "give each timestamp its zone, such as datetime.now(UTC)"

MADE_TOGETHER = 500
"""Rows that Arrow is given at a time: at 20 columns a millisecond, in which no other thread runs."""

REFUSED = "row refused: "

NOT_STORABLE = (pa.ArrowException, OverflowError, TypeError, ValueError)
"""What Arrow raises about values that it cannot hold."""

OF_REQUESTS = (str, int, float, list, dict)
"""The types of JSON: a value that a request brought has one of them, whatever is wrong with it."""

RIGHT: tuple[tuple[type[Exception], str], ...] = (
    (UnicodeError, "text that UTF-8 can encode is right: str.encode(errors='replace') replaces what it cannot"),
    (OverflowError, "integers from -2**63 to 2**63 - 1 are right: log larger ones as text"),
)
"""What would be right in the place of a value that Arrow refuses."""


class BroughtError(ColumnError):
    """A row cannot be stored for a value that a request may have brought; the code that logs is right."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The columns of some rows, and their types.

    Attributes
    ----------
    names : tuple of str
    instants : tuple of (int, bool)
        The places of timestamps, and whether they carry a zone.
    schema : Schema
        As Arrow takes the first of these rows, without columns whose type depends on the content, such as lists.
    """

    names: tuple[str, ...]
    instants: tuple[tuple[int, bool], ...]
    schema: pa.Schema


class Row(NamedTuple):
    """A row that was taken: a tuple is a third of a dict."""

    layout: Layout
    values: tuple[Any, ...]


class Rows:
    """Takes rows and makes tables of them; it remembers each column's type, so that all files have the same.

    Any thread may take rows, and one at a time makes tables.

    Parameters
    ----------
    time : str
        The column that says when a row was predicted.

    Examples
    --------
    >>> rows = Rows("at")
    >>> noon = dt.datetime(2013, 4, 1, 12, tzinfo=dt.UTC)
    >>> taken = [rows.take({"at": noon, "late": late}) for late in (0, 1, "no")]
    >>> table, refused = rows.table(taken)
    >>> table["late"].to_pylist(), len(refused)
    ([0, 1], 1)
    """

    def __init__(self, time: str) -> None:
        self.time = time
        self._layouts: dict[tuple[Any, ...], Layout] = {}
        self._schema = pa.schema([])
        self._fitting = self._refused = 0

    def take(self, row: Mapping[str, Any]) -> Row:
        """The row as it is held. Arrow looks at it only if no row had the same columns and types before.

        Raises
        ------
        BroughtError
            If Arrow cannot hold a value of a type that requests bring, such as 2**70.
        ColumnError
            If its time is missing, null or without a zone, or Arrow has no type for a value.
        """
        names, values = tuple(row), tuple(row.values())
        layout = self._layouts.get((names, *map(type, values)))
        if layout is not None:
            for place, zoned in layout.instants:
                if (values[place].tzinfo is not None) is not zoned:
                    break
            else:
                return Row(layout, values)
        return Row(self._learn(row), values)

    def table(self, rows: Sequence[Row]) -> tuple[pa.Table, list[str]]:
        """The rows as a table, and why some are not in it: one that is at odds with the others costs none of them."""
        made, refused = self._of_batch(rows)
        if self._schema and self._refused + len(refused) > self._fitting + len(rows) - len(refused):
            # More rows have been refused than fitted: it is the earlier ones that were wrong.
            self._schema, self._fitting, self._refused = pa.schema([]), 0, 0
            made, refused = self._of_batch(rows)
        self._fitting += len(rows) - len(refused)
        self._refused += len(refused)
        return made, refused

    def _of_batch(self, rows: Sequence[Row]) -> tuple[pa.Table, list[str]]:
        kept, refused = self._agreeing(rows)
        tables: list[pa.Table] = []
        for begin in range(0, len(kept), MADE_TOGETHER):
            made, faults = self._tables(kept[begin : begin + MADE_TOGETHER])
            tables += made
            refused += faults
            # Threads that answer requests go on meanwhile; they would be kept waiting for 5 ms, Python's interval.
            time.sleep(0)
        if not tables:
            return pa.table({}), refused
        return pa.concat_tables(tables, promote_options="permissive"), refused

    def _learn(self, row: Mapping[str, Any]) -> Layout:
        """The layout of a row whose columns and types are new."""
        try:
            table = with_instants(pa.Table.from_pylist([dict(row)]), self.time)
        except ColumnError:
            raise
        except NOT_STORABLE as error:
            raise fault_of({name: [value] for name, value in row.items()}, pa.schema([]), error) from None
        schema = pa.schema([field for field in table.schema if not _depends_on_content(field.type)])
        layout = Layout(tuple(row), tuple(_instants(row)), schema)
        if isinstance(row[self.time], dt.datetime):
            if len(self._layouts) >= MOST_SHAPES:
                self._layouts.clear()
            self._layouts[(layout.names, *map(type, row.values()))] = layout
        return layout

    def _agreeing(self, rows: Sequence[Row]) -> tuple[Sequence[Row], list[str]]:
        """The rows whose columns have the types of the rows before, and why the others are refused."""
        faults = self._faults(Counter(row.layout for row in rows))
        if not faults:
            return rows, []
        kept = [row for row in rows if row.layout not in faults]
        return kept, [faults[row.layout] for row in rows if row.layout in faults]

    def _faults(self, counts: Counter[Layout]) -> dict[Layout, str]:
        """The layouts that do not agree with the types so far and with those that more rows have, and why."""
        layouts = [layout for layout, _ in counts.most_common()]
        with suppress(*NOT_STORABLE):
            self._schema = self._with(*(layout.schema for layout in layouts))
            return {}
        faults = {}
        for layout in layouts:
            try:
                self._schema = self._with(layout.schema)
            except NOT_STORABLE as error:
                faults[layout] = _reason(error)
        return faults

    def _with(self, *schemas: pa.Schema) -> pa.Schema:
        """The types of all rows so far and of others, where Arrow has one for both and Parquet stores it."""
        known = {field.name: field.type for field in self._schema}
        alike = [_in_known_zones(schema, known) for schema in schemas]
        unified = pa.unify_schemas([self._schema, *alike], promote_options="permissive")
        if unified != self._schema:
            pq.write_metadata(unified, BytesIO())
        return unified

    def _tables(self, rows: Sequence[Row]) -> tuple[list[pa.Table], list[str]]:
        """Tables of rows; where they are at odds in what lists or structures hold, each is looked at."""
        try:
            return [self._made(rows)], []
        except (ColumnError, *NOT_STORABLE):
            looked_at, refused = self._looked_at(rows)
        agreeing, faults = self._agreeing(looked_at)
        made, others = self._sound(agreeing)
        return made, refused + faults + others

    def _looked_at(self, rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
        """Rows with the types of their lists, structures and decimals, and why Arrow does not take the others."""
        layouts: dict[tuple[int, str], Layout] = {}
        untyped = {id(row.layout): _untyped(row.layout) for row in rows}
        found, refused = [], []
        for row in rows:
            known = row.layout
            own = {name: [row.values[place]] for place, name in untyped[id(known)]}
            try:
                schema = pa.table(own).schema
            except NOT_STORABLE as error:
                refused.append(_reason(fault_of(own, self._schema, error)))
                continue
            key = (id(known), str(schema))
            if key not in layouts:
                layouts[key] = Layout(known.names, known.instants, pa.schema([*known.schema, *schema]))
            found.append(Row(layouts[key], row.values))
        return found, refused

    def _sound(self, rows: Sequence[Row]) -> tuple[list[pa.Table], list[str]]:
        """Tables of rows, halved until a row that only Arrow can judge is alone."""
        if not rows:
            return [], []
        try:
            return [self._made(rows)], []
        except (ColumnError, *NOT_STORABLE) as error:
            if len(rows) == 1:
                fault = error if isinstance(error, ColumnError) else fault_of(_columns(rows), self._schema, error)
                return [], [_reason(fault)]
        half = len(rows) // 2
        first, refused_first = self._sound(rows[:half])
        second, refused_second = self._sound(rows[half:])
        return first + second, refused_first + refused_second

    def _made(self, rows: Sequence[Row]) -> pa.Table:
        table = with_instants(pa.table(_columns(rows)), self.time)
        self._schema = self._with(table.schema)
        return table.cast(pa.schema([self._schema.field(name) for name in table.column_names]))


def with_instants(table: pa.Table, time: str) -> pa.Table:
    """The table with its time in UTC microseconds.

    Raises
    ------
    ColumnError
        If the time is missing, not a timestamp, without a zone, or null somewhere.
    """
    if time not in table.column_names:
        names = ", ".join(table.column_names)
        raise ColumnError(f"column {time!r} is missing", time, missing=True, fix=f"columns: {names}")
    column = table[time]
    if column.null_count:
        what = f"column {time!r} is null in {column.null_count} of {len(column)} rows"
        raise ColumnError(what, time, fix=WITH_ZONE)
    if not len(column) and pa.types.is_null(column.type):
        # Empty lists have no type, and nothing to be wrong.
        column = column.cast(INSTANT)
    if not pa.types.is_timestamp(column.type):
        raise ColumnError(f"column {time!r} holds {column.type}", time, fix="timestamps with a zone are right")
    if column.type.tz is None:
        raise ColumnError(f"column {time!r} has no time zone", time, fix=WITH_ZONE)
    # What is finer than a microsecond is cut off; what is too far away for one is an error.
    instants = pc.cast(column, options=pc.CastOptions(target_type=INSTANT, allow_time_truncate=True))
    return table.set_column(table.column_names.index(time), time, instants)


def refuse_naive(time: str, column: object) -> None:
    """Refuse a list in which any timestamp is naive: Arrow takes the zone of the first for all."""
    if isinstance(column, list | tuple) and any(isinstance(at, dt.datetime) and at.tzinfo is None for at in column):
        raise ColumnError(f"column {time!r} has no time zone", time, fix=WITH_ZONE)


def _instants(row: Mapping[str, Any]) -> list[tuple[int, bool]]:
    return [
        (place, value.tzinfo is not None) for place, value in enumerate(row.values()) if isinstance(value, dt.datetime)
    ]


def _columns(rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
    """The values of each column, None where a row has no such column."""
    layouts = {id(row.layout): row.layout for row in rows}
    names = {layout.names for layout in layouts.values()}
    if len(names) == 1:
        return dict(zip(names.pop(), zip(*(row.values for row in rows), strict=True), strict=True))
    every = dict.fromkeys(name for layout in layouts.values() for name in layout.names)
    mappings = [dict(zip(row.layout.names, row.values, strict=True)) for row in rows]
    return {name: [mapping.get(name) for mapping in mappings] for name in every}


def _untyped(layout: Layout) -> list[tuple[int, str]]:
    """The places and names of columns whose type a layout does not say."""
    typed = {*layout.schema.names}
    return [(place, name) for place, name in enumerate(layout.names) if name not in typed]


def _depends_on_content(kind: pa.DataType) -> bool:
    """Whether values of one type of Python may have this type of Arrow and others."""
    return bool(pa.types.is_nested(kind) or pa.types.is_decimal(kind))


def _in_known_zones(schema: pa.Schema, known: dict[str, pa.DataType]) -> pa.Schema:
    """Timestamps that carry a zone in the zone of the rows before, which are added to: Arrow has no type for two."""
    for place, field in enumerate(schema):
        before = known.setdefault(field.name, field.type)
        if before != field.type and all(pa.types.is_timestamp(each) and each.tz for each in (before, field.type)):
            schema = schema.set(place, field.with_type(pa.timestamp(field.type.unit, before.tz)))
    return schema


def fault_of(columns: Mapping[str, Sequence[Any]], schema: pa.Schema, error: Exception) -> ColumnError:
    """What is wrong with a row, by the first column that Arrow does not take alone, or not in the type so far."""
    for name, values in columns.items():
        if not isinstance(name, str):
            return ColumnError(f"{REFUSED}the column {name!r} is named by no text", fix="name columns by text")
        try:
            name.encode()
            array = pa.array(values)
            if name in schema.names:
                array.cast(schema.field(name).type)
        except NOT_STORABLE as found:
            kind = BroughtError if isinstance(next(iter(values), None), OF_REQUESTS) else ColumnError
            fix = next((right for of, right in RIGHT if isinstance(found, of)), "log values that Arrow has a type for")
            return kind(f"{REFUSED}column {name!r}: {one_line(found)}", name, fix=fix)
    return ColumnError(_reason(error), fix="log values that Arrow has a type for")


def _reason(error: Exception) -> str:
    said = one_line(error)
    return said if said.startswith(REFUSED) else REFUSED + said
