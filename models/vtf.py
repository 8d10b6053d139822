"""Vogel-Tammann-Fulcher: how the conductivity of a polymer or a gel rises with temperature."""

import numpy as np

from .physics import ZERO_CELSIUS_K, kelvin

REFERENCE_C = 60.0  # between where polymers and where gels are measured
# The ideal glass transition lies some 50 K under the measured one (10.1021/ja01619a008, C2 = 51.6 K). It is kept
# between what is known of polyethers and what lets every curve be drawn down to `featurize.mixture.COLDEST_C`.
BELOW_GLASS_TRANSITION_K = 50.0
_LOWEST_K, _HIGHEST_K = 140.0, 200.0
_POLYETHER_TG_C = -60.0
GEL_T0_K = 150.0  # set by hand: 50 K below where carbonate solutions turn to glass
# Of a fitted slope, set by hand: what it is before any mixture was measured at two temperatures (1000 K, or 0.09 eV in
# the exponent), and how much spread in `reduced` it takes to move it half way.
USUAL_SLOPE, USUAL_SPREAD = 1.0, 0.3


def reduced(temperature_C: np.ndarray, glass_transition_C: np.ndarray, gel: np.ndarray) -> np.ndarray:
    """The rise of log10 conductivity from `REFERENCE_C`, per 1000 K of the VTF slope B.

    log10 sigma = A - B / (ln 10 (T - T0)), with T0 = Tg - 50 K, or that of the liquid in a gel
    (10.1111/j.1151-2916.1925.tb16731.x).

    Parameters
    ----------
    temperature_C, glass_transition_C : (n,) float64
        The glass transition may be NaN (then that of a polyether is taken).
    gel : (n,) bool
        Whether a liquid carries the ions.

    Examples
    --------
    >>> import numpy as np
    >>> reduced(np.array([60.0, 25.0]), np.array([-60.0, -60.0]), np.array([False, False])).round(2).tolist()
    [0.0, -0.66]
    """
    tg = np.where(np.isnan(glass_transition_C), _POLYETHER_TG_C, glass_transition_C) + ZERO_CELSIUS_K
    t0 = np.where(gel, GEL_T0_K, np.clip(tg - BELOW_GLASS_TRANSITION_K, _LOWEST_K, _HIGHEST_K))
    temperature = kelvin(np.nan_to_num(temperature_C, nan=REFERENCE_C))
    return (1000.0 / (kelvin(REFERENCE_C) - t0) - 1000.0 / (temperature - t0)) / np.log(10.0)


def fit_slope(target: np.ndarray, reduced_T: np.ndarray, mixture: np.ndarray) -> float:
    """VTF slope B in 1000 K from mixtures that were measured at several temperatures, each against itself.

    Across mixtures the temperature of a measurement says how poor a conductor is, not how steep.

    Parameters
    ----------
    target, reduced_T : (n,) float64
        log10 conductivity and `reduced`.
    mixture : (n,)
        Equal for measurements of one mixture.
    """
    _, which = np.unique(mixture, return_inverse=True)
    count = np.bincount(which)
    off = [values - (np.bincount(which, weights=values) / count)[which] for values in (target, reduced_T)]
    rise, spread = float(off[0] @ off[1]), float(off[1] @ off[1])
    return max((rise + USUAL_SPREAD * USUAL_SLOPE) / (spread + USUAL_SPREAD), 0.0)
