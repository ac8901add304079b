"""Identifiers that several people share or that name nobody, and what is about to be joined

Revision: 0012, after 0011. Existing identities keep their leads.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identity", sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("identity", sa.Column("visitor_id", sa.BigInteger(), nullable=True))
    op.create_table(
        "identity_claim",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "lead_id"),
    )
    op.create_index(op.f("ix_identity_claim_lead_id"), "identity_claim", ["lead_id"], unique=False)
    op.create_table(
        "pending_merge",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["inbox.event_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index(op.f("ix_pending_merge_low"), "pending_merge", ["low"], unique=False)
    op.create_index(op.f("ix_pending_merge_high"), "pending_merge", ["high"], unique=False)
    op.create_table("nobody_value", sa.Column("value", sa.String(), nullable=False), sa.PrimaryKeyConstraint("value"))


def downgrade() -> None:
    op.drop_table("nobody_value")
    op.drop_table("pending_merge")
    op.drop_table("identity_claim")
    op.drop_column("identity", "visitor_id")
    op.drop_column("identity", "shared")
