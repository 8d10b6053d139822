"""Conductivity from the resistance of a sample and its shape, with the uncertainty of all three."""

import numpy as np

from .physics import must_be


def conductivity_of_sample(
    resistance_ohm: np.ndarray | float,
    thickness_cm: np.ndarray | float,
    area_cm2: np.ndarray | float,
    resistance_sd_ohm: np.ndarray | float = 0.0,
    thickness_sd_cm: np.ndarray | float = 0.0,
    area_sd_cm2: np.ndarray | float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Conductivity sigma = l / (R S) of n samples, and its standard uncertainty.

    Uncertainties are taken as independent and carried to first order: the relative variances add
    (JCGM 100:2008, equation 12; 10.59161/JCGM100-2008E).

    Parameters
    ----------
    resistance_ohm, thickness_cm, area_cm2 : (n,) float64
        Resistance R of the arc or line read from the impedance, thickness l between the electrodes, area S of one.
    resistance_sd_ohm, thickness_sd_cm, area_sd_cm2 : (n,) float64
        Their standard uncertainties.

    Returns
    -------
    conductivity_S_cm, conductivity_sd_S_cm : (n,) float64

    Raises
    ------
    ValueError
        If a quantity is not positive and finite, or an uncertainty negative; it names the field and the sample.

    Examples
    --------
    A pellet of 1 mm and 1 cm2 with 100 ohm, read to 1 %, its thickness to 2 %:

    >>> sigma, sd = conductivity_of_sample(100.0, 0.1, 1.0, 1.0, 0.002)
    >>> float(sigma), round(float(sd), 7)
    (0.001, 2.24e-05)
    """
    given = {
        "resistance_ohm": (resistance_ohm, resistance_sd_ohm, "resistance_sd_ohm"),
        "thickness_cm": (thickness_cm, thickness_sd_cm, "thickness_sd_cm"),
        "area_cm2": (area_cm2, area_sd_cm2, "area_sd_cm2"),
    }
    values, variance = {}, np.zeros(())
    for name, (value, sd, sd_name) in given.items():
        values[name] = must_be(name, value, above=0.0)
        variance = variance + (must_be(sd_name, sd, at_least=0.0) / values[name]) ** 2
    sigma = values["thickness_cm"] / (values["resistance_ohm"] * values["area_cm2"])
    return sigma, sigma * np.sqrt(variance)
