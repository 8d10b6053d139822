import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionscout.featurize.elements import SYMBOLS
from ionscout.featurize.radii import common_states, electronegativity, known_states, shannon_radius, shannon_table


# Effective ionic radii as printed in R. D. Shannon, Acta Cryst. A32, 751 (1976), table 1.
@pytest.mark.parametrize(
    ("symbol", "state", "coordination", "radius"),
    [
        ("Na", 1, 6, 1.02),
        ("Na", 1, 8, 1.18),
        ("Li", 1, 4, 0.59),
        ("K", 1, 6, 1.38),
        ("Zr", 4, 6, 0.72),
        ("Zr", 4, 8, 0.84),
        ("Si", 4, 4, 0.26),
        ("P", 5, 4, 0.17),
        ("Sc", 3, 6, 0.745),
        ("Y", 3, 6, 0.90),
        ("La", 3, 9, 1.216),
        ("Fe", 3, 6, 0.645),  # high spin
        ("O", -2, 4, 1.38),
        ("S", -2, 6, 1.84),
        ("Cl", -1, 6, 1.81),
        ("I", -1, 6, 2.20),
    ],
)
def test_radii_are_those_shannon_printed(symbol, state, coordination, radius):
    assert shannon_radius(symbol, state, coordination, nearest=False) == radius


@pytest.mark.filterwarnings("ignore:Specified spin")
def test_radii_equal_pymatgen_s_for_every_tabulated_ion():
    from pymatgen.core import Species

    roman = {2: "II", 4: "IV", 6: "VI", 8: "VIII", 12: "XII"}
    checked = 0
    for symbol in SYMBOLS[:94]:
        for state, sites in shannon_table(symbol).items():
            for number in sites.keys() & roman.keys():
                try:
                    expected = Species(symbol, state).get_shannon_radius(roman[number], spin="High Spin")
                except KeyError:  # only a square-planar or pyramidal entry has this coordination number
                    continue
                assert sites[number] == expected, (symbol, state, number)
                checked += 1
    assert checked > 250


def test_missing_pairs_fall_back_only_when_asked():
    assert math.isnan(shannon_radius("S", -2, 4, nearest=False))
    assert shannon_radius("S", -2, 4) == 1.84
    assert math.isnan(shannon_radius("Na", -1))
    assert math.isnan(shannon_radius("Fe", 2.5, nearest=False))


@given(state=st.floats(2, 3), coordination=st.integers(1, 14))
def test_average_states_lie_between_their_neighbours(state, coordination):
    low, high = shannon_radius("Fe", 3, coordination), shannon_radius("Fe", 2, coordination)
    assert low <= shannon_radius("Fe", state, coordination) <= high


def test_states_and_electronegativities_equal_pymatgen_s():
    from pymatgen.core import Element

    for symbol in SYMBOLS:
        element = Element(symbol)
        assert known_states(symbol) == tuple(sorted(element.icsd_oxidation_states or element.common_oxidation_states))
        assert common_states(symbol) == tuple(sorted(element.common_oxidation_states))
    assert electronegativity("Te") == Element("Te").X == 2.1


def test_isotopes_are_hydrogen_and_nonsense_is_named():
    assert known_states("D") == known_states("H") == (-1, 1)
    with pytest.raises(ValueError, match="'Xx' is not an element symbol"):
        known_states("Xx")
