"""A decision keeps both bounds of its limit and what they were computed from; a reference keeps what it measures."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.add_column("decision", sa.Column("low", sa.Float(precision=53), nullable=True))
    op.add_column("decision", sa.Column("high", sa.Float(precision=53)))
    op.add_column("decision", sa.Column("compared", sa.Text(), nullable=False, server_default=""))
    names = ("model", "metric", "segment", "version", "feature", "class")
    op.create_table(
        "reference_value",
        *(sa.Column(name, sa.Text(), nullable=False) for name in names),
        sa.Column("known_on", INSTANT, nullable=False),
        sa.Column("value", sa.Float(precision=53)),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("lower", sa.Float(precision=53)),
        sa.Column("upper", sa.Float(precision=53)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(*names, "known_on"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("reference_value")
    for name in ("compared", "high", "low"):
        op.drop_column("decision", name)
