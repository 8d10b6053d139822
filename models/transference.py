"""The transference number by polarisation of a symmetric cell, after Evans, Vincent and Bruce."""

import numpy as np

from .physics import must_be

# The method holds in the linear regime; the authors polarise by 10 mV (10.1016/0032-3861(87)90394-6). kT/e is 26 mV.
LINEAR_V = 0.026


def bruce_vincent(
    polarisation_V: np.ndarray | float,
    initial_current_A: np.ndarray | float,
    steady_current_A: np.ndarray | float,
    initial_resistance_ohm: np.ndarray | float,
    steady_resistance_ohm: np.ndarray | float,
    polarisation_sd_V: np.ndarray | float = 0.0,
    initial_current_sd_A: np.ndarray | float = 0.0,
    steady_current_sd_A: np.ndarray | float = 0.0,
    initial_resistance_sd_ohm: np.ndarray | float = 0.0,
    steady_resistance_sd_ohm: np.ndarray | float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Transference number t+ = Iss (dV - I0 R0) / (I0 (dV - Iss Rss)) of n cells, and its standard uncertainty.

    Evans, Vincent, Bruce, Polymer 28 (1987) 2324, 10.1016/0032-3861(87)90394-6. Exact for ideal, fully dissociated
    electrolytes under small polarisation; else it is the steady-state current fraction. Uncertainties are taken as
    independent and carried to first order.

    Parameters
    ----------
    polarisation_V : (n,) float64
        Voltage dV held between the two metal electrodes.
    initial_current_A, steady_current_A : (n,) float64
        Current I0 at once and Iss at the steady state.
    initial_resistance_ohm, steady_resistance_ohm : (n,) float64
        Resistance R0, Rss of both interfaces together, before and after, without that of the electrolyte.
    polarisation_sd_V, initial_current_sd_A, steady_current_sd_A, initial_resistance_sd_ohm, steady_resistance_sd_ohm
        Their standard uncertainties, (n,) float64.

    Returns
    -------
    transference_number, transference_number_sd : (n,) float64
        Not limited to 0 .. 1: a value above 1 says that something else carries current, or that R0 is too large.

    Raises
    ------
    ValueError
        If a voltage or current is not positive, a resistance negative, or the interfaces alone would take more than
        the voltage (I R >= dV); it names the field and the cell.

    Examples
    --------
    10 mV over a cell whose interfaces take 100 ohm throughout:

    >>> t, sd = bruce_vincent(0.010, 20e-6, 10e-6, 100.0, 100.0, steady_current_sd_A=0.1e-6)
    >>> round(float(t), 4), round(float(sd), 4)
    (0.4444, 0.0049)
    """
    volt = must_be("polarisation_V", polarisation_V, above=0.0)
    first = must_be("initial_current_A", initial_current_A, above=0.0)
    steady = must_be("steady_current_A", steady_current_A, above=0.0)
    r_first = must_be("initial_resistance_ohm", initial_resistance_ohm, at_least=0.0)
    r_steady = must_be("steady_resistance_ohm", steady_resistance_ohm, at_least=0.0)
    left_first, left_steady = volt - first * r_first, volt - steady * r_steady
    for name, left, product in (
        ("initial_resistance_ohm", left_first, first * r_first),
        ("steady_resistance_ohm", left_steady, steady * r_steady),
    ):
        if (left <= 0).any():
            place = int(np.flatnonzero(np.ravel(left) <= 0)[0])
            raise ValueError(
                f"{name} at position {place}: the interfaces alone take {np.ravel(product)[place]:g} V, as much as the "
                "polarisation or more; give the resistance of the interfaces without the electrolyte, in ohm, and "
                "currents in A"
            )
    t = steady * left_first / (first * left_steady)
    # Derivatives of ln t.
    slopes = (
        (1.0 / left_first - 1.0 / left_steady, polarisation_sd_V, "polarisation_sd_V"),
        (-volt / (first * left_first), initial_current_sd_A, "initial_current_sd_A"),
        (volt / (steady * left_steady), steady_current_sd_A, "steady_current_sd_A"),
        (-first / left_first, initial_resistance_sd_ohm, "initial_resistance_sd_ohm"),
        (steady / left_steady, steady_resistance_sd_ohm, "steady_resistance_sd_ohm"),
    )
    variance = sum((slope * must_be(name, sd, at_least=0.0)) ** 2 for slope, sd, name in slopes)
    return t, t * np.sqrt(variance)
