"""Additions and measurements, neither of which can be changed or deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = (
    *("formula", "mobile_ion", "family", "state", "structure_label", "temperature_stated", "conductivity_kind"),
    *("method", "window_method", "processing", "doi", "url", "note", "quality", "sciglass_id", "author", "polymer"),
    *("polymer_smiles", "salt", "salt_loading_unit", "filler", "plasticizer", "class", "electrolyte_formula"),
    *("counterpart", "quantity", "value", "unit", "modification"),
)
_NUMBERS = (
    *("temperature_C", "conductivity_S_cm", "activation_energy_eV", "window_low_V", "window_high_V"),
    *("transference_number", "ccd_mA_cm2", "relative_density_pct", "year", "salt_loading", "filler_wt_pct"),
    *("energy_above_hull_eV_atom", "reduction_limit_V", "oxidation_limit_V", "competing_phases"),
)


def upgrade() -> None:
    """Make both tables, and triggers that refuse to change what is in them."""
    op.create_table(
        "additions",
        sa.Column("addition_id", sa.Integer, primary_key=True),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_from", sa.Text, nullable=False),
        sa.Column("file_sha256", sa.String(64)),
        sa.Column("ionscout_version", sa.Text, nullable=False),
    )
    op.create_table(
        "measurements",
        sa.Column("measurement_id", sa.Integer, primary_key=True),
        sa.Column("addition_id", sa.Integer, sa.ForeignKey("additions.addition_id"), nullable=False, index=True),
        sa.Column("measurement_kind", sa.String(16), nullable=False, index=True),
        sa.Column("added_row", sa.Integer, nullable=False),
        sa.Column("row_hash", sa.String(64), nullable=False, unique=True),
        *(sa.Column(name, sa.Text) for name in _TEXT),
        *(sa.Column(name, sa.Double) for name in _NUMBERS),
        sa.Column("other_columns", sa.Text),
    )
    refuse = _refuse_on_postgresql if op.get_bind().dialect.name == "postgresql" else _refuse_on_sqlite
    refuse()


def downgrade() -> None:
    """Refuse: going back would throw measurements away."""
    raise RuntimeError("the first revision of the measurement store cannot be undone without losing measurements")


def _refuse_on_sqlite() -> None:
    for table in ("additions", "measurements"):
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION ionscout_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in ("additions", "measurements"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ionscout_append_only()"
        )
