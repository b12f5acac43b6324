"""A table of a database, to which each batch of predictions is written in one transaction."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lamplighter.core.secrets import database_secrets, hide
from lamplighter.errors import LamplighterError, one_line
from lamplighter.serving.sql_fit import fitting, is_lasting, is_of_a_row, name_fault, unfit_names
from lamplighter.serving.sql_values import records, sql_type
from lamplighter.serving.written import Written

if TYPE_CHECKING:
    import sqlalchemy as sa

CONNECT_SECONDS = 10
"""How long PostgreSQL may take for a connection; its driver would wait for minutes."""

INSERTED_TOGETHER = 1000
"""Rows that a driver is given at a time: beyond them it gains nothing, and holds each a second time meanwhile."""


class SqlTable:
    """A table of a database as the place of a `PredictionLog`; needs SQLAlchemy and the driver of the database.

    A batch and its name, in the table ``<table>_batches``, are one transaction: whatever is repeated after a lost
    connection or a killed server, each batch is there whole and once. No ids are needed for that. A row that the
    database refuses, such as one whose id is taken, costs no other of its batch.

    Parameters
    ----------
    url : str
        Any SQLAlchemy URL; messages show none of its secrets.
    table : str
        Its name, with a schema where it is not in the default one.
    time : str, default="predicted_at"
        The column that gets an index when the table is made.
    create : bool, default=True
        Make the tables when they are absent, with the columns of the first batch, and add a column when a batch has
        a new one. Otherwise a batch waits until the table has its columns.

    Examples
    --------
    >>> import tempfile
    >>> from lamplighter.serving import PredictionLog
    >>> folder = tempfile.TemporaryDirectory()
    >>> noon = dt.datetime(2013, 4, 1, 12, tzinfo=dt.UTC)
    >>> with PredictionLog(SqlTable(f"sqlite:///{folder.name}/log.db", "predictions")) as log:
    ...     log.append({"predicted_at": noon, "late": 0})
    >>> folder.cleanup()
    """

    def __init__(self, url: str, table: str, *, time: str = "predicted_at", create: bool = True) -> None:
        try:
            import sqlalchemy as sa
        except ImportError:
            fix = "pip install sqlalchemy, and the driver of the database, such as psycopg[binary]"
            raise LamplighterError("SQLAlchemy is not installed", where="SqlTable", fix=fix) from None
        self._secrets = database_secrets(url)
        self.table, self._time, self._create = table, time, create
        try:
            parts = sa.make_url(url)
            options = {"connect_timeout": CONNECT_SECONDS} if parts.drivername in _WITH_TIMEOUT else {}
            # A connection for each batch: none breaks while it is idle, and none is shared by forked processes.
            self._engine = sa.create_engine(
                url, poolclass=sa.NullPool, connect_args=options, hide_parameters=True, json_serializer=_JSON
            )
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError, ValueError) as error:
            fix = "a URL such as postgresql+psycopg://user:password@host/database is right"
            raise LamplighterError(self._hidden(one_line(error)), where=f"table {table}", fix=fix) from None
        if fault := name_fault(time, (), self._engine.dialect):
            raise LamplighterError(fault, where=f"table {table}")
        self._target: sa.Table | None = None

    def __str__(self) -> str:
        return f"table {self.table} of {self._engine.dialect.name}"

    def write(self, table: pa.Table, name: str) -> Written:
        """Insert a batch in one transaction, unless a batch of this name is there.

        Raises
        ------
        LamplighterError
            If the database does not answer, or has no such table or columns.
        """
        import sqlalchemy as sa

        if not table.num_rows:
            return Written()
        try:
            target, unfit = self._made(table.schema)
            fits, unfitting = fitting(table, target, unfit, self._engine.dialect)
            rows = records(fits, self._engine.dialect.name)
            if unfitting:
                # If the columns are changed meanwhile, the next batch sees it.
                self._target = None
            with self._engine.begin() as connection:
                if not _is_new(connection, self._batches(), name, len(rows)):
                    return Written(len(rows), refused=unfitting)
                refused = _insert(connection, target, rows)
            return Written(len(rows) - len(refused), refused=unfitting + refused)
        except sa.exc.SQLAlchemyError as error:
            # If the table is mended meanwhile, the next try sees it.
            self._target = None
            why = one_line(getattr(error, "orig", None) or error)
            raise LamplighterError(self._hidden(why), where=str(self)) from None

    def _made(self, schema: pa.Schema) -> tuple[sa.Table, dict[str, str]]:
        """The table, made or widened where that is allowed, and the columns that it cannot get, with the reason."""
        known = [field for field in schema if not pa.types.is_null(field.type)]
        if self._target is None:
            self._target = self._found_or_made(known)
        missing = [field for field in known if field.name not in self._target.c]
        unfit = unfit_names([field.name for field in missing], self._target.c.keys(), self._engine.dialect)
        missing = [field for field in missing if field.name not in unfit]
        if not missing:
            return self._target, unfit
        if not self._create:
            names = ", ".join(field.name for field in missing)
            self._target = None
            raise LamplighterError(f"no column {names}", where=str(self), fix="add it, or log rows without it")
        for field in missing:
            unfit |= self._added(self._target, field)
        self._target = self._reflected()
        # Another writer may have added it.
        return self._target, {name: why for name, why in unfit.items() if name not in self._target.c}

    def _added(self, table: sa.Table, field: pa.Field) -> dict[str, str]:
        """Add a column; where the table can never get it, its name and why."""
        import sqlalchemy as sa

        dialect = self._engine.dialect
        column = sa.schema.CreateColumn(sa.Column(field.name, sql_type(field.type))).compile(dialect=dialect)
        quoted = dialect.identifier_preparer.format_table(table)
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql(f"ALTER TABLE {quoted} ADD COLUMN {column}")
        except sa.exc.DBAPIError as error:
            if not is_lasting(error):
                raise
            why = self._hidden(one_line(error.orig or error))
            return {field.name: f"column {field.name!r} cannot be added: {why}; log rows without it"}
        return {}

    def _found_or_made(self, known: Sequence[pa.Field]) -> sa.Table:
        import sqlalchemy as sa

        schema, name = self._schema_and_name()
        inspector = sa.inspect(self._engine)
        there = {each: inspector.has_table(each, schema=schema) for each in (name, f"{name}_batches")}
        if not all(there.values()):
            absent = " and no table ".join(each for each, found in there.items() if not found)
            if not self._create:
                fix = f"create it ({name}_batches: name text primary key, rows bigint, written_at timestamptz)"
                raise LamplighterError(f"no table {absent}", where=str(self), fix=fix)
            self._batches().create(self._engine, checkfirst=True)
            unfit = unfit_names([each.name for each in known], (), self._engine.dialect)
            fields = [each for each in known if each.name not in unfit]
            try:
                self._create_with(fields)
            except sa.exc.DBAPIError as error:
                if not is_lasting(error):
                    raise
                # Columns that are added one by one show which of them is at fault.
                self._create_with([each for each in fields if each.name == self._time] or fields[:1])
        return self._reflected()

    def _create_with(self, fields: Sequence[pa.Field]) -> None:
        import sqlalchemy as sa

        schema, name = self._schema_and_name()
        columns = [sa.Column(each.name, sql_type(each.type), index=each.name == self._time) for each in fields]
        sa.Table(name, sa.MetaData(), *columns, schema=schema).create(self._engine, checkfirst=True)

    def _reflected(self) -> sa.Table:
        import sqlalchemy as sa

        schema, name = self._schema_and_name()
        return sa.Table(name, sa.MetaData(), schema=schema, autoload_with=self._engine)

    def _batches(self) -> sa.Table:
        import sqlalchemy as sa

        schema, name = self._schema_and_name()
        return sa.Table(
            f"{name}_batches",
            sa.MetaData(),
            sa.Column("name", sa.String(255), primary_key=True),
            sa.Column("rows", sa.BigInteger, nullable=False),
            sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
            schema=schema,
        )

    def _schema_and_name(self) -> tuple[str | None, str]:
        schema, _, name = self.table.rpartition(".")
        return schema or None, name

    def _hidden(self, text: str) -> str:
        return hide(text, self._secrets)


_JSON = partial(json.dumps, default=str, ensure_ascii=False)
"""How lists and objects are stored: what JSON has no type for, such as a timestamp, as its text."""

_WITH_TIMEOUT = frozenset({"postgresql", "postgresql+psycopg", "postgresql+psycopg2"})


def _is_new(connection: sa.Connection, batches: sa.Table, name: str, rows: int) -> bool:
    """Take the name of a batch; False where it is taken. Two that take it at once are distinguished by the key."""
    import sqlalchemy as sa

    if connection.scalar(sa.select(sa.literal(1)).where(batches.c.name == name).select_from(batches)):
        return False
    connection.execute(batches.insert(), {"name": name, "rows": rows, "written_at": dt.datetime.now(dt.UTC)})
    return True


def _insert(connection: sa.Connection, target: sa.Table, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Insert rows, halving them where one is refused; returns why each that is refused was."""
    import sqlalchemy as sa

    refused: list[str] = []
    pending = [records[i : i + INSERTED_TOGETHER] for i in range(0, len(records), INSERTED_TOGETHER)][::-1]
    while pending:
        some = pending.pop()
        try:
            with connection.begin_nested():
                connection.execute(target.insert(), list(some))
        except (sa.exc.SQLAlchemyError, OverflowError, TypeError, ValueError) as error:
            if not is_of_a_row(error):
                raise
            if len(some) == 1:
                refused.append(one_line(getattr(error, "orig", None) or error))
            else:
                half = len(some) // 2
                pending += [some[half:], some[:half]]
    return refused
