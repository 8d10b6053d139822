"""Sources: the shipped tables, training rows, and other people's data in their own layouts."""

import os

import numpy as np
import pandas as pd
import pytest

from ionscout.training.data import external
from ionscout.training.data.sources import (
    CURATED,
    TRAINING_COLUMNS,
    data_hash,
    element_sets,
    load_curated,
    training_rows,
    window_rows,
)
from ionscout.training.data.validate import validate_measurements

needs_external = pytest.mark.skipif(
    not os.environ.get(external.EXTERNAL_DATA),
    reason=f"{external.EXTERNAL_DATA} names no folder of other people's data",
)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("sodium_electrolytes", 782),
        ("other_ion_electrolytes", 348),
        ("glass_electrolytes", 22610),
        ("hybrid_electrolytes", 123),
        ("sodium_interfaces", 119),
        ("stability_windows", 19607),
    ],
)
def test_every_shipped_table_loads(name, rows):
    assert len(load_curated(name)) == rows


def test_changing_a_loaded_table_changes_nothing_else():
    table = load_curated("sodium_electrolytes")
    table.loc[2, "formula"] = "NaCl"
    assert load_curated("sodium_electrolytes").loc[2, "formula"] == "Na2BNH6"


def test_an_unknown_table_is_refused_with_the_choice():
    with pytest.raises(ValueError, match=", ".join(CURATED)):
        load_curated("potassium_electrolytes")


def test_training_rows_are_measured_and_of_the_material():
    rows = training_rows()
    table = load_curated("sodium_electrolytes")
    assert rows.columns.tolist() == list(TRAINING_COLUMNS)
    assert not rows["computed"].any()
    assert rows[["temperature_C", "log10_conductivity"]].notna().all().all()
    kinds = table.loc[rows["row"], "conductivity_kind"]
    assert not kinds.eq("grain_boundary").any()
    assert not table.loc[rows["row"], "note"].str.startswith("computed", na=False).any()
    np.testing.assert_allclose(
        10 ** rows["log10_conductivity"], table.loc[rows["row"], "conductivity_S_cm"], rtol=1e-12
    )


def test_computed_rows_come_on_request_and_are_marked():
    with_computed = training_rows(computed=True)
    assert with_computed["computed"].sum() > 0
    assert (~with_computed["computed"]).sum() == len(training_rows())


def test_activation_energies_keep_rows_without_temperature():
    rows = training_rows("activation_energy")
    assert rows["activation_energy_eV"].notna().all()
    assert rows["temperature_C"].isna().any()
    assert rows["activation_energy_eV"].median() == pytest.approx(0.38, abs=0.1)


def test_groups_are_element_sets_and_sources():
    rows = training_rows(tables=["sodium_electrolytes", "glass_electrolytes"])
    nasicon = rows[rows["formula"] == "Na3Zr2Si2PO12"]
    assert set(nasicon["group_system"]) == {"Na-O-P-Si-Zr"}
    glass = rows[rows["table"] == "glass_electrolytes"]
    assert glass["group_source"].str.fullmatch(r"sciglass:\d+").all()
    assert set(glass["state"]) == {"glass"}
    assert (rows["group_source"] != "").all()


def test_element_sets_agree_with_pymatgen():
    from pymatgen.core import Composition

    formulas = load_curated("sodium_electrolytes")["formula"].drop_duplicates().head(60)
    expected = ["-".join(sorted(Composition(f).get_el_amt_dict())) for f in formulas]
    assert element_sets(formulas).tolist() == expected


def test_a_users_table_without_source_is_its_own_source():
    lab = pd.DataFrame({"formula": ["Na3PS4", "Na3SbS4"], "temperature_C": 25.0, "conductivity_S_cm": [2e-4, 1e-3]})
    rows = training_rows(tables=["sodium_electrolytes", lab])
    assert rows["group_source"].tail(2).tolist() == ["table 2:row 2", "table 2:row 3"]
    assert rows["weight"].tail(2).tolist() == [1.0, 1.0]


def test_tables_that_hold_no_electrolytes_are_refused():
    with pytest.raises(ValueError, match="kind window"):
        training_rows(tables=["stability_windows"])
    with pytest.raises(ValueError, match="conductivity, activation_energy"):
        training_rows("colour")


def test_windows_are_ordered_and_belong_to_the_hull():
    rows = window_rows()
    limits = rows.dropna(subset=["reduction_limit_V", "oxidation_limit_V"])
    assert (limits["reduction_limit_V"] <= limits["oxidation_limit_V"]).all()
    assert (limits["energy_above_hull_eV_atom"] == 0).all()
    assert set(rows["mobile_ion"]) == {"Na"}


# --------------------------------------------------------------------------------------------------------------- hash


def test_hash_is_stable_and_sees_every_change():
    table = load_curated("sodium_electrolytes")
    first = data_hash(table)
    assert first == data_hash(table.copy().reset_index(drop=True))
    assert (
        len(
            {
                first,
                data_hash(table.iloc[::-1]),
                data_hash(table.iloc[1:]),
                data_hash(table.rename(columns={"doi": "d"})),
            }
        )
        == 4
    )
    changed = table.copy()
    changed["conductivity_S_cm"] = changed["conductivity_S_cm"].to_numpy() * (1 + 1e-15)
    assert data_hash(changed) != first


def test_hash_ignores_how_a_number_is_stored():
    ints, floats = pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [1.0, 2.0]})
    nullable = pd.DataFrame({"x": pd.array([1, 2], dtype="Int64")})
    assert data_hash(ints) == data_hash(floats) == data_hash(nullable)


# ------------------------------------------------------------------------------------------------------- other people's


def test_absent_data_name_the_variable_and_the_route(monkeypatch, tmp_path):
    monkeypatch.delenv(external.EXTERNAL_DATA, raising=False)
    with pytest.raises(FileNotFoundError, match=r"IONSCOUT_EXTERNAL_DATA is not set.*obelix-data"):
        external.load_obelix()
    monkeypatch.setenv(external.EXTERNAL_DATA, str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"liverpool_lithium_conductivity.csv is not there.*10.1038/s41524"):
        external.load_liverpool()


@needs_external
def test_obelix_keeps_its_split_and_its_bounds():
    table = external.load_obelix()
    assert table["split"].value_counts().to_dict() == {"train": 478, "test": 121}
    assert table["censored"].sum() == 37
    assert set(table.loc[table["censored"], "conductivity_S_cm"]) == {1e-10, 1e-8}
    train, test = (set(table.loc[table["split"] == s, "doi"]) for s in ("train", "test"))
    assert not train & test
    assert validate_measurements(table).errors.empty


@needs_external
def test_liverpool_agrees_with_its_own_logarithm():
    table = external.load_liverpool()
    raw = pd.read_csv(external.external_file("liverpool_lithium_conductivity.csv", ""), encoding="utf-8-sig")
    np.testing.assert_allclose(table["log10_conductivity"], raw["log_target"], atol=2e-3)
    assert validate_measurements(table).errors.empty


@needs_external
def test_materials_project_energies_are_whole():
    table = external.load_materials_project_energies()
    assert len(table) == 85014
    assert table["formation_energy_eV_atom"].notna().all()
    assert table["formula"].is_unique


@needs_external
def test_migration_labels_become_hosts_and_ions():
    table = external.load_migration_barriers().drop_duplicates("label").set_index("label").to_dict("index")
    inserted, layered = table["a-V2O5(Li)"], table["O3-NaCoO2"]
    assert (inserted["formula"], inserted["mobile_ion"], inserted["structure_label"]) == ("V2O5", "Li", "a")
    assert (layered["formula"], layered["structure_label"]) == ("NaCoO2", "O3")


@needs_external
def test_polymer_ends_are_marked_as_in_our_hybrids():
    table = external.load_lithium_polymers()
    assert len(table) == 10114
    assert table["polymer_smiles"].str.count(r"\[\*\]").eq(2).mean() > 0.99
    assert table["log10_conductivity"].between(-18, 1).all()
