"""Sessions end on the server, and attempts to sign in are counted

Revision: 0011, after 0010. Everybody signs in once more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_session",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index(op.f("ix_sign_in_session_user_id"), "sign_in_session", ["user_id"], unique=False)
    op.create_index(op.f("ix_sign_in_session_began_at"), "sign_in_session", ["began_at"], unique=False)
    op.create_table(
        "sign_in_attempts",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_index(op.f("ix_sign_in_attempts_since"), "sign_in_attempts", ["since"], unique=False)
    op.drop_index("sign_in_failure_recent", table_name="sign_in_failure")
    op.drop_table("sign_in_failure")
    op.drop_column("user_account", "uniquifier")


def downgrade() -> None:
    op.add_column("user_account", sa.Column("uniquifier", sa.Text(), nullable=True))
    op.execute("UPDATE user_account SET uniquifier = gen_random_uuid()::text")
    op.alter_column("user_account", "uniquifier", nullable=False)
    op.create_unique_constraint("user_account_uniquifier_key", "user_account", ["uniquifier"])
    op.create_table(
        "sign_in_failure",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sign_in_failure_recent", "sign_in_failure", ["email", "at"], unique=False)
    op.drop_table("sign_in_attempts")
    op.drop_table("sign_in_session")
