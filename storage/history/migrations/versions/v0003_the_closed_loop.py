"""Incidents, messages about them, retrainings, versions of models, and who is champion."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, INSTANT, nullable=nullable)


def _message() -> list[sa.Column[Any]]:
    return [*_text("model", "subject", "event"), _instant("known_on"), *_text("target")]


MESSAGE = ("model", "subject", "event", "known_on", "target")


def _table(name: str, columns: list[sa.Column[Any]], key: tuple[str, ...]) -> None:
    op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key), sqlite_with_rowid=False)


def upgrade() -> None:
    incident = [*_text("model", "check_name"), _instant("opened_on"), *_text("severity")]
    incident += [_instant(name, nullable=True) for name in ("window_start", "told_on", "closed_on")]
    _table("incident", incident, ("model", "check_name", "opened_on"))
    mute = [*_text("model", "check_name"), _instant("until"), *_text("reason")]
    _table("mute", mute, ("model", "check_name"))
    _table("outbox", [*_message(), *_text("severity", "title", "body", "report")], MESSAGE)
    attempts = [*_text("status"), sa.Column("attempts", sa.Integer(), nullable=False), _instant("attempted_at")]
    _table("delivery", [*_message(), *attempts, *_text("error")], MESSAGE)
    _table(
        "retraining",
        [
            *_text("model"),
            _instant("known_on"),
            *_text("purpose", "cause", "status", "reason"),
            sa.Column("attempt", sa.Integer(), nullable=False),
            *_text("version", "champion", "metric"),
            *(sa.Column(name, sa.Float(53), nullable=True) for name in ("gain", "lower", "upper")),
            sa.Column("n", sa.BigInteger(), nullable=False),
        ],
        ("model", "known_on", "purpose"),
    )
    version = [*_text("model", "version"), *(_instant(n) for n in ("known_on", "trained_since", "trained_until"))]
    version += [*_text("checksum"), sa.Column("card", sa.JSON(), nullable=False)]
    _table("model_version", version, ("model", "version"))
    promotion = [*_text("model"), sa.Column("number", sa.Integer(), nullable=False), *_text("version", "previous")]
    _table("promotion", [*promotion, _instant("known_on"), *_text("cause")], ("model", "number"))


def downgrade() -> None:
    for name in ("promotion", "model_version", "retraining", "delivery", "outbox", "mute", "incident"):
        op.drop_table(name)
