"""Thermally activated transport: constants and conversions between temperature, conductivity and activation energy."""

import numpy as np

BOLTZMANN_EV = 8.617333262e-5  # eV/K, CODATA 2018
ZERO_CELSIUS_K = 273.15
ABSOLUTE_ZERO_C = -ZERO_CELSIUS_K


def kelvin(temperature_C: np.ndarray | float) -> np.ndarray:
    """Absolute temperature in K.

    Raises
    ------
    ValueError
        If a temperature is at or below absolute zero.

    Examples
    --------
    >>> float(kelvin(25.0))
    298.15
    """
    temperature_K = np.asarray(temperature_C, dtype=np.float64) + ZERO_CELSIUS_K
    if (temperature_K <= 0).any():
        coldest = float(np.min(temperature_C))
        raise ValueError(f"temperature_C={coldest:g} is at or below absolute zero ({ABSOLUTE_ZERO_C} C)")
    return temperature_K


def arrhenius_decades(temperature_C: np.ndarray | float, reference_C: np.ndarray | float) -> np.ndarray:
    """Decades of conductivity gained from `reference_C` to `temperature_C` per eV of activation energy.

    log10 sigma(T) = log10 sigma(Ts) + Ea * arrhenius_decades(T, Ts), from sigma ~ exp(-Ea / kB T).

    Examples
    --------
    >>> round(float(arrhenius_decades(100.0, 25.0)), 3)
    3.397
    """
    return (1.0 / kelvin(reference_C) - 1.0 / kelvin(temperature_C)) / (np.log(10.0) * BOLTZMANN_EV)
