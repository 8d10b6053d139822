from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Composition

from ionscout.featurize.composition import CompositionBatch
from ionscout.models.base import Answer, Estimate
from ionscout.models.composition_index import CompositionIndex
from ionscout.models.exact_values import ExactValues, exact_values, reference_alkali
from ionscout.models.phase_equilibria import windows
from ionscout.models.phases import Phases

LIMITS = ("reduction_limit_V", "oxidation_limit_V")
# Formation energies near the Materials Project's, eV/atom.
ENERGIES = {"NaCl": -2.10, "Na2S": -1.26, "NaS": -1.03, "P2S5": -0.63, "Na3PS4": -1.12, "Na2O": -1.43, "NaLiS": -1.4}


@pytest.fixture
def phases() -> Phases:
    return Phases.from_compounds(CompositionBatch.from_formulas(list(ENERGIES)).amounts, list(ENERGIES.values()))


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["Na", "Li", "P", "S", "Zr", "O"]), st.integers(1, 9), min_size=1), max_size=12
    ),
    st.sampled_from([1, 2, 3, 0.1, 1 / 3]),
)
def test_compositions_are_found_where_pymatgen_calls_them_equal(amounts: list[dict], scale: float):
    known = ["Na3PS4", "Na2S", "Na2O", "ZrO2", "LiNaO", "P2S5", "Na2Zr1O3", "S", "Li2S"]
    asked = ["".join(f"{element}{n * scale!r}" for element, n in one.items()) for one in amounts]
    parts = [Composition(formula).fractional_composition for formula in known]
    expected = [
        next((i for i, part in enumerate(parts) if part.almost_equals(one, rtol=1e-6)), -1)
        for one in (Composition(formula).fractional_composition for formula in asked)
    ]
    index = CompositionIndex(CompositionBatch.from_formulas(known).fractions)
    assert index.find(CompositionBatch.from_formulas(asked).fractions).tolist() == expected


def test_unreadable_rows_are_nowhere():
    known = CompositionIndex(CompositionBatch.from_formulas(["NaCl"]).fractions)
    assert known.find(CompositionBatch.from_formulas(["Na(", "", "NaCl"]).fractions).tolist() == [-1, -1, 0]


def test_of_several_entries_the_lowest_is_found():
    batch = CompositionBatch.from_formulas(["NaCl", "Na2Cl2", "Na3Cl3"])
    phases = Phases.from_compounds(batch.amounts, [-2.0, -2.1, -1.9])
    assert phases.energies[phases.find(CompositionBatch.from_formulas(["NaCl"]))].tolist() == [-2.1]


def test_values_of_a_phase_are_those_of_its_window_and_others_have_none(phases: Phases):
    asked = CompositionBatch.from_formulas(["Na6P2S8", "NaBr", "Na3PS4", "Na(", "P2S5", "NaS"])
    found = exact_values(phases, asked)
    truth = windows(phases, asked, "Na")
    known = [0, 2, 4, 5]
    np.testing.assert_array_equal(np.flatnonzero(~np.isnan(found["energy_above_hull_eV_atom"])), known)
    np.testing.assert_allclose(found["oxidation_limit_V"][known], truth.oxidation_limit[known])
    np.testing.assert_allclose(found["reduction_limit_V"][known], truth.reduction_limit[known])
    assert np.isnan(found["oxidation_limit_V"][4])  # no alkali, no window


def test_limits_of_a_salt_of_two_metals_are_against_the_mobile_one(phases: Phases):
    asked = CompositionBatch.from_formulas(["NaLiS"])
    metal = reference_alkali(asked)[0]
    assert exact_values(phases, asked)["oxidation_limit_V"] == windows(phases, asked, metal).oxidation_limit


def test_a_saved_table_is_the_same(tmp_path: Path):
    batch = CompositionBatch.from_formulas(["NaCl", "Na3PS4", "SrCl2"])
    known = ExactValues.of(batch, np.array(["Na", "Na", "Sr"]), {"oxidation_limit_V": np.array([3.76, np.nan, 1.0])})
    known.save(tmp_path / "known.npz")
    again = ExactValues.load(tmp_path / "known.npz")
    np.testing.assert_array_equal(again.look_up(batch)["oxidation_limit_V"], [3.76, np.nan, np.nan])


def test_only_rows_with_both_limits_become_exact():
    said = Answer({c: Estimate(np.array([1.0, 2.0, 3.0]), np.zeros(3), np.full(3, 5.0)) for c in LIMITS})
    exact = {LIMITS[0]: np.array([0.5, np.nan, 0.7]), LIMITS[1]: np.array([2.5, 2.6, 2.7])}
    known = said.known(exact, np.array([True, True, False]))
    assert known.is_exact is not None
    assert known.is_exact.tolist() == [True, False, False]
    assert known.estimates[LIMITS[0]].value.tolist() == [0.5, 2.0, 3.0]
    assert known.estimates[LIMITS[1]].lower.tolist() == [2.5, 0.0, 0.0]
    assert known.estimates[LIMITS[1]].upper.tolist() == [2.5, 5.0, 5.0]
    assert known.known({}, np.ones(3, dtype=bool)) is known
