import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition, Element, Lattice, Structure

import ionscout as ion
from ionscout.models.physics import arrhenius_decades
from ionscout.models.properties import PROPERTIES
from ionscout.training.data.sources import load_curated

pytestmark = pytest.mark.usefixtures("champion_home")

VALUES = [p.column for p in PROPERTIES.values()]
# Every metal with a Magpie row that forms compounds at all, lanthanides included.
METALS = [e.symbol for e in map(Element.from_Z, range(3, 84)) if e.is_metal or e.is_metalloid]
FORMULAS = ["Na3Zr2Si2PO12", "Na3PS4", "Na2ZrCl6", "Na2.88Sb0.88W0.12S4", "NaAl11O17"]


def test_columns_are_the_ones_promised_in_order():
    expected = ["formula", "temperature_C", "state", "log10_conductivity", "log10_conductivity_lower"]
    table = ion.predict("Na3PS4")
    assert list(table.columns[:5]) == expected
    for column in [*VALUES, "conductivity_S_cm"]:
        assert {column, f"{column}_lower", f"{column}_upper"} <= set(table.columns)
    assert list(table.columns[-4:]) == ["in_domain", "window_source", "hull_source", "error"]


def test_known_electrolytes_come_out_as_measured():
    table = ion.predict(["Na3Zr2Si2PO12", "Na2.88Sb0.88W0.12S4", "NaAl11O17", "NaCl"]).set_index("formula")
    # Measured: NZSP near 1e-3 (10.1016/0025-5408(76)90077-5 and many since), Na2.88Sb0.88W0.12S4 0.032 S/cm
    # (10.1038/s41467-019-13178-2); rock salt is an insulator at room temperature.
    assert table.loc["Na3Zr2Si2PO12", "log10_conductivity"] == pytest.approx(-3, abs=0.7)
    assert table.loc["Na2.88Sb0.88W0.12S4", "log10_conductivity"] == pytest.approx(-1.5, abs=0.7)
    assert table["log10_conductivity"].idxmin() == "NaCl"


def test_bad_rows_keep_their_place_and_harm_no_other():
    whole = ion.predict(FORMULAS)
    mixed = ion.predict(["Na3P(S4", *FORMULAS[:2], None, "", *FORMULAS[2:], "Xx2O3"])
    assert mixed["error"].notna().tolist() == [True, False, False, True, True, False, False, False, True]
    assert "unclosed bracket" in mixed["error"][0]
    pd.testing.assert_frame_equal(
        mixed[mixed["error"].isna()][VALUES].reset_index(drop=True), whole[VALUES], check_exact=True
    )
    assert mixed[mixed["error"].notna()][[*VALUES, "domain_score"]].isna().all().all()


def test_bad_temperatures_and_states_are_named():
    table = pd.DataFrame(
        {
            "formula": ["NaCl"] * 5,
            "temperature_C": [25, -400, "warm", None, 25],
            "state": ["crystalline", None, None, None, "liquid"],
        }
    )
    errors = ion.predict(table)["error"]
    assert errors.isna().tolist() == [True, False, False, True, False]
    assert "-400" in errors[1]
    assert "'warm'" in errors[2]
    assert "'liquid' is not known" in errors[4]


def test_strict_raises_with_the_row():
    with pytest.raises(ValueError, match="row 1: formula 'Na3P\\(S4'"):
        ion.predict(["NaCl", "Na3P(S4"], strict=True)


def test_a_batch_equals_its_parts_and_order_does_not_matter():
    whole = ion.predict(FORMULAS, temperature_C=60).set_index("formula")[VALUES]
    for formula in FORMULAS:
        single = ion.predict(formula, temperature_C=60)[VALUES].iloc[0]
        np.testing.assert_allclose(single, whole.loc[formula], rtol=1e-6, atol=1e-9)
    reverse = ion.predict(FORMULAS[::-1], temperature_C=60).set_index("formula")[VALUES]
    np.testing.assert_allclose(reverse.loc[FORMULAS], whole, rtol=1e-6, atol=1e-9)


def test_scaling_a_formula_changes_nothing():
    one, two = ion.predict(["Na3PS4", "Na6P2S8"])[VALUES].to_numpy()
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


def test_temperatures_tell_one_arrhenius_story():
    temperatures = [-20.0, 25.0, 60.0, 200.0]
    table = ion.predict(["Na3Zr2Si2PO12"] * 4, temperature_C=temperatures)
    energy = table["activation_energy_eV"]
    assert len(set(energy)) == 1
    expected = table["log10_conductivity"][1] + energy[0] * arrhenius_decades(np.array(temperatures), 25.0)
    np.testing.assert_allclose(table["log10_conductivity"], expected, atol=1e-9)
    assert table["log10_conductivity"].is_monotonic_increasing


def test_reduction_never_exceeds_oxidation():
    from ionscout.training.data.sources import load_curated

    formulas = load_curated("sodium_electrolytes")["formula"].drop_duplicates().tolist()
    table = ion.predict(formulas)
    assert (table["reduction_limit_V"] <= table["oxidation_limit_V"]).all()
    for column in VALUES:
        assert (table[f"{column}_lower"] <= table[column]).all()
        assert (table[column] <= table[f"{column}_upper"]).all()


def test_wider_intervals_hold_narrower_ones():
    half, most = ion.predict("Na3PS4", interval=0.5), ion.predict("Na3PS4", interval=0.95)
    for column in VALUES:
        assert most[f"{column}_lower"][0] <= half[f"{column}_lower"][0]
        assert half[f"{column}_upper"][0] <= most[f"{column}_upper"][0]


def test_pymatgen_objects_and_tables_give_what_strings_give():
    salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    expected = ion.predict("NaCl")[VALUES].to_numpy()
    for inputs in (Composition("NaCl"), [Composition("Na2Cl2")], salt, [salt], pd.Series(["NaCl"])):
        np.testing.assert_allclose(ion.predict(inputs)[VALUES].to_numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_structure_stands_in_for_a_missing_formula():
    salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    structures = [salt, "data_cut\n_cell_length_a 5.64\n", salt.to(fmt="cif"), None]
    answer = ion.predict(pd.DataFrame({"formula": [None, None, None, "Na3PS4"], "structure": structures}))
    assert answer["error"].isna().tolist() == [True, False, True, True]
    assert "no atoms" in answer["error"][1]
    expected = ion.predict(["NaCl", "NaCl", "Na3PS4"])[VALUES]
    np.testing.assert_allclose(answer[VALUES].iloc[[0, 2, 3]], expected, rtol=1e-5, atol=1e-6)
    assert ion.predict(pd.DataFrame({"structure": [salt]}))["error"].isna().all()


def test_own_columns_and_index_are_kept():
    table = pd.DataFrame({"batch": ["007", "x"], "formula": ["NaCl", "Na3PS4"]}, index=[10, 4])
    answer = ion.predict(table)
    assert answer.index.tolist() == [10, 4]
    assert answer["batch"].tolist() == ["007", "x"]
    assert list(answer.columns[:2]) == ["batch", "formula"]


def test_a_table_without_formulas_is_refused_with_a_hint():
    with pytest.raises(KeyError, match="rename 'Composition' to 'formula'"):
        ion.predict(pd.DataFrame({"Composition": ["NaCl"]}))


def test_an_empty_list_answers_with_all_columns():
    assert list(ion.predict([]).columns) == list(ion.predict("NaCl").columns)


def test_far_chemistry_is_out_of_domain():
    table = ion.predict(["Na3Zr2Si2PO12", "Fe2O3", "Ni3Al", "SiO2"])
    assert table["in_domain"].tolist() == [True, False, False, False]
    assert table["domain_score"].argmin() == 0


@pytest.mark.parametrize("host", ["Na3Zr2Si2PO12", "Na3PS4", "Na2ZrCl6"])
def test_traces_of_any_metal_leave_the_prediction_at_the_parents(host):
    site = {"Na3Zr2Si2PO12": "Zr", "Na3PS4": "P", "Na2ZrCl6": "Zr"}[host]
    metals = [symbol for symbol in METALS if symbol not in Composition(host)]
    parent = Composition(host)
    doped = [dict(parent.get_el_amt_dict()) for _ in metals]
    for amounts, metal in zip(doped, metals, strict=True):
        amounts[site] -= 1e-4
        amounts[metal] = amounts.get(metal, 0.0) + 1e-4
    table = ion.predict([Composition(a) for a in doped])
    reference = ion.predict(host)
    # 0.02 decades and 0.01 eV are far below what two laboratories agree on.
    assert (table["log10_conductivity"] - reference["log10_conductivity"][0]).abs().max() < 0.02
    assert (table["activation_energy_eV"] - reference["activation_energy_eV"][0]).abs().max() < 0.01


def bounds(table: pd.DataFrame, column: str) -> np.ndarray:
    return table[[column, f"{column}_lower", f"{column}_upper"]].to_numpy()


def test_known_phases_get_their_computed_values_and_say_so():
    shipped = load_curated("stability_windows")
    shipped = shipped[shipped["mobile_ion"].eq("Na")].sample(200, random_state=0)
    table = ion.predict(shipped["formula"])
    is_stable = shipped["oxidation_limit_V"].notna()
    # Compounds of several alkali metals are listed against each; their limits here are against the mobile one.
    one_metal = ~shipped["formula"].str.contains("Li|K(?!r)")
    assert table.loc[one_metal, "window_source"].eq("exact").eq(is_stable[one_metal]).all()
    assert table.loc[one_metal, "hull_source"].eq("exact").all()
    for column, rows in (
        ("energy_above_hull_eV_atom", one_metal),
        ("reduction_limit_V", one_metal & is_stable),
        ("oxidation_limit_V", one_metal & is_stable),
    ):
        expected = np.tile(shipped.loc[rows, [column]], 3)
        np.testing.assert_array_equal(bounds(table[rows], column), expected)


def test_a_glass_is_no_known_crystal_and_a_doped_phase_is_predicted():
    table = ion.predict(
        ["Na3PS4", "Na3PS4", "Na3PS4", "Na2.9P0.9W0.1S4", "Na3P("],
        state=["crystalline", "unknown", "glass", "crystalline", "crystalline"],
    )
    assert table["window_source"].tolist() == ["exact", "exact", "predicted", "predicted", None]
    assert table["hull_source"].tolist() == ["exact", "exact", "predicted", "predicted", None]
    assert table["oxidation_limit_V"][0] == pytest.approx(2.13, abs=0.005)
    assert (table["oxidation_limit_V_lower"] < table["oxidation_limit_V_upper"]).tolist() == [0, 0, 1, 1, 0]


def test_energies_of_ones_own_go_before_the_shipped_table():
    energies = pd.DataFrame({"formula": ["NaCl", "Na3ClO"], "formation_energy_eV_atom": [-2.0, -1.6]})
    table = ion.predict(["NaCl", "Na3PS4", "Na2Zr0.5Cl4", "Na3OCl"], energies=energies)
    # With sodium, chlorine and rock salt alone the salt gives off chlorine at minus its energy of formation.
    assert bounds(table, "oxidation_limit_V")[0].tolist() == [4.0, 4.0, 4.0]
    assert table["window_source"].tolist() == ["exact", "exact", "predicted", "exact"]
    np.testing.assert_array_equal(table.iloc[1:3][VALUES], ion.predict(["Na3PS4", "Na2Zr0.5Cl4"])[VALUES])


def test_unusable_energies_are_refused():
    with pytest.raises(ValueError, match="formation_energy_eV_atom"):
        ion.predict("NaCl", energies=pd.DataFrame({"formula": ["NaCl"], "energy": [-2.0]}))
