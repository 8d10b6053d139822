"""What a value below a limit says, beside what is expected of it: its mean, and the measurement that it amounts to."""

import numpy as np
from scipy.special import log_ndtr

# A limit that says nothing is a measurement with this many times the variance of what is expected, or of its noise.
NOTHING = 1e6


def truncated_mean(mean: np.ndarray, sd: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Mean (n,) of normal values that are known to lie below a limit.

    E[y | y < L] = m - s phi(a) / Phi(a), a = (L - m) / s: the expectation of a censored observation in J. Tobin's
    regression, 10.2307/1907382.

    Parameters
    ----------
    mean, sd : (n,) float64
        Of the normal distributions, in units of the property.
    limit : (n,) float64
        What the values lie below.

    Examples
    --------
    >>> truncated_mean(np.array([-4.0, -4.0]), np.array([1.0, 1.0]), np.array([0.0, -10.0])).round(2).tolist()
    [-4.0, -10.16]
    """
    return mean - sd * _hazard((limit - mean) / sd)


def equivalent_measurement(
    mean: np.ndarray, variance: np.ndarray, noise: np.ndarray, limit: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Value (n,) and noise variance (n,) of the measurement that says as much as a limit does.

    After it, a normal belief has the mean and the variance of the belief given that value plus noise lie below the
    limit: the site of expectation propagation (C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine
    Learning, 10.7551/mitpress/3206.001.0001, eq. 3.58 and 3.59, with a step at the limit for the label).

    Parameters
    ----------
    mean, variance : (n,) float64
        Belief about the value without this limit.
    noise : (n,) float64
        Variance of the measurement's noise.
    limit : (n,) float64
        The limit.

    Examples
    --------
    A limit four decades above what is expected says nothing, one six decades below is as good as a value:

    >>> one = np.ones(2)
    >>> value, noise = equivalent_measurement(-4.0 * one, one, 0.16 * one, np.array([0.0, -10.0]))
    >>> float(noise[0]) > 100, float(value[1].round(1)), float(noise[1].round(2))
    (True, -10.4, 0.19)
    """
    whole = variance + noise
    a = (limit - mean) / np.sqrt(whole)
    hazard = _hazard(a)
    # hazard + a > 0 always, and small far below the limit, where the two cancel but leave digits enough.
    said = np.maximum(hazard * (hazard + a), 1.0 / NOTHING)
    return mean - np.sqrt(whole) * hazard / said, whole / said - variance


def _hazard(a: np.ndarray) -> np.ndarray:
    """phi(a) / Phi(a) of the standard normal distribution, for a of any size."""
    return np.exp(-0.5 * (a**2 + np.log(2.0 * np.pi)) - log_ndtr(a))
