"""What a registered version answers when it is run again on the rows of past windows, apart from what was served."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    names = ("metric", "segment", "version", "class", "method")
    op.create_table(
        "rescored",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", INSTANT, nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in names),
        sa.Column("known_on", INSTANT, nullable=False),
        sa.Column("value", sa.Float(precision=53)),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("lower", sa.Float(precision=53)),
        sa.Column("upper", sa.Float(precision=53)),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", "window_start", "grain", *names, "known_on"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("rescored")
