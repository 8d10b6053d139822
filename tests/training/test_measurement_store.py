"""The measurement store, on SQLite and on PostgreSQL: what goes in comes out, once, with who and when."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import ionscout as ion
from ionscout.serve.tables import TableWriter
from ionscout.training.data.sources import load_curated
from ionscout.training.data.validate import validate
from ionscout.training.store.engine import Database, StoreError
from ionscout.training.store.measurements import _insert, database, export_measurements
from ionscout.training.store.migrate import MIGRATIONS
from ionscout.training.store.rows import to_rows
from ionscout.training.store.tables import METADATA, REVISION

NOW = {"added_at": pd.Timestamp.now("UTC")}
LAB = pd.DataFrame(
    {
        "formula": ["Na3PS4", "Na3SbS4", "Na3P(S4"],
        "temperature_C": [25.0, 60.0, 25.0],
        "conductivity_S_cm": [2.1e-4, 3e-3, 1e-4],
        "sample": ["p7", "p9, hot pressed", "p8"],
    }
)


def test_bad_rows_stay_out_with_their_reason_and_good_ones_go_in(store_uri):
    done = ion.add_measurements(LAB, by="A. Volta", source="notebook 4, page 12", uri=store_uri)
    assert str(done) == "3 rows of a table of kind electrolyte: 2 added, 0 already there, 1 refused"
    assert done.errors[["row", "column"]].to_numpy().tolist() == [[4, "formula"]]
    kept = ion.measurements("electrolyte", uri=store_uri)
    assert kept["formula"].tolist() == ["Na3PS4", "Na3SbS4"]
    assert kept["added_row"].tolist() == [2, 3]
    assert kept["sample"].tolist() == ["p7", "p9, hot pressed"]
    assert set(kept["added_by"]) == {"A. Volta"}
    assert set(kept["added_from"]) == {"notebook 4, page 12"}
    assert (pd.Timestamp.now("UTC") - kept["added_at"]).dt.total_seconds().between(-1, 60).all()


def test_a_row_already_there_is_reported_not_doubled(store_uri):
    first = ion.add_measurements(LAB.head(2), by="A. Volta", uri=store_uri)
    twice = pd.concat([LAB.head(1), LAB.head(1), LAB.head(1).assign(conductivity_S_cm=2.1000000000000003e-4)])
    again = ion.add_measurements(twice, by="L. Galvani", uri=store_uri)
    # The last digit tells two measurements apart; who adds a row does not.
    assert again.added["row"].tolist() == [4]
    assert again.already["row"].tolist() == [2, 3]
    assert set(again.already["added_by"]) == {"A. Volta"}
    assert set(again.already["measurement_id"]) == {first.added["measurement_id"][0]}
    assert len(ion.measurements(uri=store_uri)) == 3
    assert len(ion.measurements(by="L. Galvani", uri=store_uri)) == 1


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("sodium_electrolytes", "electrolyte"),
        ("hybrid_electrolytes", "hybrid"),
        ("sodium_interfaces", "interface"),
    ],
)
def test_export_equals_import_to_the_last_bit(store_uri, table, kind):
    curated = load_curated(table)
    ion.add_measurements(curated, by="A. Volta", uri=store_uri)
    exported = export_measurements(kind, uri=store_uri)
    pd.testing.assert_frame_equal(exported, curated.reset_index(drop=True), check_exact=True)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_a_file_written_and_added_elsewhere_gives_the_same_hashes(tmp_path, ending):
    random = np.random.default_rng(7)
    lab = pd.DataFrame(
        {
            "formula": "Na3Zr2Si2PO12",
            "temperature_C": random.uniform(-50, 300, 500),
            "conductivity_S_cm": 10 ** random.uniform(-12, -1, 500),
            "activation_energy_eV": np.where(random.random(500) < 0.5, np.nan, random.uniform(0.1, 1.0, 500)),
            "note": ['said "dense", 1 µm; λ/4\nsecond line', None, "nan", "25 °C ± 2", "=1+1"] * 100,
            "pellet": ["a", "b,c", None, "007", "1.50"] * 100,
        }
    )
    here, there = (f"sqlite:///{tmp_path / name}.db" for name in ("here", "there"))
    ion.add_measurements(lab, by="A. Volta", uri=here)
    path = tmp_path / f"out.{ending}"
    with TableWriter(path) as writer:
        writer.write(export_measurements(uri=here))
    ion.add_measurements(path, by="L. Galvani", uri=there)
    first, second = (ion.measurements("electrolyte", uri=uri) for uri in (here, there))
    assert first["row_hash"].tolist() == second["row_hash"].tolist()
    assert (
        first["conductivity_S_cm"].tolist() == lab["conductivity_S_cm"].tolist() == second["conductivity_S_cm"].tolist()
    )
    assert first["pellet"].tolist() == second["pellet"].tolist()


def test_a_listing_can_be_added_elsewhere(tmp_path):
    here, there = (f"sqlite:///{tmp_path / name}.db" for name in ("here", "there"))
    ion.add_measurements(LAB, by="A. Volta", uri=here)
    listed = ion.measurements("electrolyte", uri=here)
    done = ion.add_measurements(listed, by="L. Galvani", uri=there)
    assert len(done.added) == 2
    assert ion.measurements("electrolyte", uri=there)["row_hash"].tolist() == listed["row_hash"].tolist()


def test_nothing_is_changed_or_deleted(store_uri):
    ion.add_measurements(LAB, by="A. Volta", uri=store_uri)
    for change in (
        "UPDATE measurements SET formula = 'x'",
        "DELETE FROM measurements",
        "DELETE FROM additions",
    ):
        with pytest.raises(StoreError, match="append-only"), database(store_uri).writing() as connection:
            connection.execute(sa.text(change))
    assert ion.measurements("electrolyte", uri=store_uri)["conductivity_S_cm"].tolist() == [2.1e-4, 3e-3]


def test_an_addition_is_kept_whole_or_not_at_all(store_uri):
    ion.add_measurements(LAB, by="A. Volta", uri=store_uri)
    more = pd.DataFrame({"formula": "Na3PS4", "temperature_C": [25.0, 30.0], "conductivity_S_cm": 1e-4})
    rows = to_rows(validate(more).valid, "electrolyte")
    rows[1]["added_row"] = None  # the database refuses the second row
    with pytest.raises(StoreError):
        _insert(database(store_uri), dict.fromkeys(("added_by", "added_from", "ionscout_version"), "x") | NOW, rows)
    assert len(ion.measurements(uri=store_uri)) == 2
    with database(store_uri).reading() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM additions")).scalar() == 1


def test_the_migrations_make_the_tables_that_the_code_reads(store_uri):
    with database(store_uri).reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert differences == []
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_a_store_of_a_newer_version_is_left_alone(store_uri):
    with database(store_uri).writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer ionscout"):
        Database(store_uri)


@pytest.mark.parametrize("broken", ["a\x00b", "a\ud800b"])
def test_what_is_no_text_is_refused_on_every_database(store_uri, broken):
    lab = LAB.head(2).assign(note=["fine", broken])
    done = ion.add_measurements(lab, by="A. Volta", uri=store_uri)
    assert (len(done.added), done.errors[["row", "column"]].to_numpy().tolist()) == (1, [[3, "note"]])


def test_who_adds_must_be_said(tmp_path):
    with pytest.raises(ValueError, match="say who"):
        ion.add_measurements(LAB, by=" ", uri=f"sqlite:///{tmp_path / 'm.db'}")


def test_glasses_and_all_kinds_together(tmp_path):
    uri = f"sqlite:///{tmp_path / 'm.db'}"
    glass = load_curated("glass_electrolytes").head(2000)
    ion.add_measurements(glass, by="SciGlass", uri=uri)
    ion.add_measurements(load_curated("hybrid_electrolytes").head(5), by="A. Volta", uri=uri)
    pd.testing.assert_frame_equal(export_measurements("glass", uri), glass.reset_index(drop=True), check_exact=True)
    both = ion.measurements(uri=uri)
    assert both["measurement_kind"].value_counts().to_dict() == {"glass": 2000, "hybrid": 5}
    assert "quantity" not in both.columns


def test_a_missing_driver_is_named(tmp_path):
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from ionscout.training.store.engine import Database, StoreError\n"
        "try: Database('postgresql://a:secret@127.0.0.1/x')\n"
        "except StoreError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert "ionscout[postgresql]" in said.stdout
    assert "secret" not in said.stdout


def test_a_server_that_is_not_there_is_said_without_the_password():
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'ionscout[postgresql]'")
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        database("postgresql://a:secret@127.0.0.1:1/x", wait_s=2)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("uri", ["mysql://host/x", "sqlite://", "nonsense"])
def test_other_addresses_are_refused(uri):
    with pytest.raises(StoreError, match="measurement"):
        database(uri)
