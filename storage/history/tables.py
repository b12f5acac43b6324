"""The tables of the history.

Every key column is NOT NULL: with a NULL in a key an upsert would insert twice. Instants are UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(sa.TypeDecorator[datetime]):
    """An aware instant: ``timestamptz`` in PostgreSQL, microseconds since 1970 in SQLite, which has no such type."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """The type of the column."""
        return dialect.type_descriptor(sa.BigInteger() if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Refuse naive instants; they would be read back as another moment."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no zone")
        return (value - EPOCH) // MICROSECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Give the instant back in UTC."""
        if value is None:
            return None
        instant: datetime = EPOCH + value * MICROSECOND if dialect.name == "sqlite" else value.astimezone(UTC)
        return instant


metadata = sa.MetaData()


def _key(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, nullable=False)


def _window() -> list[sa.Column[Any]]:
    """The window that a row is about."""
    return [_key("model"), _key("window_start", Instant), _key("grain")]


def _estimate() -> list[sa.Column[Any]]:
    """A value, how many rows it is of, and its interval."""
    return [
        sa.Column("value", sa.Float(53)),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("lower", sa.Float(53)),
        sa.Column("upper", sa.Float(53)),
    ]


measurement = sa.Table(
    "measurement",
    metadata,
    *_window(),
    _key("metric"),
    _key("segment"),
    _key("version"),
    _key("feature"),
    _key("class"),
    _key("method"),
    _key("known_on", Instant),
    sa.Column("family", sa.Text, nullable=False),
    *_estimate(),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("measurement_by_metric", "model", "metric", "segment", "window_start"),
    sqlite_with_rowid=False,
)

confusion = sa.Table(
    "confusion",
    metadata,
    *_window(),
    _key("segment"),
    _key("version"),
    _key("y_true"),
    _key("y_pred"),
    _key("known_on", Instant),
    sa.Column("n", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

evaluation = sa.Table(
    "evaluation",
    metadata,
    *_window(),
    _key("known_on", Instant),
    sa.Column("window_end", Instant, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False, server_default=""),
    sa.Column("relabelled_until", Instant),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("labelled", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("predictions", sa.Text, nullable=False),
    sa.Column("labels", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

finding = sa.Table(
    "finding",
    metadata,
    *_window(),
    _key("code"),
    _key("subject"),
    _key("known_on", Instant),
    sa.Column("family", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

profile = sa.Table(
    "profile",
    metadata,
    *_window(),
    _key("known_on", Instant),
    sa.Column("content_hash", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

decision = sa.Table(
    "decision",
    metadata,
    _key("model"),
    _key("check_name"),
    _key("known_on", Instant),
    sa.Column("window_start", Instant),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("value", sa.Float(53)),
    sa.Column("threshold", sa.Float(53)),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False, server_default=""),
    sa.Column("low", sa.Float(53)),
    sa.Column("high", sa.Float(53)),
    sa.Column("compared", sa.Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)

reference_value = sa.Table(
    "reference_value",
    metadata,
    _key("model"),
    _key("metric"),
    _key("segment"),
    _key("version"),
    _key("feature"),
    _key("class"),
    _key("known_on", Instant),
    *_estimate(),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

rescored = sa.Table(
    "rescored",
    metadata,
    *_window(),
    _key("metric"),
    _key("segment"),
    _key("version"),
    _key("class"),
    _key("method"),
    _key("known_on", Instant),
    *_estimate(),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("window_start", Instant, nullable=False),
    sa.Column("grain", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("known_on", Instant, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("seconds", sa.JSON, nullable=False),
    sa.Index("run_by_model", "model", "window_start"),
)

incident = sa.Table(
    "incident",
    metadata,
    _key("model"),
    _key("check_name"),
    _key("opened_on", Instant),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("window_start", Instant),
    sa.Column("notified_on", Instant),
    sa.Column("closed_on", Instant),
    sa.Column("ending", sa.Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)

acceptance = sa.Table(
    "acceptance",
    metadata,
    _key("model"),
    _key("grain"),
    _key("code"),
    _key("subject"),
    _key("since", Instant),
    sa.Column("until", Instant, nullable=False),
    sa.Column("known_on", Instant, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

mute = sa.Table(
    "mute",
    metadata,
    _key("model"),
    _key("check_name"),
    sa.Column("until", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)


def _message() -> list[sa.Column[Any]]:
    """The message and the target that a row is about."""
    return [_key("model"), _key("subject"), _key("event"), _key("known_on", Instant), _key("target")]


outbox = sa.Table(
    "outbox",
    metadata,
    *_message(),
    sa.Column("number", sa.Integer, nullable=False, server_default="0"),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

delivery = sa.Table(
    "delivery",
    metadata,
    *_message(),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("attempted_at", Instant, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

retraining = sa.Table(
    "retraining",
    metadata,
    _key("model"),
    _key("known_on", Instant),
    _key("purpose"),
    sa.Column("asked", sa.Integer, primary_key=True, nullable=False, autoincrement=False, server_default="1"),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ended_on", Instant),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("champion", sa.Text, nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("gain", sa.Float(53)),
    sa.Column("lower", sa.Float(53)),
    sa.Column("upper", sa.Float(53)),
    sa.Column("n", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

model_version = sa.Table(
    "model_version",
    metadata,
    _key("model"),
    _key("version"),
    sa.Column("known_on", Instant, nullable=False),
    sa.Column("trained_since", Instant, nullable=False),
    sa.Column("trained_until", Instant, nullable=False),
    sa.Column("checksum", sa.Text, nullable=False),
    sa.Column("card", sa.JSON, nullable=False),
    sqlite_with_rowid=False,
)

promotion = sa.Table(
    "promotion",
    metadata,
    _key("model"),
    sa.Column("number", sa.Integer, primary_key=True, nullable=False, autoincrement=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("known_on", Instant, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

RECORD = (
    measurement, confusion, evaluation, finding, profile, decision, reference_value, rescored,
    incident, acceptance, mute, outbox, retraining, model_version, promotion,
)  # fmt: skip
"""What two equal histories agree on: all but runs, their durations, and attempts to deliver."""
