"""Conductivities that lie below a limit, such as `<1e-10`."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; blank in all rows that are there, whose hashes stay what they were."""
    op.add_column("measurements", sa.Column("conductivity_relation", sa.Text))


def downgrade() -> None:
    """Refuse: without the column a limit would pass for a measured value."""
    raise RuntimeError("the relation of a conductivity cannot be taken away: limits would pass for measured values")
