"""Conductivity of a pellet and transference number of a cell, against limits and an independent error propagation."""

from typing import Any

import numpy as np
import pytest
import uncertainties

from ionscout.models.impedance import conductivity_of_sample
from ionscout.models.transference import bruce_vincent


def uncertain(value: float, sd: float) -> Any:
    """A number that carries its standard uncertainty."""
    return uncertainties.ufloat(value, sd)


def test_conductivity_and_its_uncertainty_are_those_of_the_uncertainties_package():
    R, length, area = np.array([120.0, 5e4]), np.array([0.11, 0.005]), np.array([0.785, 1.13])
    sds = np.array([1.2, 900.0]), np.array([0.001, 0.0004]), np.array([0.02, 0.05])
    sigma, sd = conductivity_of_sample(R, length, area, *sds)
    for n in range(2):
        expected = uncertain(length[n], sds[1][n]) / (uncertain(R[n], sds[0][n]) * uncertain(area[n], sds[2][n]))
        assert sigma[n] == pytest.approx(expected.nominal_value, rel=1e-12)
        assert sd[n] == pytest.approx(expected.std_dev, rel=1e-9)


def test_transference_and_its_uncertainty_are_those_of_the_uncertainties_package():
    values = (0.010, 2.1e-5, 1.3e-5, 95.0, 110.0)
    sds = (1e-4, 3e-7, 2e-7, 4.0, 6.0)
    t, sd = bruce_vincent(*values, *sds)
    V, first, steady, r_first, r_steady = (uncertain(v, s) for v, s in zip(values, sds, strict=True))
    expected = steady * (V - first * r_first) / (first * (V - steady * r_steady))
    assert float(t) == pytest.approx(expected.nominal_value, rel=1e-12)
    assert float(sd) == pytest.approx(expected.std_dev, rel=1e-9)


def test_without_interfaces_it_is_the_ratio_of_currents():
    t, _ = bruce_vincent(np.full(3, 0.01), np.full(3, 2e-5), np.array([2e-6, 1e-5, 2e-5]), 0.0, 0.0)
    assert t.tolist() == pytest.approx([0.1, 0.5, 1.0])


def test_a_cell_made_of_resistors_gives_its_own_number_back():
    # Electrolyte of 300 ohm, of which the cation carries 0.38; interfaces of 80 ohm that grow to 95 ohm.
    t_true, electrolyte, volt = 0.38, 300.0, 0.010
    first, steady = volt / (electrolyte + 80.0), volt / (electrolyte / t_true + 95.0)
    assert float(bruce_vincent(volt, first, steady, 80.0, 95.0)[0]) == pytest.approx(t_true, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0.0, 0.1, 1.0), "resistance_ohm = 0; give a finite number above 0"),
        ((np.array([1.0, 2.0]), np.array([0.1, np.nan]), 1.0), "thickness_cm = nan at position 1"),
        ((1.0, 0.1, 1.0, -1.0), "resistance_sd_ohm = -1; give a finite number of at least 0"),
    ],
)
def test_a_pellet_that_cannot_be_is_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        conductivity_of_sample(*arguments)


def test_interfaces_that_take_all_the_voltage_are_named():
    with pytest.raises(ValueError, match=r"initial_resistance_ohm at position 0: the interfaces alone take 0\.02 V"):
        bruce_vincent(0.010, 2e-5, 1e-5, 1000.0, 100.0)
