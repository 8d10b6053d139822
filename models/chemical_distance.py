"""How far two compositions lie apart in chemistry: the earth mover's distance on Pettifor's scale."""

from functools import cache

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

from ..featurize.elements import MAGPIE_PROPERTIES, magpie_table


def laid_out(fractions: csr_array) -> np.ndarray:
    """Fractions (n, 118) float32, dense, the elements in Pettifor's order (10.1088/0022-3719/19/3/002)."""
    return np.asarray(fractions[:, _scale()[0]].todense(), dtype=np.float32)


def earth_movers_distance(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Distance (n, m) float64 between compositions (n, 118) and (m, 118), as `laid_out` gives them.

    The idea of the element mover's distance (10.1021/acs.chemmater.0c03381): on a line it is the L1 distance between
    cumulative sums. All matter moved from one end of the scale to the other would be 100.

    Examples
    --------
    >>> from ionscout.featurize.composition import CompositionBatch
    >>> made = laid_out(CompositionBatch.from_formulas(["NaCl", "NaBr", "KCl"]).fractions)
    >>> earth_movers_distance(made[:1], made).round(2).tolist()
    [[0.0, 0.49, 0.49]]
    """
    # Work only on elements of ordinary chemistry, where a row holds no other. Which columns a row's distance is summed
    # over must not depend on its neighbours in the batch, or its last digit would.
    ordinary, rare = _ordinary()
    if right[:, rare].any():
        return _cityblock(left, right, np.arange(left.shape[1]))
    distance = _cityblock(left, right, ordinary)
    odd = np.flatnonzero(left[:, rare].any(axis=1))
    if odd.size:
        distance[odd] = _cityblock(left[odd], right, np.arange(left.shape[1]))
    return distance


def _cityblock(left: np.ndarray, right: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """L1 distance (n, m) of cumulative sums over `columns` of Pettifor's order."""
    steps = np.diff(_scale()[1][columns])
    cumulative = [np.cumsum(side[:, columns], axis=1, dtype=np.float64)[:, :-1] * steps for side in (left, right)]
    return cdist(cumulative[0], cumulative[1], "cityblock")


@cache
def _ordinary() -> tuple[np.ndarray, np.ndarray]:
    """Places in Pettifor's order of the elements up to bismuth but noble gases, technetium, promethium; the rest."""
    number = _scale()[0] + 1
    left_out = np.isin(number, [2, 10, 18, 36, 43, 54, 61]) | (number > 83)
    return np.flatnonzero(~left_out), np.flatnonzero(left_out)


@cache
def _scale() -> tuple[np.ndarray, np.ndarray]:
    """Elements in Pettifor's order, and where each stands on a scale of 0 to 100."""
    numbers = magpie_table()[:, MAGPIE_PROPERTIES.index("MendeleevNumber")]
    order = np.argsort(numbers, kind="stable")
    places = numbers[order] - numbers[order][0]
    return order, 100.0 * places / places[-1]
