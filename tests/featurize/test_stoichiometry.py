"""Stoichiometric norms against matminer."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matminer.featurizers.composition import Stoichiometry
from pymatgen.core import Composition

import ionscout
from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.stoichiometry import StoichiometryFeatures, formula_unit_sizes

CURATED = Path(str(ionscout.__file__)).parent / "training" / "curated" / "sodium_electrolytes.csv"
# Diatomic gases and peroxides keep two atoms in pymatgen's formula unit.
SPECIAL = ["O2", "N", "NaO", "Na2O2", "Na4O4", "H2O2", "LiO", "MgO", "NaO2", "Na", "Na0.5O0.5", "XeF2"]


@pytest.mark.parametrize("num_atoms", [False, True])
def test_numbers_are_those_of_matminer(num_atoms):
    formulas = [*pd.read_csv(CURATED).formula.drop_duplicates(), *SPECIAL]
    peer = Stoichiometry(num_atoms=num_atoms)
    ours = StoichiometryFeatures(num_atoms=num_atoms)
    assert ours.feature_names() == peer.feature_labels()
    expected = np.array([peer.featurize(Composition(formula)) for formula in formulas])
    # The number of atoms divides by a common divisor of decimals, known only to some 1e-9 of itself.
    np.testing.assert_allclose(ours.transform(formulas), expected, rtol=1e-8 if num_atoms else 1e-12)


@pytest.mark.parametrize(("formula", "atoms"), [("Na3Zr2Si2PO12", 20), ("Na6Cl6", 2), ("Na0.2K0.8Cl", 10), ("Cl4", 2)])
def test_formula_units_are_whole(formula, atoms):
    assert formula_unit_sizes(CompositionBatch.coerce(formula)) == pytest.approx([atoms])


def test_norms_are_continuous_but_for_the_count():
    features = StoichiometryFeatures(num_atoms=True)
    assert features.continuous_features().tolist() == [False, False, True, True, True, True, True]
    host, doped = features.transform(["Na3PS4", "Na2.9999Li0.0001PS4"])
    assert np.abs(doped - host)[features.continuous_features()].max() < 1e-4


def test_bad_rows_are_nan():
    values = StoichiometryFeatures(num_atoms=True).transform(["bad", "NaCl"])
    assert np.isnan(values).all(axis=1).tolist() == [True, False]


def test_negative_norms_are_refused():
    with pytest.raises(ValueError, match="p >= 0"):
        StoichiometryFeatures(p_list=(-1,)).fit(["NaCl"])
