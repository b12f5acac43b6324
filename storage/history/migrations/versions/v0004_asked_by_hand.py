"""How often a person asked for the retraining of a night, apart from how often its flow run died."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("retraining", sa.Column("asked", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    op.drop_column("retraining", "asked")
