"""The two tables of the store: additions (who, when, from where) and the measurements that each brought."""

import sqlalchemy as sa

from ..data.fields import FIELDS

# The newest revision under migrations/versions, which these tables describe.
REVISION = "0002"
# Columns that the store gives to every measurement; a table that comes in with them was exported, and they are dropped.
PROVENANCE = ("measurement_id", "measurement_kind", "added_by", "added_at", "added_from", "added_row", "row_hash")

METADATA = sa.MetaData()

additions = sa.Table(
    "additions",
    METADATA,
    sa.Column("addition_id", sa.Integer, primary_key=True),
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("added_from", sa.Text, nullable=False),
    sa.Column("file_sha256", sa.String(64)),
    sa.Column("ionscout_version", sa.Text, nullable=False),
)

measurements = sa.Table(
    "measurements",
    METADATA,
    sa.Column("measurement_id", sa.Integer, primary_key=True),
    sa.Column("addition_id", sa.Integer, sa.ForeignKey("additions.addition_id"), nullable=False, index=True),
    sa.Column("measurement_kind", sa.String(16), nullable=False, index=True),
    sa.Column("added_row", sa.Integer, nullable=False),
    sa.Column("row_hash", sa.String(64), nullable=False, unique=True),
    *(sa.Column(field.name, sa.Double if field.number else sa.Text) for field in FIELDS.values()),
    sa.Column("other_columns", sa.Text),  # JSON: columns of the user's own, as text
)
