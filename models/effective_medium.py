"""Conductivity of a two-phase mixture from those of its phases: Bruggeman's and Maxwell Garnett's effective media."""

import numpy as np


def bruggeman(matrix_log10: np.ndarray, filler_log10: np.ndarray, filler_fraction: np.ndarray) -> np.ndarray:
    """Symmetric effective medium of spheres in three dimensions, 10.1002/andp.19354160705.

    Parameters
    ----------
    matrix_log10, filler_log10 : (n,) float64
        log10 of the conductivity of each phase in S/cm.
    filler_fraction : (n,) float64
        Volume fraction of the filler.

    Returns
    -------
    (n,) float64
        log10 of the mixture's conductivity. An insulating matrix is spanned from a fraction of 1/3 upwards.

    Examples
    --------
    >>> import numpy as np
    >>> bruggeman(np.array([-5.0]), np.array([-3.0]), np.array([0.0, 0.2, 1.0])).round(2).tolist()
    [-5.0, -4.64, -3.0]
    """
    # Solved for the ratio to the better phase, so that twenty decades between them lose no digits.
    top = np.maximum(matrix_log10, filler_log10)
    matrix, filler = 10.0 ** (matrix_log10 - top), 10.0 ** (filler_log10 - top)
    half = (3.0 * filler_fraction - 1.0) * filler + (2.0 - 3.0 * filler_fraction) * matrix
    root = np.sqrt(half**2 + 8.0 * matrix * filler)
    # Where the two terms cancel, the other root of the quadratic gives the same number.
    mixture = np.where(half >= 0, (half + root) / 4.0, 2.0 * matrix * filler / np.maximum(root - half, 1e-300))
    return top + np.log10(np.maximum(mixture, 1e-30))


def maxwell_garnett(matrix_log10: np.ndarray, filler_log10: np.ndarray, filler_fraction: np.ndarray) -> np.ndarray:
    """Dilute spheres that never touch, 10.1098/rsta.1904.0024; arguments and result as in `bruggeman`.

    Examples
    --------
    >>> import numpy as np
    >>> maxwell_garnett(np.array([-5.0]), np.array([-3.0]), np.array([0.0, 0.2, 1.0])).round(2).tolist()
    [-5.0, -4.76, -3.0]
    """
    top = np.maximum(matrix_log10, filler_log10)
    matrix, filler = 10.0 ** (matrix_log10 - top), 10.0 ** (filler_log10 - top)
    gain = filler_fraction * (filler - matrix)
    over, under = filler + 2.0 * matrix + 2.0 * gain, filler + 2.0 * matrix - gain
    return matrix_log10 + np.log10(np.maximum(over / under, 1e-30))
