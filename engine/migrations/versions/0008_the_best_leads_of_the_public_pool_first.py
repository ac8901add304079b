"""The best leads of the public pool first

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "lead_pool_best",
        "lead",
        ["stage", sa.text("coalesce(grade, 'E')"), sa.text("(- coalesce(engagement, 0))"), "id"],
        postgresql_where=sa.text(
            "owner IS NULL AND merged_into IS NULL AND (pool_since IS NOT NULL OR stage IN ('raw', 'nurture'))"
        ),
    )


def downgrade() -> None:
    op.drop_index("lead_pool_best", table_name="lead")
