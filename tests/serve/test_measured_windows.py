import numpy as np
import pandas as pd
import pytest

from ionscout.serve.measured_windows import differences_by_family, measured_windows
from ionscout.training.data.sources import load_curated


@pytest.fixture
def energies() -> pd.DataFrame:
    return pd.DataFrame({"formula": ["NaCl", "Na2S", "NaBr"], "formation_energy_eV_atom": [-2.131, -1.26, -1.87]})


@pytest.fixture
def rows() -> pd.DataFrame:
    facts = [
        ("NaCl", "halide", "CV", 0.0, 4.5),
        ("NaBr", "halide", "LSV", np.nan, 4.0),
        ("Na2S", "sulfide", "DFT_phase_diagram", 0.0, 1.9),
        ("Na4S3", "sulfide", "CV", 0.0, 3.0),
        ("NaCl", "halide", None, 0.0, 9.0),
        ("NaCl", "halide", "CV", np.nan, np.nan),
    ]
    table = pd.DataFrame(facts, columns=["formula", "family", "window_method", "window_low_V", "window_high_V"])
    return table.assign(state="crystalline", doi=None, url=None, note=None)


def test_only_voltammetry_counts_as_measured(rows, energies):
    assert measured_windows(energies, rows)["formula"].tolist() == ["NaCl", "NaBr", "Na4S3"]


def test_differences_are_measured_minus_the_energy_of_formation(rows, energies):
    found = measured_windows(energies, rows).set_index("formula")
    # A binary salt NaX gives off its anion at minus its energy of formation per formula unit.
    assert found.loc["NaCl", "oxidation_difference_V"] == pytest.approx(4.5 - 2 * 2.131)
    assert found.loc["NaBr", "oxidation_difference_V"] == pytest.approx(4.0 - 2 * 1.87)
    assert found.loc["NaCl", "reduction_difference_V"] == pytest.approx(0.0)
    assert pd.isna(found["reduction_difference_V"]["NaBr"])


def test_a_mixture_at_one_voltage_only_has_no_difference(rows, energies):
    found = measured_windows(energies, rows).set_index("formula").loc["Na4S3"].to_dict()
    assert found["source"] == "assumed on hull"
    assert found["oxidation_limit_V"] == pytest.approx(found["reduction_limit_V"])  # Na2S + S
    assert np.isnan(found["oxidation_difference_V"])


def test_families_are_summed_up_side_by_side(rows, energies):
    found = differences_by_family(measured_windows(energies, rows)).set_index(["limit", "family"])
    assert found["rows"].to_dict() == {
        ("reduction", "halide"): 1,
        ("reduction", "all"): 1,
        ("oxidation", "halide"): 2,
        ("oxidation", "all"): 2,
    }
    expected = np.median([4.5 - 2 * 2.131, 4.0 - 2 * 1.87])
    assert found.loc[("oxidation", "all"), "median"] == pytest.approx(expected)
    assert found.loc[("oxidation", "all"), "exact"] == 2


def test_the_curated_table_is_taken_by_default(external_data):
    found = measured_windows(external_data / "materials_project_formation_energies.csv.gz")
    shipped = load_curated("sodium_electrolytes")
    assert len(found) == (shipped["window_method"].isin(["LSV", "CV"])).sum()
    assert found["error"].isna().all()
    phosphosulfide = found[found["formula"].eq("Na3PS4")]
    # 5 V by voltammetry without carbon (10.1038/ncomms1843), 2.13 V by thermodynamics.
    assert phosphosulfide["oxidation_difference_V"].tolist() == pytest.approx([2.87, 2.87], abs=0.005)
