"""Find what reports read by its time

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("assignment_when", "assignment", ["at"], unique=False, postgresql_using="brin")
    op.create_index("clock_started", "clock", ["started_at"], unique=False, postgresql_using="brin")
    op.create_index(
        "decision_choice", "decision", ["decided_at"], unique=False, postgresql_where=sa.text("body ? 'assignment'")
    )
    op.create_index("decision_when", "decision", ["decided_at"], unique=False, postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("decision_when", table_name="decision", postgresql_using="brin")
    op.drop_index("decision_choice", table_name="decision", postgresql_where=sa.text("body ? 'assignment'"))
    op.drop_index("clock_started", table_name="clock", postgresql_using="brin")
    op.drop_index("assignment_when", table_name="assignment", postgresql_using="brin")
