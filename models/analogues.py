"""What known compounds of the same anonymous formula say about a composition: its analogues by exchange of elements."""

import numpy as np

from .element_exchange import AnonymousFormulas

# Widths of the weights exp(-d^2 / (2 width^2)), in eV/atom of expected change.
WIDTHS_EV_ATOM = (0.05, 0.1, 0.2)
NEAREST = 2
# Rows compared with their analogues at once.
_CHUNK = 2000
_SMALLEST_WEIGHT = 1e-6


def analogue_columns(targets: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the columns of `analogue_features`."""
    names = []
    for width in WIDTHS_EV_ATOM:
        names += [f"analogues_{target}_within_{width}" for target in targets]
        names += [f"analogues_weight_within_{width}"]
    for place in range(1, NEAREST + 1):
        names += [f"analogue_{place}_{target}" for target in targets]
        names += [f"analogue_{place}_distance"]
    return (*names, "analogues")


def analogue_features(
    asked: AnonymousFormulas, known: AnonymousFormulas, targets: np.ndarray, squares: np.ndarray
) -> np.ndarray:
    """Weighted means over the known compounds of a row's anonymous formula, and the two nearest of them.

    The distance of two compounds is the change of energy expected of the exchange of their elements, position by
    position: d^2 = sum over positions of fraction^2 times the square change of the two elements. A known compound of
    the row's own composition is left out.

    Parameters
    ----------
    asked : AnonymousFormulas
        n rows.
    known : AnonymousFormulas
        m known compounds.
    targets : ndarray of shape (m, t)
        What is known of them.
    squares : ndarray of shape (118, 118)
        As `element_exchange.exchange_squares` gives them.

    Returns
    -------
    ndarray of shape (n, 6 t + 6), float64 where t targets are given
        Columns as `analogue_columns` names them; NaN where there is no analogue (the count is 0).

    Examples
    --------
    >>> from ionscout.featurize.composition import CompositionBatch
    >>> known = AnonymousFormulas.of(CompositionBatch.from_formulas(["KCl", "RbCl", "CaCl2"]))
    >>> asked = AnonymousFormulas.of(CompositionBatch.from_formulas(["NaCl", "RbCl", "Na3PS4"]))
    >>> squares = 0.04 * (np.ones((118, 118)) - np.eye(118))
    >>> found = analogue_features(asked, known, np.array([[-2.26], [-2.25], [-2.75]]), squares)
    >>> names = analogue_columns(("energy",))
    >>> [round(float(x), 3) for x in found[:, names.index("analogues_energy_within_0.1")]]
    [-2.255, -2.26, nan]
    >>> found[:, -1].tolist()
    [2.0, 1.0, 0.0]
    """
    t = targets.shape[1]
    out = np.full((len(asked), len(WIDTHS_EV_ATOM) * (t + 1) + NEAREST * (t + 1) + 1), np.nan)
    out[:, -1] = 0.0
    analogues = known.by_key()
    for key, rows in asked.by_key().items():
        if key not in analogues:
            continue
        there = analogues[key]
        weights = known.fractions[there[0]] ** 2
        theirs = np.array([known.elements[i] for i in there])
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            ours = np.array([asked.elements[i] for i in chunk])
            distance = np.zeros((len(chunk), len(there)))
            for place, weight in enumerate(weights):
                distance += weight * squares[ours[:, place]][:, theirs[:, place]]
            # Different elements lie apart, so only the composition itself is at no distance.
            distance[distance == 0.0] = np.inf
            out[chunk] = _of_ratio(distance, targets[there])
    return out


def _of_ratio(squared: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Columns of n rows from their squared distances (n, m) and the targets (m, t) of the m compounds."""
    parts = []
    for width in WIDTHS_EV_ATOM:
        weights = np.exp(squared / (-2.0 * width**2))
        total = weights.sum(axis=1)
        mean = weights @ targets / np.maximum(total, _SMALLEST_WEIGHT)[:, None]
        mean[total < _SMALLEST_WEIGHT] = np.nan
        parts += [mean, total]
    nearest = np.argsort(squared, axis=1, kind="stable")[:, :NEAREST]
    apart = np.take_along_axis(squared, nearest, axis=1)
    for place in range(NEAREST):
        if place >= nearest.shape[1]:
            parts += [np.full((len(squared), targets.shape[1] + 1), np.nan)]
            continue
        is_there = np.isfinite(apart[:, place])
        parts += [
            np.where(is_there[:, None], targets[nearest[:, place]], np.nan),
            np.where(is_there, np.sqrt(apart[:, place]), np.nan),
        ]
    return np.column_stack([*parts, np.isfinite(squared).sum(axis=1)])
