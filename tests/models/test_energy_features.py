"""Likeness of elements, analogues and the neighbour process against hand calculation, pymatgen and scikit-learn."""

import numpy as np
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.elements import INDEX, SYMBOLS
from ionscout.models.analogues import analogue_columns, analogue_features
from ionscout.models.element_exchange import AnonymousFormulas, element_coordinates, exchange_squares
from ionscout.models.energy_features import KnownEnergies, known_columns
from ionscout.models.neighbour_process import CONSTANT, LENGTH, NOISE, neighbour_estimates


def formulas(*names: str) -> AnonymousFormulas:
    return AnonymousFormulas.of(CompositionBatch.from_formulas(names))


@pytest.fixture(scope="module")
def training_rows(external_data):
    """All training rows of the Materials Project split: batch, energies (n, 2)."""
    from ionscout.training.data.external import load_materials_project_energies

    table = load_materials_project_energies()
    table = table[table["split"] == "train"]
    energies = table[["formation_energy_eV_atom", "decomposition_energy_eV_atom"]].to_numpy(float)
    return CompositionBatch.from_formulas(table["formula"]), energies


@pytest.fixture(scope="module")
def squares_of_all(training_rows):
    batch, energies = training_rows
    return exchange_squares(AnonymousFormulas.of(batch), energies[:, 0])


@pytest.fixture(scope="module")
def training(training_rows):
    """Those made of alkalis, a few metals and anions."""
    batch, energies = training_rows
    inside = CompositionBatch.from_formulas(["LiNaKRbMgCaAlSiPTiZrFClBrOSSe"]).amounts.indices
    rows = np.flatnonzero(batch.fractions @ np.isin(np.arange(118), inside) > 1 - 1e-9)
    return batch[rows], energies[rows]


def test_anonymous_formulas_part_compounds_as_pymatgen_does(training):
    from pymatgen.core import Composition

    batch = training[0][np.arange(0, len(training[0]), 3)]
    theirs = [Composition(str(formula)).anonymized_formula for formula in batch.formulas]
    ours = AnonymousFormulas.of(batch).keys
    assert len(set(theirs)) == len(set(ours)) == len(set(zip(theirs, ours, strict=True))) > 100


def test_exchange_squares_of_three_salts_by_hand():
    squares = exchange_squares(formulas("NaCl", "KCl", "NaBr"), np.array([-2.0, -2.2, -1.7]))
    # Seen: Na for K at 0.2 and Cl for Br at 0.3, each on half of the atoms; the prior is their mean, weighed 0.1.
    prior = (0.2**2 + 0.3**2) / (2 * 0.25)
    assert squares[INDEX["Na"], INDEX["K"]] == pytest.approx((0.04 + 0.1 * prior) / 0.35)
    assert squares[INDEX["Br"], INDEX["Cl"]] == pytest.approx((0.09 + 0.1 * prior) / 0.35)
    assert squares[INDEX["Li"], INDEX["Fe"]] == pytest.approx(prior)
    assert (squares == squares.T).all()
    assert (np.diag(squares) == 0).all()


@pytest.mark.parametrize(
    ("element", "likest"),
    [("K", "Rb"), ("Na", "K"), ("S", "Se"), ("Cl", "Br"), ("Zr", "Hf"), ("Fe", "Mn"), ("W", "Mo")],
)
def test_likeness_learned_from_energies_is_chemistry(squares_of_all, element, likest):
    row = squares_of_all[INDEX[element]].copy()
    row[INDEX[element]] = np.inf
    assert SYMBOLS[row.argmin()] == likest


def test_nothing_to_learn_likeness_from_is_said():
    with pytest.raises(ValueError, match="no two of 2 compounds"):
        exchange_squares(formulas("NaCl", "Al2O3"), np.array([-2.0, -3.4]))


def test_all_elements_alike_lie_in_one_place():
    places = element_coordinates(np.zeros((118, 118)), 0.4, 40)
    np.testing.assert_allclose(places @ places.T, 1.0, atol=1e-3)


def test_nearest_analogues_and_their_distance():
    squares = np.ones((118, 118)) - np.eye(118)
    squares[INDEX["Na"], INDEX["K"]] = squares[INDEX["K"], INDEX["Na"]] = 0.04
    known = formulas("KCl", "LiCl", "MgCl2", "NaCl")
    energies = np.array([[-2.26], [-2.12], [-2.2], [-9.0]])
    found = dict(
        zip(analogue_columns(("E",)), analogue_features(formulas("NaCl"), known, energies, squares)[0], strict=True)
    )
    assert (found["analogue_1_E"], found["analogue_2_E"]) == (-2.26, -2.12)
    # Half of the atoms change: d = 0.5 sqrt(0.04), and 0.5.
    assert (found["analogue_1_distance"], found["analogue_2_distance"]) == pytest.approx((0.1, 0.5))
    assert found["analogues"] == 2


def test_the_process_is_scikit_learns_where_all_are_neighbours():
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern

    rng = np.random.default_rng(0)
    known, asked = rng.uniform(size=(60, 3)), rng.uniform(size=(10, 3))
    energies = np.sin(4.0 * known).sum(axis=1) - 1.5
    kernel = Matern(LENGTH, "fixed", nu=1.5) + ConstantKernel(CONSTANT, "fixed")
    theirs = GaussianProcessRegressor(kernel, alpha=NOISE).fit(known, energies)
    mean, covariance = theirs.predict(asked, return_cov=True)
    ours = neighbour_estimates(asked, known, energies)
    np.testing.assert_allclose(ours.mean, mean, atol=1e-3)
    np.testing.assert_allclose(ours.variance, np.diag(np.asarray(covariance)), atol=1e-3)


def test_held_out_rows_do_not_know_their_own_energy(training):
    batch, energies = training
    some = np.arange(0, len(batch), 6)
    known = KnownEnergies(batch[some], energies[some, 0])
    row = 100
    other = energies[some, 0].copy()
    other[row] -= 1.0
    changed = KnownEnergies(batch[some], other).describe_held_out(folds=4)
    before = known.describe_held_out(folds=4)
    np.testing.assert_array_equal(before[row], changed[row])
    assert not np.array_equal(before, changed, equal_nan=True)


def test_a_known_compound_is_not_its_own_neighbour_or_analogue(training):
    batch, energies = training
    some = np.arange(0, len(batch), 6)
    described = KnownEnergies(batch[some], energies[some, 0]).describe(batch[some])
    names = known_columns()
    assert (described[:, names.index("process_distance")] > 0).all()
    for name in names:
        if name.startswith("analogue_1_distance"):
            assert np.nanmin(described[:, names.index(name)]) > 0


def test_two_rows_of_one_composition_are_refused():
    with pytest.raises(ValueError, match="rows 0 and 2 are one composition"):
        KnownEnergies(CompositionBatch.from_formulas(["NaCl", "KCl", "Na2Cl2"]), np.array([-2.1, -2.2, -2.0]))
    with pytest.raises(ValueError, match="row 1: no composition"):
        KnownEnergies(CompositionBatch.coerce(["NaCl", "Na(Cl"]), np.array([-2.1, -2.2]))
