"""Element order and Magpie's table, against pymatgen and matminer."""

import numpy as np
import pytest
from matminer.featurizers.composition import ElementProperty
from matminer.utils.data import MagpieData
from pymatgen.core import Element

from ionscout.featurize.elements import INDEX, MAGPIE_PROPERTIES, N_ELEMENTS, SYMBOLS, magpie_property, magpie_table


def test_columns_follow_the_atomic_number():
    assert [Element(symbol).Z for symbol in SYMBOLS] == list(range(1, N_ELEMENTS + 1))


def test_heavy_hydrogen_is_hydrogen_as_in_pymatgen():
    assert INDEX["D"] == INDEX["T"] == INDEX[Element("D").symbol] == 0


def test_table_is_that_of_matminer_with_missing_values_imputed():
    matminer = MagpieData(impute_nan=True).all_elemental_props
    expected = [[matminer[name][symbol] for name in MAGPIE_PROPERTIES] for symbol in SYMBOLS]
    np.testing.assert_array_equal(magpie_table(), expected)


def test_properties_stand_in_the_order_of_the_preset():
    assert list(MAGPIE_PROPERTIES) == ElementProperty.from_preset("magpie").features


def test_table_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        magpie_table()[0, 0] = 2


def test_unknown_property_is_named():
    with pytest.raises(KeyError, match="Hardness"):
        magpie_property("Hardness")
