"""The zone of each window, so that it is known after the monitor's has changed; and until when it was relabelled."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

ZONE_OF_RUN = """
UPDATE evaluation SET timezone = COALESCE((
    SELECT run.timezone FROM run
    WHERE run.model = evaluation.model AND run.window_start = evaluation.window_start AND run.grain = evaluation.grain
    ORDER BY run.id DESC LIMIT 1
), '')
"""


def upgrade() -> None:
    op.add_column("evaluation", sa.Column("timezone", sa.Text(), nullable=False, server_default=""))
    op.add_column("evaluation", sa.Column("relabelled_until", INSTANT, nullable=True))
    op.execute(ZONE_OF_RUN)


def downgrade() -> None:
    op.drop_column("evaluation", "relabelled_until")
    op.drop_column("evaluation", "timezone")
