"""A Gaussian process that asks, for every composition, only the known compositions nearest to it."""

from typing import NamedTuple

import numpy as np

# Constants of the process, chosen on the validation rows of the Materials Project split; energies in eV/atom.
NEIGHBOURS = 100
LENGTH = 0.5
NOISE = 0.006
# Variance of a constant added to the process: energies lie within some eV/atom of 0.
CONSTANT = 25.0
_CHUNK = 1000


class Estimates(NamedTuple):
    """What the process says of n compositions.

    Attributes
    ----------
    mean : ndarray of shape (n,)
        eV/atom.
    variance : ndarray of shape (n,)
        In units of the process's own variance, which is 1.
    distance : ndarray of shape (n,)
        To the nearest known composition.
    nearest : ndarray of shape (n,)
        Its row.
    """

    mean: np.ndarray
    variance: np.ndarray
    distance: np.ndarray
    nearest: np.ndarray


def neighbour_estimates(
    places: np.ndarray, known: np.ndarray, energies: np.ndarray, itself: np.ndarray | None = None
) -> Estimates:
    """Ask the nearest known compositions of each row.

    Covariance of the Matern kind with smoothness 3/2, (1 + r) exp(-r) with r = sqrt(3) distance / length, and a
    constant.

    Parameters
    ----------
    places : ndarray of shape (n, d)
        Where the rows lie, such as fractions times `element_exchange.element_coordinates`.
    known : ndarray of shape (m, d)
        Where the known compositions lie.
    energies : ndarray of shape (m,)
        Their energies, eV/atom.
    itself : ndarray of shape (n,), optional
        Known row that is the composition asked for, which is then left out; -1 where there is none.

    References
    ----------
    Nearest-neighbour Gaussian processes: Datta et al. 2016, 10.1080/01621459.2015.1044091. Rasmussen and Williams 2006,
    Gaussian Processes for Machine Learning, section 4.2, for the covariance.

    Examples
    --------
    Between two known places, the mean of both:

    >>> found = neighbour_estimates(np.array([[0.1]]), np.array([[0.0], [0.2]]), np.array([-1.0, -2.0]))
    >>> found.mean.round(2).tolist()
    [-1.5]
    """
    count = min(NEIGHBOURS, len(known))
    ours, theirs = places.astype(np.float32), known.astype(np.float32)
    lengths = (theirs**2).sum(axis=1)
    mean, variance, distance = (np.full(len(places), np.nan) for _ in range(3))
    nearest = np.full(len(places), -1)
    for start in range(0, len(places), _CHUNK):
        span = slice(start, start + _CHUNK)
        squared = lengths - 2.0 * ours[span] @ theirs.T + (ours[span] ** 2).sum(axis=1)[:, None]
        if itself is not None:
            there = np.flatnonzero(itself[span] >= 0)
            squared[there, itself[span][there]] = np.inf
        rows = np.argpartition(squared, count - 1, axis=1)[:, :count]
        apart = np.maximum(np.take_along_axis(squared, rows, axis=1), 0.0).astype(np.float64)
        mean[span], variance[span] = _solve(theirs[rows], apart, energies[rows])
        first = apart.argmin(axis=1)
        each = np.arange(len(rows))
        nearest[span] = rows[each, first]
        distance[span] = np.sqrt(apart[each, first])
    return Estimates(mean, variance, distance, nearest)


def _solve(places: np.ndarray, squared: np.ndarray, energies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (n,) from the places (n, k, d), squared distances (n, k) and energies (n, k) of neighbours."""
    lengths = (places**2).sum(axis=2)
    between = lengths[:, :, None] + lengths[:, None, :] - 2.0 * places @ places.transpose(0, 2, 1)
    covariance = _matern(between.astype(np.float64)) + CONSTANT + NOISE * np.eye(places.shape[1])
    towards = _matern(squared) + CONSTANT
    weights = np.linalg.solve(covariance, towards[:, :, None])[:, :, 0]
    return (weights * energies).sum(axis=1), 1.0 + CONSTANT - (weights * towards).sum(axis=1)


def _matern(squared: np.ndarray) -> np.ndarray:
    r = np.sqrt(3.0 * np.maximum(squared, 0.0)) / LENGTH
    return (1.0 + r) * np.exp(-r)
