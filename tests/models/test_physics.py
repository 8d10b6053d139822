import numpy as np
import pytest

from ionscout.models.physics import BOLTZMANN_EV, arrhenius_decades, kelvin


def test_decades_follow_the_exponential_law():
    warm, cold, energy = 120.0, 25.0, 0.31
    ratio = np.exp(-energy / (BOLTZMANN_EV * (warm + 273.15))) / np.exp(-energy / (BOLTZMANN_EV * (cold + 273.15)))
    assert energy * arrhenius_decades(warm, cold) == pytest.approx(np.log10(ratio), rel=1e-12)


def test_no_gain_at_the_reference():
    assert arrhenius_decades(25.0, 25.0) == 0.0


def test_absolute_zero_is_refused_with_its_value():
    with pytest.raises(ValueError, match="-300 is at or below absolute zero"):
        kelvin(np.array([20.0, -300.0]))
