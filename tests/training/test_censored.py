"""Measurements below what an instrument reads, from the file through the store to the rows that models learn from."""

from io import StringIO

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import ionscout as ion
from ionscout.models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from ionscout.serve.cli import app
from ionscout.serve.tables import TableWriter
from ionscout.serve.text import with_limits
from ionscout.training.data.censored import decades_apart
from ionscout.training.data.contradictions import contradictions
from ionscout.training.data.convert import convert
from ionscout.training.data.repeats import noise_floor
from ionscout.training.data.sources import load_curated
from ionscout.training.data.summary import summarise
from ionscout.training.data.validate import validate, validate_measurements
from ionscout.training.measured_table import MeasuredTable
from ionscout.training.store.measurements import export_measurements
from ionscout.training.store.migrate import MIGRATIONS
from ionscout.training.store.rows import to_rows
from ionscout.training.store.stored_rows import stored_rows
from ionscout.training.studies import limits_kept
from ionscout.training.train import measured_rows

LAB = """formula,temperature_C,conductivity_S_cm,note
Na3PS4,25,2e-4,
Na3BiO4,25,<1e-10,impedance too high
Na2.9Y0.9Hf0.1Cl6,60,< 1E-9,
"""


def one(value, **changes):
    """What validation says of one row of Na3PS4 with this conductivity."""
    row = {"formula": ["Na3PS4"], "temperature_C": [25.0], "conductivity_S_cm": [value]}
    return validate_measurements(pd.DataFrame(row | {name: [cell] for name, cell in changes.items()}))


@pytest.mark.parametrize(
    "typed", ["<1e-10", "< 1E-10", " <1e-10 ", "≤1e-10", "<=1e-10", "=< 1e-10", "⩽ 1e−10", "\uff1c1e-10"]
)
def test_a_limit_is_read_however_it_is_typed(typed):
    report = one(typed)
    assert report.problems.empty
    assert report.valid[["conductivity_S_cm", "conductivity_relation"]].to_numpy().tolist() == [[1e-10, "<"]]


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-17, 1.0), st.sampled_from(["<", "<=", "≤"]), st.sampled_from(["", " "]))
def test_a_limit_comes_back_to_the_last_digit(limit, sign, space):
    assert one(f"{sign}{space}{limit!r}").valid["conductivity_S_cm"].tolist() == [limit]


@pytest.mark.parametrize(
    ("typed", "reason", "remedy"),
    [
        (">1e-3", "lower limit", "leave the row out"),
        ("≥ 1e-3", "lower limit", "leave the row out"),
        (">= 1E-3", "lower limit", "leave the row out"),
        ("~1e-5", "estimate", "quality C"),
        ("<", "not a number", "plain number"),
        ("<1e-30", "no instrument reads", "give S/cm"),
        ("<0", "no instrument reads", "give S/cm"),
        ("<tiny", "not a number", "plain number"),
        ("tiny", "not a number", "or a limit such as <1e-10"),
        ("<1_000", "not a number", "or a limit such as <1e-10"),
        ("<1e-10 S/cm", "a unit inside the cell", "the limit alone, such as <1e-10"),
        ("< 1,5e-10", "a comma as decimal sign", "write <1.5e-10"),
        ("≤1.2 x 10-10", "a power of ten", "<1.2e-4"),
        ("\uff1e1e-3", "lower limit", "leave the row out"),
    ],
)
def test_what_is_no_upper_limit_is_refused_with_row_field_value_and_remedy(typed, reason, remedy):
    report = one(typed)
    assert report.valid.empty
    (error,) = report.errors.to_dict("records")
    assert (error["row"], error["column"]) == (2, "conductivity_S_cm")
    assert error["value"].strip("<") == typed.strip("<")
    assert reason in error["reason"]
    assert remedy in error["remedy"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"conductivity_relation": ">"}, "not a word"),
        ({"conductivity_relation": "<", "conductivity_S_cm": None, "activation_energy_eV": 0.3}, "without the limit"),
    ],
)
def test_a_relation_that_cannot_be_used_is_refused(changes, said):
    report = one(1e-10, **changes)
    assert report.errors["column"].tolist() == ["conductivity_relation"]
    assert said in report.errors["reason"].iloc[0]


def test_a_relation_in_its_own_column_says_the_same():
    assert to_rows(one(1e-10, conductivity_relation="<=").valid, "electrolyte") == to_rows(
        one("<1e-10").valid, "electrolyte"
    )
    assert to_rows(one(1e-10, conductivity_relation="=").valid, "electrolyte") == to_rows(
        one(1e-10).valid, "electrolyte"
    )


def test_only_electrolytes_have_limits():
    hybrid = load_curated("hybrid_electrolytes").head(1).astype(object)
    for typed, reason in (("<1e-10", "a bound"), ("<1,5e-10 S/cm", "a bound"), ("tiny", "not a number")):
        (error,) = validate_measurements(hybrid.assign(conductivity_S_cm=typed)).errors.to_dict("records")
        assert reason in error["reason"]
        assert "<1e-10" not in error["remedy"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_limits_survive_the_store_and_an_export_to_elsewhere(store_uri, tmp_path, ending):
    path = tmp_path / "lab.csv"
    path.write_text(LAB)
    ion.add_measurements(path, by="A. Volta", uri=store_uri)
    kept = ion.measurements("electrolyte", uri=store_uri)
    assert kept["conductivity_S_cm"].tolist() == [2e-4, 1e-10, 1e-9]
    assert kept["conductivity_relation"].tolist() == [None, "<", "<"]
    exported = tmp_path / f"out.{ending}"
    with TableWriter(exported) as writer:
        writer.write(export_measurements(uri=store_uri))
    there = f"sqlite:///{tmp_path / 'there.db'}"
    ion.add_measurements(exported, by="L. Galvani", uri=there)
    assert ion.measurements("electrolyte", uri=there)["row_hash"].tolist() == kept["row_hash"].tolist()
    again = ion.add_measurements(path, by="L. Galvani", uri=store_uri)
    assert (len(again.added), len(again.already)) == (0, 3)
    # The value at the limit is another measurement.
    assert len(ion.add_measurements(pd.read_csv(StringIO(LAB.replace("<", ""))), by="x", uri=store_uri).added) == 2


def older_store(path, *rows):
    """Address of a store from before limits, with these rows in it."""
    uri = f"sqlite:///{path / 'm.db'}"
    engine, config = sa.create_engine(uri), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        tables = sa.MetaData()
        tables.reflect(connection)
        about = {
            "added_by": "A. Volta",
            "added_at": pd.Timestamp.now("UTC"),
            "added_from": "x",
            "ionscout_version": "0",
        }
        connection.execute(tables.tables["additions"].insert(), about)
        for row in rows:
            row = {name: cell for name, cell in row.items() if name != "conductivity_relation"}
            connection.execute(tables.tables["measurements"].insert(), row | {"addition_id": 1})
    return uri


def test_a_store_from_before_is_brought_up_to_date_with_all_that_is_in_it(tmp_path):
    (row,) = to_rows(one(2e-4).valid, "electrolyte")
    uri = older_store(tmp_path, row)
    ion.add_measurements(pd.read_csv(StringIO(LAB)), by="L. Galvani", uri=uri)
    kept = ion.measurements("electrolyte", uri=uri)
    # The first row of the file was there; its hash is what it was.
    assert kept["added_by"].tolist() == ["A. Volta", "L. Galvani", "L. Galvani"]
    assert kept["row_hash"].iloc[0] == row["row_hash"]
    assert kept["conductivity_relation"].tolist() == [None, "<", "<"]


def test_relations_that_an_older_store_kept_as_a_users_own_column_fill_blanks_alone(tmp_path):
    rows = [to_rows(one(value).valid, "electrolyte")[0] for value in (3e-4, 1e-7, 5e-4)]
    said = ['{"conductivity_relation": "=", "furnace": "B2"}', '{"conductivity_relation": "<"}', None]
    uri = older_store(tmp_path, *(row | {"other_columns": own} for row, own in zip(rows, said, strict=True)))
    ion.add_measurements(pd.read_csv(StringIO(LAB)), by="L. Galvani", uri=uri)
    relations = [None, "<", None, None, "<", "<"]
    kept = ion.measurements("electrolyte", uri=uri)
    assert kept["conductivity_relation"].tolist() == relations
    assert kept["furnace"].tolist() == ["B2"] + [None] * 5
    assert ion.measurements(uri=uri)["conductivity_relation"].tolist() == relations
    assert stored_rows(uri)["censored"].tolist() == [relation == "<" for relation in relations]


def test_the_command_line_takes_and_shows_limits(tmp_path, monkeypatch):
    monkeypatch.setenv("IONSCOUT_MEASUREMENTS_URI", f"sqlite:///{tmp_path / 'm.db'}")
    (tmp_path / "lab.csv").write_text(LAB + "Na3PSe4,25,>1e-3,\n")
    added = CliRunner().invoke(app, ["data", "add", str(tmp_path / "lab.csv"), "--by", "A. Volta"])
    assert added.exit_code == 0, added.output
    assert "3 added, 0 already there, 1 refused" in added.output
    assert ">1e-3" in added.output
    listed = CliRunner().invoke(app, ["data", "list"]).output
    assert "<1e-10" in listed
    assert "conductivity_relation" not in listed


@pytest.mark.parametrize("sign", ["<", ""])
def test_numbers_stand_to_the_right_and_limits_among_them(tmp_path, monkeypatch, sign):
    monkeypatch.setenv("IONSCOUT_MEASUREMENTS_URI", f"sqlite:///{tmp_path / 'm.db'}")
    lab = LAB.replace("<", sign).replace("2e-4", "3.21e-4")
    ion.add_measurements(pd.read_csv(StringIO(lab), dtype=str), by="A. Volta")
    listed = CliRunner().invoke(app, ["data", "list"]).output
    head = next(line for line in listed.splitlines() if "conductivity" in line).split("┃")
    column = next(at for at, cell in enumerate(head) if "conductivity" in cell)
    values = [line.split("│")[column] for line in listed.splitlines() if "A. Volta" in line]
    assert [value.strip() for value in values] == ["0.000321", f"{sign}1e-10", f"{sign}1e-09"]
    assert len({len(value.rstrip()) for value in values}) == 1


def test_a_column_without_a_limit_stays_a_column_of_numbers():
    near = pd.DataFrame({"log10_conductivity": [-3.7, np.nan], "conductivity_relation": ["", ""]})
    shown = with_limits(near, log10_conductivity="conductivity_relation")
    pd.testing.assert_frame_equal(shown, near[["log10_conductivity"]])


def test_a_limit_is_no_point_of_a_temperature_run():
    run = pd.DataFrame({"formula": "Na3PS4", "temperature_C": [0.0, 25.0, 60.0, 100.0]})
    done = convert(run.assign(conductivity_S_cm=["<1e-9", 2e-4, 6e-4, 1.5e-3]))
    assert done.problems.empty
    alone = convert(run.tail(3).assign(conductivity_S_cm=[2e-4, 6e-4, 1.5e-3]))
    columns = ["points", "activation_energy_eV", "activation_energy_eV_lower", "vtf_B_K"]
    pd.testing.assert_frame_equal(done.fits[columns], alone.fits[columns])
    # What comes out is what the store takes; the energy of the run is none of the limit's.
    valid = validate_measurements(done.rows.drop(columns="error")).valid
    assert valid["conductivity_relation"].tolist() == ["<", None, None, None]
    assert valid["activation_energy_eV"].isna().tolist() == [True, False, False, False]
    # A polymer's table has no limits: the row is refused, not taken for a value.
    polymer = convert(run.assign(polymer="PEO", conductivity_S_cm=["<1e-9", 2e-4, 6e-4, 1.5e-3]))
    assert polymer.problems["value"].tolist() == ["<1e-9"]


PELLET = {"formula": "Na3BiO4", "temperature_C": 25.0, "resistance_ohm": 1e9, "thickness_cm": 0.1, "area_cm2": 1.0}


def test_a_limit_gives_way_to_the_impedance_that_says_the_value_below_it():
    done = convert(pd.DataFrame([PELLET | {"conductivity_S_cm": "<1e-9"}]))
    assert done.problems.empty
    (row,) = validate_measurements(done.rows.drop(columns="error")).valid.to_dict("records")
    assert row["conductivity_S_cm"] == pytest.approx(1e-10)
    assert row["conductivity_relation"] is None


@pytest.mark.parametrize(
    "typed",
    [{"conductivity_relation": "<"}, *({"conductivity_S_cm": limit} for limit in ("<1.01e-10", "<1e-10", "<9.8e-11"))],
)
def test_an_impedance_that_is_itself_a_limit_stays_one(typed):
    (row,) = convert(pd.DataFrame([PELLET | typed])).rows.to_dict("records")
    assert row["conductivity_S_cm"] == pytest.approx(1e-10)
    assert row["conductivity_relation"] == "<"


def test_a_limit_below_what_its_impedance_says_is_refused():
    done = convert(pd.DataFrame([PELLET | {"conductivity_S_cm": "<9e-11"}]))
    assert done.problems["column"].tolist() == ["conductivity_S_cm"]
    assert done.rows["conductivity_S_cm"].isna().all()


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(-4.0, -10.0, 6.0), (-4.0, "<-10", 6.0), (-11.0, "<-10", 0.0), ("<-10", -4.0, -6.0), ("<-10", "<-4", 0.0)],
)
def test_a_limit_is_apart_from_what_exceeds_it_alone(first, second, expected):
    values = [np.array([float(str(v).lstrip("<"))]) for v in (first, second)]
    flags = [np.array([str(v).startswith("<")]) for v in (first, second)]
    assert decades_apart(*values, *flags).tolist() == [expected]


def test_a_limit_contradicts_what_lies_above_it_and_nothing_else(tmp_path):
    uri = f"sqlite:///{tmp_path / 'm.db'}"
    lab = pd.DataFrame({"formula": "Na3PS4", "temperature_C": 25.0, "conductivity_S_cm": ["<1e-8", "<1e-2"]})
    ion.add_measurements(lab, by="A. Volta", uri=uri)
    stored = stored_rows(uri)
    found = contradictions(stored, pd.concat([measured_rows(), stored]))
    assert set(found["log10_conductivity"]) == {-8.0}
    assert found["censored"].all()
    assert not found["known_censored"].any()
    assert (found["known_log10_conductivity"] > -7.0).all()
    measured = measured_rows()
    known = measured["formula"].eq("Na3PS4") & measured["temperature_C"].eq(25.0)
    known &= measured["state"].eq("crystalline") & measured["log10_conductivity"].notna()
    assert len(found) == known.sum() > 1


def test_within_a_table_limits_repeat_limits_and_contradict_values_above():
    lab = pd.DataFrame({"formula": "Na3PS4", "temperature_C": [25.0] * 4})
    report = validate_measurements(lab.assign(conductivity_S_cm=["<1e-10", "1e-4", "<1e-10", "1e-10"]))
    told = report.problems[report.problems["column"].eq("conductivity_S_cm")]
    repeated = told[told["reason"].str.startswith("the same composition")]
    assert repeated[["row", "value"]].to_numpy().tolist() == [[4, "<1e-10"]]
    (culprit,) = told[told["reason"].str.contains("contradicts row")].to_dict("records")
    assert (culprit["row"], culprit["value"]) == (3, "0.0001")
    assert "<1e-10 S/cm" in culprit["reason"] or "1e-10 S/cm" in culprit["reason"]


def test_limits_are_counted_apart_and_are_no_noise():
    lab = pd.DataFrame(
        {
            "formula": "Na3PS4",
            "temperature_C": 25.0,
            "conductivity_S_cm": ["2e-4", "3e-4", "<1e-10"],
            "url": list("abc"),
        }
    )
    row = summarise([lab]).iloc[0]
    assert (row["measured_conductivity"], row["below_a_limit"]) == (2, 1)
    assert noise_floor(validate(lab).valid)["measurements"].tolist() == [2]


def test_limits_are_taught_and_not_scored(tmp_path):
    uri = f"sqlite:///{tmp_path / 'm.db'}"
    ion.add_measurements(pd.read_csv(StringIO(LAB)), by="A. Volta", uri=uri)
    stored = stored_rows(uri)
    assert stored["censored"].tolist() == [False, True, True]
    curated = measured_rows().dropna(subset=[CONDUCTIVITY.column]).sample(60, random_state=3)
    table = MeasuredTable.of(pd.concat([curated, stored], ignore_index=True))
    assert table.censored(CONDUCTIVITY).sum() == 2
    assert not table.censored(ACTIVATION_ENERGY).any()
    folds = table.folds(CONDUCTIVITY, "system", 3, 0)
    # A limit is held out with its chemical system, so that it tells nothing of it.
    assert (folds[-2:] >= 0).all()
    oof = table.out_of_fold(CONDUCTIVITY, "system", folds)
    assert oof.row.tolist() == list(range(61))
    assert oof.limits is not None
    np.testing.assert_array_equal(oof.limits.limit, [-10.0, -9.0])
    below = (oof.limits.predicted < oof.limits.limit).mean()
    kept = limits_kept(oof)
    assert (kept["limits"], kept["predicted_below"]) == (2, below)
    assert below <= kept["interval_below"] <= 1.0
