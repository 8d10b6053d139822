"""Ionic character and charge balance against matminer."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matminer.featurizers.composition import IonProperty
from pymatgen.core import Composition

from ionscout.featurize.elements import INDEX
from ionscout.featurize.ion_property import IonPropertyFeatures, can_be_neutral

FORMULAS = ["NaCl", "Na3PS4", "NaZr2P3O12", "Fe3O4", "NaCl2", "AlO", "Na", "Na3Al", "XeF2", "HeNa2", "CrO5", "U3O8"]
SYMBOLS = ["Na", "Li", "Mg", "Al", "Fe", "Zr", "Ce", "P", "S", "O", "Cl", "H", "Si", "He"]


@cache
def matminer() -> IonProperty:
    return IonProperty()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_numbers_are_those_of_matminer():
    assert IonPropertyFeatures().feature_names() == matminer().feature_labels()
    expected = np.array([matminer().featurize(Composition(formula)) for formula in FORMULAS], dtype=float)
    np.testing.assert_allclose(IonPropertyFeatures().transform(FORMULAS), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(SYMBOLS), st.integers(1, 3), min_size=1, max_size=4))
def test_any_small_composition_gives_the_numbers_of_matminer(composition):
    formula = "".join(f"{symbol}{amount}" for symbol, amount in composition.items())
    expected = np.array(matminer().featurize(Composition(formula)), dtype=float)
    np.testing.assert_allclose(IonPropertyFeatures().transform(formula)[0], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("amounts", "possible"),
    [
        ({"Na": 3.4, "Zr": 2, "Si": 2.4, "P": 0.6, "O": 12}, True),
        ({"Na": 0.5, "O": 1.5}, False),
        ({"Al": 2000, "O": 3000}, True),
    ],
)
def test_decimals_and_large_cells_are_decided_too(amounts, possible):
    assert can_be_neutral(tuple(INDEX[s] for s in amounts), tuple(float(a) for a in amounts.values())) is possible


def test_only_the_average_is_continuous():
    features = IonPropertyFeatures()
    host, doped = features.transform(["Na2O", "Na1.9999Cs0.0001O"])
    assert np.abs(doped - host)[features.continuous_features()].max() < 1e-4
    assert np.abs(doped - host)[1] > 0.01


def test_bad_rows_are_nan():
    assert np.isnan(IonPropertyFeatures().transform(["bad", "NaCl"])).all(axis=1).tolist() == [True, False]
