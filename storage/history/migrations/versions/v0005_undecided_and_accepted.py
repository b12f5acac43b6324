"""Why a check is undecided, how an incident ended, and which data faults a person accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.add_column("decision", sa.Column("cause", sa.Text(), nullable=False, server_default=""))
    op.add_column("incident", sa.Column("ending", sa.Text(), nullable=False, server_default=""))
    names = ("model", "grain", "code", "subject")
    texts = {name: sa.Column(name, sa.Text(), nullable=False) for name in (*names, "who", "reason")}
    instants = [sa.Column(name, INSTANT, nullable=False) for name in ("since", "until", "known_on")]
    op.create_table(
        "acceptance",
        *texts.values(),
        *instants,
        sa.PrimaryKeyConstraint(*names, "since"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("acceptance")
    op.drop_column("incident", "ending")
    op.drop_column("decision", "cause")
