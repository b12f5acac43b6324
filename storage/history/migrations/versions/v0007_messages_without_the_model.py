"""Messages do not begin with their model, runs keep what they found, and three names are plain words."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MESSAGES = {"finding": "message", "decision": "reason", "retraining": "reason", "run": "message"}
"""Texts that are about the model of their row and began with it."""

FOUND = "completed with findings: "
"""How the message of a run with findings begins; each of them began with the model."""


def upgrade() -> None:
    op.execute("ALTER TABLE incident RENAME COLUMN told_on TO notified_on")
    op.execute("UPDATE finding SET code = 'runs-missing' WHERE code = 'nights-missing'")
    op.add_column("run", sa.Column("findings", sa.JSON(), nullable=False, server_default="[]"))
    for table, column in MESSAGES.items():
        op.execute(
            f"UPDATE {table} SET {column} = substr({column}, length(model) + 3) "
            f"WHERE substr({column}, 1, length(model) + 2) = model || ': '"
        )
    # The part behind the last finding begins with `data: ` and is about no model of that name.
    op.execute(
        f"UPDATE run SET message = replace(replace(message, '{FOUND}' || model || ': ', '{FOUND}'), "
        f"'; ' || model || ': ', '; ') WHERE substr(message, 1, {len(FOUND)}) = '{FOUND}' AND model <> 'data'"
    )


def downgrade() -> None:
    # Where a message had begun with its model it is not known any longer, and nothing reads it.
    op.drop_column("run", "findings")
    op.execute("UPDATE finding SET code = 'nights-missing' WHERE code = 'runs-missing'")
    op.execute("ALTER TABLE incident RENAME COLUMN notified_on TO told_on")
