"""Hull distances, windows and voltage profiles against pymatgen, published enthalpies and identities."""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.elements import INDEX
from ionscout.models.cheapest_mixture import cheapest_mixtures
from ionscout.models.phase_equilibria import hull_distances, windows
from ionscout.models.phases import Phases
from ionscout.models.voltage_profile import ITSELF, VoltageProfile, voltage_profiles

FARADAY_KJ = 96.48533212  # kJ/mol per eV, CODATA 2018
# Standard enthalpies of formation at 298.15 K, kJ/mol: CRC Handbook of Chemistry and Physics.
ENTHALPIES = {
    "NaF": -576.6,
    "NaCl": -411.2,
    "NaBr": -361.1,
    "Na2O": -414.2,
    "Na2O2": -510.9,
    "Na2S": -364.8,
    "Na2SO4": -1387.1,
    "SO3": -454.5,
    "SO2": -296.8,
    "AlCl3": -704.2,
    "Al2O3": -1675.7,
    "ZnCl2": -415.1,
}
needs_energies = pytest.mark.skipif(
    not os.environ.get("IONSCOUT_EXTERNAL_DATA"),
    reason="IONSCOUT_EXTERNAL_DATA names no folder with materials_project_formation_energies.csv.gz",
)


def compositions(*formulas: str) -> CompositionBatch:
    return CompositionBatch.from_formulas(formulas)


@cache
def from_enthalpies() -> Phases:
    batch = compositions(*ENTHALPIES)
    atoms = np.asarray(batch.amounts.sum(axis=1)).ravel()
    return Phases.from_compounds(batch.amounts, np.array([*ENTHALPIES.values()]) / FARADAY_KJ / atoms)


@cache
def materials_project() -> Phases:
    path = Path(os.environ["IONSCOUT_EXTERNAL_DATA"]) / "materials_project_formation_energies.csv.gz"
    table = pd.read_csv(path, keep_default_na=False)
    return Phases.from_compounds(
        CompositionBatch.from_formulas(table["formula"]).amounts, table["formation_energy_eV_atom"].to_numpy()
    )


def one_profile(phases: Phases, formula: str, **kwargs: Any) -> VoltageProfile:
    [found] = voltage_profiles(phases, compositions(formula), **kwargs)
    assert found is not None
    return found


def pymatgen_diagram(phases: Phases, elements: Iterable[int]):
    from pymatgen.analysis.phase_diagram import PhaseDiagram
    from pymatgen.core import Composition
    from pymatgen.entries.computed_entries import ComputedEntry

    rows = phases.within(elements)
    found = [Composition(formula) for formula in phases.formulas_of(rows)]
    return PhaseDiagram([ComputedEntry(c, e * c.num_atoms) for c, e in zip(found, phases.energies[rows], strict=True)])


def pymatgen_window(diagram, formula: str) -> tuple[float, float]:
    """Limits from the element profile: the alkali potentials around the step where none is exchanged."""
    from pymatgen.core import Composition, Element

    profile = diagram.get_element_profile(Element("Na"), Composition(formula))
    here = next(n for n, step in enumerate(profile) if abs(step["evolution"]) < 1e-6)
    # The last step goes on for ever: there the composition holds no alkali that it could give off.
    return -profile[here]["chempot"], -profile[here + 1]["chempot"]


@pytest.mark.parametrize(("salt", "electrons"), [("NaF", 1), ("NaCl", 1), ("NaBr", 1), ("Na2S", 2)])
def test_binary_salts_are_oxidised_at_their_enthalpy_of_formation(salt, electrons):
    phases = Phases.from_compounds(
        compositions(salt).amounts, [ENTHALPIES[salt] / FARADAY_KJ / sum(compositions(salt).amounts.data)]
    )
    found = windows(phases, compositions(salt))
    assert found.reduction_limit[0] == 0
    assert found.oxidation_limit[0] == pytest.approx(-ENTHALPIES[salt] / electrons / FARADAY_KJ, abs=1e-12)


def test_conversion_voltages_follow_from_enthalpies():
    found = windows(from_enthalpies(), compositions("Na2O", "Na2O2", "Na2SO4"))
    # 2 Na2O -> Na2O2 + 2 Na, and Na2O2 + 2 Na -> 2 Na2O, at one voltage.
    oxide = (-510.9 + 2 * 414.2) / 2 / FARADAY_KJ
    assert found.oxidation_limit[0] == pytest.approx(oxide, abs=1e-12)
    assert found.reduction_limit[1] == pytest.approx(oxide, abs=1e-12)
    # Na2O2 -> O2 + 2 Na; Na2SO4 + 8 Na -> Na2S + 4 Na2O.
    assert found.oxidation_limit[1] == pytest.approx(510.9 / 2 / FARADAY_KJ, abs=1e-12)
    assert found.reduction_limit[2] == pytest.approx((364.8 + 4 * 414.2 - 1387.1) / 8 / FARADAY_KJ, abs=1e-12)
    # Na2SO4 -> SO3 + 1/2 O2 + 2 Na.
    assert found.oxidation_limit[2] == pytest.approx((1387.1 - 454.5) / 2 / FARADAY_KJ, abs=1e-12)


def test_products_are_balanced():
    phases = from_enthalpies()
    batch = compositions("Na2SO4", "Na2O2", "NaAlCl4")
    found = windows(phases, batch)
    fractions = phases.fractions.toarray()
    for products, sodium in (
        (found.reduction_products, found.reduction_uptake),
        (found.oxidation_products, -found.oxidation_loss),
    ):
        for row in range(len(batch)):
            held = products.atoms[row] @ fractions[products.phases[row]]
            expected = batch.fractions[[row], :].toarray()[0]
            expected[INDEX["Na"]] += sodium[row]
            np.testing.assert_allclose(held, expected, atol=1e-12)


def test_phase_above_the_hull_has_the_window_of_its_products():
    phases = from_enthalpies()
    # NaAlCl4 is not in this table: NaCl + AlCl3, of which AlCl3 is reduced and NaCl oxidised first.
    found = windows(phases, compositions("NaAlCl4"), own_energies=np.array([-1.9]))
    assert found.hull.energy_above_hull[0] == pytest.approx((411.2 + 704.2) / FARADAY_KJ / 6 - 1.9, abs=1e-12)
    assert found.reduction_limit[0] == pytest.approx((3 * 411.2 - 704.2) / 3 / FARADAY_KJ, abs=1e-12)
    assert found.oxidation_limit[0] == pytest.approx(411.2 / FARADAY_KJ, abs=1e-12)


def test_own_energy_below_the_hull_opens_the_window():
    phases = from_enthalpies()
    hull = (411.2 + 704.2) / FARADAY_KJ / 6
    own = windows(phases, compositions("NaAlCl4"), own_energies=np.array([-hull - 0.05]))
    lowered = windows(phases, compositions("NaAlCl4"))
    assert own.hull.energy_above_hull[0] == 0
    assert own.reduction_limit[0] < lowered.reduction_limit[0]
    assert own.oxidation_limit[0] > lowered.oxidation_limit[0]
    profile = one_profile(phases, "NaAlCl4", own_energies=np.array([-hull - 0.05]))
    step = int(np.flatnonzero(profile.uptake == 0)[0])
    assert ITSELF in profile.products.phases[step]
    np.testing.assert_allclose(profile.voltages[[step, step + 1]], [own.reduction_limit[0], own.oxidation_limit[0]])


def test_unreadable_rows_and_rows_without_alkali_keep_their_place():
    batch = compositions("NaCl", "Na(Cl", "Al2O3", "Na", "Na2S")
    found = windows(from_enthalpies(), batch)
    assert np.isfinite(found.oxidation_limit).tolist() == [True, False, False, False, True]
    assert np.isfinite(found.hull.energy_above_hull).tolist() == [True, False, True, True, True]


def test_alkali_other_than_three_is_refused():
    with pytest.raises(ValueError, match="choose one of Na, Li, K"):
        windows(from_enthalpies(), compositions("NaCl"), alkali="Mg")


def test_profile_is_concave_and_its_slope_is_the_alkali_exchanged():
    profile = one_profile(from_enthalpies(), "Na2SO4")
    slopes = np.diff(profile.decomposition_energies) / np.diff(profile.voltages)
    np.testing.assert_allclose(slopes, profile.uptake, atol=1e-9)
    assert (np.diff(profile.uptake) < 0).all()
    assert (profile.decomposition_energies <= 0).all()


def test_voltages_below_the_metal_are_refused():
    with pytest.raises(ValueError, match="0 <= low < high"):
        voltage_profiles(from_enthalpies(), compositions("NaCl"), voltage_range=(-1.0, 3.0))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(-3000, 500), min_size=6, max_size=6), st.integers(1, 4), st.integers(1, 4), st.integers(1, 7)
)
def test_programmes_agree_with_highs(millivolts, a, b, c):
    from scipy.optimize import linprog

    listed = compositions("NaCl", "Na2S", "SCl2", "NaSCl", "Na3SCl", "NaCl3")
    phases = Phases.from_compounds(listed.amounts, np.array(millivolts) / 1000)  # HiGHS ignores what is below 1e-7
    batch = compositions(f"Na{a}S{b}Cl{c}")
    found = hull_distances(phases, batch, np.array([0.0]))
    rows = phases.within(batch.amounts.indices)
    columns = phases.fractions[rows][:, batch.amounts.indices].toarray()
    others = np.abs(columns - batch.fractions.data).max(axis=1) > 1e-6
    expected = linprog(phases.energies[rows][others], A_eq=columns[others].T, b_eq=batch.fractions.data)
    assert found.competing_energy[0] == pytest.approx(expected.fun, abs=1e-9)


@given(st.permutations(range(4)))
@settings(max_examples=10, deadline=None)
def test_a_batch_equals_its_parts(order):
    formulas = np.array(["NaCl", "Na2SO4", "NaAlCl4", "Na2O2"])[list(order)]
    together = windows(from_enthalpies(), compositions(*formulas))
    for row, formula in enumerate(formulas):
        alone = windows(from_enthalpies(), compositions(formula))
        assert alone.oxidation_limit[0] == pytest.approx(together.oxidation_limit[row], abs=1e-12)
        assert alone.reduction_limit[0] == pytest.approx(together.reduction_limit[row], abs=1e-12)


def test_a_programme_without_an_answer_is_nan():
    # Nothing holds the second element.
    columns = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    answer = cheapest_mixtures(columns, np.array([[0.0, 0.0]]), np.array([[0.5, -0.5]]), np.array([[0, 1]]))
    assert np.isnan(answer.energies[0])


@needs_energies
@pytest.mark.parametrize(
    ("formula", "reduction", "oxidation"),
    [
        ("Na3PS4", 1.25, 2.13),
        ("Na3Zr2Si2PO12", 1.15, 3.34),
        ("NaZr2(PO4)3", 1.31, 4.55),
        ("NaAl11O17", 0.32, 3.25),
        ("NaTaCl6", 2.15, 3.91),
        ("Na3YCl6", 0.59, 3.78),
        ("NaAlCl4", 1.50, 4.25),
        ("NaCl", 0.0, 3.76),
        ("Na3PO4", 0.0, 3.27),
        ("Na2B12H12", 0.0, 3.28),
    ],
)
def test_known_windows_of_the_materials_project(formula, reduction, oxidation):
    found = windows(materials_project(), compositions(formula))
    assert found.reduction_limit[0] == pytest.approx(reduction, abs=0.006)
    assert found.oxidation_limit[0] == pytest.approx(oxidation, abs=0.006)


@needs_energies
def test_windows_and_hull_distances_agree_with_pymatgen():
    from pymatgen.core import Composition

    phases = materials_project()
    sodium = phases.amounts[:, [INDEX["Na"]]].toarray()[:, 0] > 0
    counts = np.diff(phases.amounts.indptr)
    rng = np.random.default_rng(5)
    chosen = np.concatenate(
        [
            rng.choice(np.flatnonzero(sodium & (counts == k)), size, replace=False)
            for k, size in ((2, 8), (3, 18), (4, 10))
        ]
    )
    batch = CompositionBatch.from_matrix(phases.amounts[chosen])
    found = windows(phases, batch)
    for row in range(len(batch)):
        formula = str(batch.formulas[row])
        diagram = pymatgen_diagram(
            phases, batch.amounts.indices[batch.amounts.indptr[row] : batch.amounts.indptr[row + 1]]
        )
        reduced = Composition(formula).reduced_formula
        [entry] = [e for e in diagram.all_entries if e.composition.reduced_formula == reduced]
        assert found.hull.energy_above_hull[row] == pytest.approx(diagram.get_e_above_hull(entry), abs=1e-6)
        if found.hull.energy_above_hull[row] == 0:
            expected = pymatgen_window(diagram, formula)
            assert (found.reduction_limit[row], found.oxidation_limit[row]) == pytest.approx(expected, abs=1e-6)


@needs_energies
def test_limits_and_profiles_agree():
    phases = materials_project()
    batch = compositions("Na3PS4", "Na3SbS4", "Na3Zr2Si2PO12", "NaTaCl6", "Na3OCl", "NaNi0.5Mn0.5O2")
    found = windows(phases, batch)
    for row, formula in enumerate(batch.formulas):
        profile = one_profile(phases, formula)
        assert profile.decomposition_energies.max() == pytest.approx(-found.hull.energy_above_hull[row], abs=1e-9)
        expected = profile.energy_at([found.reduction_limit[row], found.oxidation_limit[row]])
        np.testing.assert_allclose(expected, -found.hull.energy_above_hull[row], atol=1e-9)
