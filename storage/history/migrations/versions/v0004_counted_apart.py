"""How often a retraining was asked for, apart from how often its flow run died; when it ended; messages in order."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.add_column("retraining", sa.Column("asked", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("retraining", sa.Column("ended_on", INSTANT, nullable=True))
    op.add_column("outbox", sa.Column("number", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("outbox", "number")
    op.drop_column("retraining", "ended_on")
    op.drop_column("retraining", "asked")
