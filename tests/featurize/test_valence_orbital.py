"""Valence electrons by orbital against matminer."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matminer.featurizers.composition import ValenceOrbital
from pymatgen.core import Composition

import ionscout
from ionscout.featurize.valence_orbital import ValenceOrbitalFeatures

CURATED = Path(str(ionscout.__file__)).parent / "training" / "curated" / "sodium_electrolytes.csv"


@pytest.mark.parametrize(
    ("orbitals", "props"), [(("s", "p", "d", "f"), ("avg", "frac")), (("d", "s"), ("frac",)), (("p",), ("frac", "avg"))]
)
def test_numbers_are_those_of_matminer(orbitals, props):
    formulas = [*pd.read_csv(CURATED).formula.drop_duplicates(), "OgNh2", "D2O", "Na"]
    peer = ValenceOrbital(orbitals=orbitals, props=props)
    ours = ValenceOrbitalFeatures(orbitals=orbitals, props=props)
    assert ours.feature_names() == peer.feature_labels()
    expected = np.array([peer.featurize(Composition(formula)) for formula in formulas])
    np.testing.assert_allclose(ours.transform(formulas), expected, rtol=1e-12, atol=1e-12)


def test_bad_rows_are_nan():
    assert np.isnan(ValenceOrbitalFeatures().transform(["bad", "NaCl"])).all(axis=1).tolist() == [True, False]


def test_unknown_orbitals_are_named():
    with pytest.raises(ValueError, match="'g'"):
        ValenceOrbitalFeatures(orbitals=("s", "g")).fit(["NaCl"])
