"""The glass table as Arrhenius lines, and its rows that are wrong in the source."""

import numpy as np
import pandas as pd
import pytest

from ionscout.training.data.glass_faults import glass_faults
from ionscout.training.data.glass_lines import GlassRows, glass_rows
from ionscout.training.data.sources import load_curated


@pytest.fixture(scope="module")
def table() -> GlassRows:
    return glass_rows()


@pytest.fixture(scope="module")
def faults(table) -> pd.DataFrame:
    return glass_faults(table)


def test_one_line_says_all_rows_of_a_glass(table):
    glasses, rows = table.glasses, table.rows
    told = glasses["activation_energy_eV"].to_numpy()[rows["glass"]]
    middle = glasses[["mean_level", "mean_heat"]].to_numpy()[rows["glass"]]
    line = middle[:, 0] + told * (rows["heat"] - middle[:, 1])
    apart = np.abs(line - rows["log10_conductivity"])[np.isfinite(told)]
    assert apart.quantile(0.99) < 0.02


def test_rows_where_1e_8_is_reached_are_told_apart(table):
    sodium = table.rows[table.rows["mobile_ion"] == "Na"]
    odd = sodium[~sodium["standard"]]
    assert odd["log10_conductivity"].eq(-8.0).all()
    assert set(sodium.loc[sodium["standard"], "temperature_C"]) == {20.0, 100.0, 150.0, 300.0}
    assert 2_100 < len(odd) < 2_140


def test_energies_out_of_a_factor_of_two_are_found(faults):
    # SciGlass paper 11230 gives 1.3 to 1.6 eV for NaPO3-AlF3 glasses; fourteen others give NaPO3 0.52 to 0.82 eV.
    found = faults[faults["sciglass_id"].str.startswith("11230/")]
    assert len(found) == 47
    assert found["rule"].isin(["prefactor"]).mean() > 0.9


def test_a_window_glass_of_a_semiconductor_s_conductivity_is_found(faults):
    # Paper 4111: soda-lime-silica with 4e-2 S/cm at 20 C, twelve decades from every other.
    assert (faults["sciglass_id"].str.startswith("4111/")).sum() == 5


def test_faults_name_row_value_and_reason(faults):
    assert faults["row"].is_unique
    assert faults["reason"].str.len().gt(20).all()
    file = load_curated("glass_electrolytes")
    np.testing.assert_allclose(
        np.log10(file["conductivity_S_cm"].loc[faults["row"]].to_numpy(float)), faults["log10_conductivity"], atol=1e-9
    )
    assert set(faults["rule"]) == {"prefactor", "too conductive", "contradicted", "paper contradicted"}


def test_a_row_that_four_papers_contradict_is_the_one_named():
    level = {"a/1": -6.0, "b/1": -6.2, "c/1": -5.9, "d/1": -6.1, "e/1": -2.5}
    rows = pd.DataFrame(
        {
            "formula": ["Na2Si3O7", "Na2.01Si3O7.005", "Na1.99Si3O6.995", "Na2Si3O7", "Na2Si3O7"],
            "mobile_ion": "Na",
            "temperature_C": 150.0,
            "log10_conductivity": list(level.values()),
            "activation_energy_eV": [0.65, 0.66, 0.64, 0.65, 0.35],
            "group_system": "Na-O-Si",
            "group_source": [name[0] for name in level],
            "year": 2000.0,
            "row": range(2, 7),
            "sciglass_id": list(level),
        }
    )
    found = glass_faults(GlassRows.of(rows))
    assert found[["sciglass_id", "rule", "papers"]].to_numpy().tolist() == [["e/1", "contradicted", 4]]
    assert "3.5 decades from the median of 4 other papers" in found["reason"][0]
