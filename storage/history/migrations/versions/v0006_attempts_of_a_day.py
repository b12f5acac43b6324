"""A retraining that a person asks for again on one day has a line of its own, and the line before it stays."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def _columns() -> list[sa.Column[Any]]:
    def text(name: str) -> sa.Column[Any]:
        return sa.Column(name, sa.Text(), nullable=False)

    return [
        text("model"),
        sa.Column("known_on", INSTANT, nullable=False),
        *map(text, ("purpose", "cause", "status", "reason")),
        sa.Column("asked", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("ended_on", INSTANT, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        *map(text, ("version", "champion", "metric")),
        *(sa.Column(name, sa.Float(53), nullable=True) for name in ("gain", "lower", "upper")),
        sa.Column("n", sa.BigInteger(), nullable=False),
    ]


def _rebuild(*key: str, rows: str = "") -> None:
    """Make the table again with another key: SQLite changes none in place."""
    op.rename_table("retraining", "retraining_before")
    op.create_table("retraining", *_columns(), sa.PrimaryKeyConstraint(*key), sqlite_with_rowid=False)
    names = ", ".join(column.name for column in _columns())
    op.execute(f"INSERT INTO retraining ({names}) SELECT {names} FROM retraining_before{rows}")
    op.drop_table("retraining_before")


def upgrade() -> None:
    _rebuild("model", "known_on", "purpose", "asked")


def downgrade() -> None:
    last = (
        " AS it WHERE asked = (SELECT max(other.asked) FROM retraining_before AS other WHERE other.model = it.model"
        " AND other.known_on = it.known_on AND other.purpose = it.purpose)"
    )
    _rebuild("model", "known_on", "purpose", rows=last)
