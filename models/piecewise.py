"""Corners of concave piecewise linear functions, found exactly from values and slopes, for many functions at once."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

# Energies (eV/atom) nearer to a straight line than this are on it.
STRAIGHT_EV_ATOM = 1e-9
_MOST_ROUNDS = 200

# (rows (q,), places (q,)) -> values (q,), slopes (q,)
Evaluate = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def concave_corners(evaluate: Evaluate, low: np.ndarray, high: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Ends and corners of n concave piecewise linear functions.

    Two tangents meet either on the function, which is then a corner, or above it, where a further tangent is laid:
    after as many evaluations as there are pieces all corners are known.

    Parameters
    ----------
    evaluate : callable
        Values and any slopes (at a corner, one between those of both sides) of functions `rows` at `places`.
    low, high : ndarray of shape (n,)
        Range of each function.

    Returns
    -------
    list of (ndarray, ndarray)
        For each function its corners, ends included and ascending, and its values there.

    Examples
    --------
    >>> def tent(rows, places):
    ...     return np.minimum(places, 1 - 2 * places), np.where(places < 1 / 3, 1.0, -2.0)
    >>> [(places, values)] = concave_corners(tent, np.array([0.0]), np.array([1.0]))
    >>> places.round(6).tolist(), values.round(6).tolist()
    ([0.0, 0.333333, 1.0], [0.0, 0.333333, -1.0])
    """
    n = len(low)
    rows = np.arange(n)
    left = np.stack([low, *evaluate(rows, low)])  # place, value, slope
    right = np.stack([high, *evaluate(rows, high)])
    found = [(rows, left), (rows, right)]
    for _ in range(_MOST_ROUNDS):
        width = right[0] - left[0]
        bends = (left[1] + left[2] * width - right[1] > STRAIGHT_EV_ATOM) & (
            right[1] - right[2] * width - left[1] > STRAIGHT_EV_ATOM
        )
        rows, left, right = rows[bends], left[:, bends], right[:, bends]
        if not len(rows):
            break
        place = (right[1] - left[1] + left[2] * left[0] - right[2] * right[0]) / (left[2] - right[2])
        value, slope = evaluate(rows, place)
        middle = np.stack([place, value, slope])
        found.append((rows, middle))
        above = left[1] + left[2] * (place - left[0]) - value > STRAIGHT_EV_ATOM
        rows = np.concatenate([rows[above], rows[above]])
        left, right = (
            np.concatenate([left[:, above], middle[:, above]], axis=1),
            np.concatenate([middle[:, above], right[:, above]], axis=1),
        )
    return _corners(n, found)


def _corners(n: int, found: list[tuple[np.ndarray, np.ndarray]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Evaluated points of each function in order, without those on the line between their neighbours."""
    rows = np.concatenate([rows for rows, _ in found])
    points = np.concatenate([points for _, points in found], axis=1)
    order = np.lexsort((points[0], rows))
    points = points[:2, order]
    bounds = np.searchsorted(rows[order], np.arange(n + 1))
    return [_without_straight(*points[:, a:b]) for a, b in pairwise(bounds.tolist())]


def _without_straight(places: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept = [0]
    for point in range(1, len(places) - 1):
        a, b = kept[-1], point + 1
        run = places[b] - places[a]
        line = values[a] if run <= 0 else values[a] + (values[b] - values[a]) * (places[point] - places[a]) / run
        if values[point] - line > STRAIGHT_EV_ATOM and places[point] > places[a]:
            kept.append(point)
    kept.append(len(places) - 1)
    return places[kept], values[kept]
