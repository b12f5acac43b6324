"""The first tables: measurements, confusion counts, evaluations, findings, profiles, decisions and runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

KEY = ("model", "window_start", "grain", "metric", "segment", "version", "feature", "class", "method")

LATEST = f"""
CREATE VIEW latest AS
SELECT * FROM measurement AS newest
WHERE NOT EXISTS (
    SELECT 1 FROM measurement AS later
    WHERE {" AND ".join(f"later.{name} = newest.{name}" for name in KEY)} AND later.known_on > newest.known_on
)
"""


def upgrade() -> None:
    op.create_table(
        "confusion",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", INSTANT, nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("y_true", sa.Text(), nullable=False),
        sa.Column("y_pred", sa.Text(), nullable=False),
        sa.Column("known_on", INSTANT, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model", "window_start", "grain", "segment", "version", "y_true", "y_pred", "known_on"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "decision",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("check_name", sa.Text(), nullable=False),
        sa.Column("known_on", INSTANT, nullable=False),
        sa.Column("window_start", INSTANT, nullable=True),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=True),
        sa.Column("threshold", sa.Float(precision=53), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", "check_name", "known_on"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evaluation",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", INSTANT, nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("known_on", INSTANT, nullable=False),
        sa.Column("window_end", INSTANT, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("labelled", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("predictions", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", "window_start", "grain", "known_on"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "finding",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", INSTANT, nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("known_on", INSTANT, nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", "window_start", "grain", "code", "subject", "known_on"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "measurement",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", INSTANT, nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("known_on", INSTANT, nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("lower", sa.Float(precision=53), nullable=True),
        sa.Column("upper", sa.Float(precision=53), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "model", "window_start", "grain", "metric", "segment", "version", "feature", "class", "method", "known_on"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "measurement_by_metric", "measurement", ["model", "metric", "segment", "window_start"], unique=False
    )
    op.create_table(
        "profile",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", INSTANT, nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("known_on", INSTANT, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", "window_start", "grain", "known_on"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", INSTANT, nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("known_on", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("seconds", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("run_by_model", "run", ["model", "window_start"], unique=False)
    op.execute(LATEST)


def downgrade() -> None:
    op.execute("DROP VIEW latest")
    for table in ("run", "profile", "measurement", "finding", "evaluation", "decision", "confusion"):
        op.drop_table(table)
