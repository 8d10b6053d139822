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


def must_be(
    name: str, values: np.ndarray | float | list[float], above: float = -np.inf, at_least: float = -np.inf
) -> np.ndarray:
    """`values` as float64, all finite and within the limits.

    Raises
    ------
    ValueError
        Naming the field, the first value that is not, its place, and what would be right.

    Examples
    --------
    >>> must_be("area_cm2", [1.0, 0.0], above=0.0)
    Traceback (most recent call last):
    ...
    ValueError: area_cm2 = 0 at position 1; give a finite number above 0
    """
    array = np.asarray(values, dtype=np.float64)
    bad = ~np.isfinite(array) | (array <= above) | (array < at_least)
    if bad.any():
        place = int(np.flatnonzero(bad.ravel())[0])
        where = f" at position {place}" if array.ndim else ""
        bounds = {"above": above, "of at least": at_least}
        limits = [f"{word} {bound:g}" for word, bound in bounds.items() if np.isfinite(bound)]
        said = f"{name} = {array.ravel()[place]:g}{where}"
        raise ValueError(" ".join([f"{said}; give a finite number", *limits]))
    return array
