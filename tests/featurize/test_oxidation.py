import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Composition

import ionscout
from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.elements import INDEX
from ionscout.featurize.oxidation import ROUNDING_TOLERANCE, assign_oxidation_states
from ionscout.featurize.radii import known_states

CURATED = Path(ionscout.__file__).parent / "training" / "curated"


def assign(*formulas):
    return assign_oxidation_states(CompositionBatch.from_formulas(list(formulas)))


@pytest.mark.parametrize(
    ("formula", "states"),
    [
        ("Na3Zr2Si2PO12", {"O": -2, "Na": 1, "Si": 4, "P": 5, "Zr": 4}),
        ("Na3.4Zr2Si2.4P0.6O12", {"O": -2, "Na": 1, "Si": 4, "P": 5, "Zr": 4}),
        ("Na62MgZr39Si40P20O240", {"O": -2, "Na": 1, "Mg": 2, "Si": 4, "P": 5, "Zr": 4}),
        ("Na2.88Sb0.88W0.12S4", {"Na": 1, "S": -2, "Sb": 5, "W": 6}),
        ("Na2.9375PS3.9375Cl0.0625", {"Na": 1, "P": 5, "S": -2, "Cl": -1}),
        ("NaTaCl6", {"Na": 1, "Cl": -1, "Ta": 5}),
        ("Na2.4TaC1.2O3.6Cl5", {"C": 4, "O": -2, "Na": 1, "Cl": -1, "Ta": 5}),
    ],
)
def test_known_electrolytes_are_neutral_in_their_usual_states(formula, states):
    found = assign(formula)
    assert found.row(0) == pytest.approx(states)
    assert found.residual_charge[0] == pytest.approx(0, abs=1e-6)
    assert found.reasons[0] is None


def test_a_charged_formula_keeps_its_residual():
    found = assign("Na0.5Zr2Si2PO12")
    assert found.residual_charge[0] == pytest.approx(-2.5)
    assert found.reasons[0] == "no combination of known states is neutral; nearest residual -2.5"


def test_mixed_valence_is_an_average_over_atoms():
    found = assign("Fe3O4", "Li0.5FePO4", "Na0.67MnO2")
    assert found.states[0, INDEX["Fe"]] == pytest.approx(8 / 3)
    assert found.states[1, INDEX["Fe"]] == pytest.approx(2.5)
    assert found.states[2, INDEX["Mn"]] == pytest.approx(3.33)
    assert found.neutral.all()


def test_high_entropy_formulas_are_balanced():
    found = assign("Na3Zr0.4Hf0.4Ti0.4Sn0.4Sc0.4Si1.6P1.4O12", "Co0.2Fe0.2Ni0.2Cu0.2Zn0.2O")
    assert found.residual_charge == pytest.approx([0, 0], abs=1e-6)
    assert found.row(0)["Sc"] == 3
    assert found.row(0)["Hf"] == 4


def test_rounded_decimals_are_forgiven_but_reported():
    found = assign("Na3.33Zr2Si2.34P0.66O12", "Na3.33Zr2Si2.34P0.56O12")
    assert found.reasons[0] is None
    assert found.residual_charge[0] == pytest.approx(3.33 + 8 + 4 * 2.34 + 5 * 0.66 - 24)
    assert abs(found.residual_charge[0]) < ROUNDING_TOLERANCE * 24
    assert found.states[0, INDEX["Zr"]] == 4
    assert found.residual_charge[1] == pytest.approx(-0.51)
    assert "nearest residual -0.51" in found.reasons[1]


def test_refusals_say_why():
    found = assign("NaFe", "HeNa", "Na2O2", "Na3P(S4", "Na")
    assert found.reasons[0] == "every element is known only with positive states (intermetallic or alloy)"
    assert found.reasons[1] == "no oxidation state is known for He"
    assert np.isnan(found.residual_charge[1])
    assert "nearest residual -2" in found.reasons[2]
    assert found.reasons[3] == CompositionBatch.from_formulas(["Na3P(S4"]).errors[0]
    assert np.isnan(found.states[3]).all()
    assert found.row(4) == {"Na": 0.0}


def pymatgen_guesses(formulas):
    """First guesses of formulas small enough for pymatgen; None where it has none."""
    for formula in formulas:
        composition = Composition(formula)
        whole = all(amount == int(amount) for amount in composition.values())
        if whole and composition.num_atoms <= 40 and len(composition) <= 6:
            guesses = composition.oxi_state_guesses()
            yield formula, guesses[0] if guesses else None


def test_pymatgen_s_first_guess_is_found_on_real_formulas():
    tables = [pd.read_csv(CURATED / name) for name in ("sodium_electrolytes.csv", "other_ion_electrolytes.csv")]
    windows = pd.read_csv(CURATED / "stability_windows.csv.gz").formula
    formulas = [*pd.concat(tables).formula.unique(), *windows.sample(150, random_state=0)]
    expected = {formula: guess for formula, guess in pymatgen_guesses(formulas) if guess}
    found = assign(*expected)
    equal = [found.row(row) == pytest.approx(guess, abs=1e-6) for row, guess in enumerate(expected.values())]
    assert len(expected) > 250
    # Equal scores, and clusters whose reduced formula balances differently, may be answered differently.
    assert np.mean(equal) > 0.99
    assert np.mean(found.neutral) == 1


def test_pymatgen_s_guess_is_found_on_materials_project_formulas(external_data):
    table = pd.read_csv(external_data / "materials_project_formation_energies.csv.gz")
    guesses = dict(pymatgen_guesses(table.formula.sample(250, random_state=3)))
    expected = {formula: guess for formula, guess in guesses.items() if guess}
    found = assign(*expected)
    equal = [found.row(row) == pytest.approx(guess, abs=1e-6) for row, guess in enumerate(expected.values())]
    assert len(expected) > 100
    assert np.mean(equal) > 0.99


formulas = st.dictionaries(
    st.sampled_from(["Na", "Li", "Mg", "Zr", "Fe", "Mn", "Sb", "P", "Si", "S", "O", "Cl", "H", "B"]),
    st.integers(1, 12),
    min_size=2,
    max_size=6,
)


@settings(deadline=None)
@given(amounts=formulas, factor=st.sampled_from([1 / 3, 0.1, 0.5, 2.0, 7.0]))
def test_a_formula_and_its_multiples_have_the_same_states(amounts, factor):
    once = assign("".join(f"{symbol}{amount}" for symbol, amount in amounts.items()))
    matrix = np.zeros((1, once.states.shape[1]))
    for symbol, amount in amounts.items():
        matrix[0, INDEX[symbol]] = amount * factor
    scaled = assign_oxidation_states(CompositionBatch.from_matrix(matrix))
    assert np.allclose(once.states, scaled.states, atol=1e-9, equal_nan=True)
    assert scaled.residual_charge[0] == pytest.approx(factor * once.residual_charge[0], abs=1e-6)


@settings(deadline=None)
@given(
    amounts=st.dictionaries(st.sampled_from(["Na", "Zr", "Mn", "P", "S", "O", "Cl"]), st.floats(0.01, 20), min_size=2)
)
def test_states_stay_within_the_known_ones_and_explain_the_charge(amounts):
    matrix = np.zeros((1, 118))
    for symbol, amount in amounts.items():
        matrix[0, INDEX[symbol]] = amount
    found = assign_oxidation_states(CompositionBatch.from_matrix(matrix))
    row = found.row(0)
    assert row.keys() == amounts.keys()
    for symbol, state in row.items():
        assert known_states(symbol)[0] - 1e-9 <= state <= known_states(symbol)[-1] + 1e-9
    total = sum(amounts[symbol] * state for symbol, state in row.items())
    assert found.residual_charge[0] == pytest.approx(total, abs=1e-6)


def test_a_batch_equals_its_parts():
    formulas = ["Na3PS4", "NaFe", "Fe3O4", "Na2.88Sb0.88W0.12S4", "", "Na2B12H12"]
    together = assign(*formulas)
    for row, formula in enumerate(formulas):
        alone = assign(formula)
        assert np.array_equal(alone.states[0], together.states[row], equal_nan=True)
        assert alone.reasons[0] == together.reasons[row]


def test_what_makes_pymatgen_explode_takes_milliseconds():
    batch = CompositionBatch.from_formulas(["Na62MgZr39Si40P20O240", "Na288Sb88W12S400", "Cl1H56Mo8N12O56P9"])
    assign_oxidation_states(batch)  # fills the tables of single elements
    start = time.perf_counter()
    found = assign_oxidation_states(batch)
    assert time.perf_counter() - start < 0.5
    assert found.neutral.all()
