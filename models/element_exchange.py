"""How much an energy changes when one element takes the place of another, learned from pairs of known compounds."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..featurize.composition import CompositionBatch
from ..featurize.elements import MAGPIE_PROPERTIES, N_ELEMENTS, magpie_table

# Parts of a likeness that no places can have are set to this, next to none of its trace of 118.
_SMALLEST_EIGENVALUE = 1e-6
# Fractions are compared as integers of this unit, which keeps all ratios of ordinary formulas apart.
_UNIT = 1e-6
# A pair of elements is believed as if this much had been seen of it at the mean change over all pairs: the squared
# fraction, summed over pairs of compounds. Two pairs of compounds that exchange a fifth of their atoms weigh as much.
_PRIOR_WEIGHT = 0.1
# Larger squared changes, eV^2/atom^2, count as this one: they tell of another structure, not of the elements.
_LARGEST_SQUARE = 4.0


@dataclass(frozen=True)
class AnonymousFormulas:
    """Compositions as a ratio of positions (AB2X4) and the element on each of them.

    Positions go by rising fraction, those of equal fraction by electronegativity, then by Pettifor's scale.

    Parameters
    ----------
    keys : tuple of bytes
        One a row, equal for equal ratios; empty for rows without a composition.
    elements : tuple of ndarray
        One a row: columns of `featurize.elements.SYMBOLS`, in the order of the positions.
    fractions : tuple of ndarray
        One a row: the atomic fraction of each position.

    Examples
    --------
    >>> found = AnonymousFormulas.of(CompositionBatch.from_formulas(["MgAl2O4", "Zn2Cr4O8", "Na3PS4"]))
    >>> found.keys[0] == found.keys[1], found.keys[0] == found.keys[2]
    (True, False)
    >>> found.elements[1].tolist()  # Zn, Cr, O
    [29, 23, 7]
    """

    keys: tuple[bytes, ...]
    elements: tuple[np.ndarray, ...]
    fractions: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, batch: CompositionBatch) -> "AnonymousFormulas":
        """The anonymous formulas of n compositions."""
        matrix = batch.fractions
        row = np.repeat(np.arange(len(batch)), np.diff(matrix.indptr))
        table = magpie_table()
        negativity, scale = (
            np.nan_to_num(table[matrix.indices, MAGPIE_PROPERTIES.index(name)], nan=1.5)
            for name in ("Electronegativity", "MendeleevNumber")
        )
        units = np.round(np.asarray(matrix.data, dtype=np.float64) / _UNIT).astype(np.int64)
        order = np.lexsort((scale, negativity, units, row))
        parts = [order[a:b] for a, b in pairwise(np.asarray(matrix.indptr).tolist())]
        return cls(
            tuple(units[part].tobytes() for part in parts),
            tuple(matrix.indices[part] for part in parts),
            tuple(matrix.data[part] for part in parts),
        )

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: np.ndarray) -> "AnonymousFormulas":
        """Some rows."""
        return AnonymousFormulas(*(tuple(part[i] for i in rows) for part in (self.keys, self.elements, self.fractions)))

    def by_key(self) -> dict[bytes, np.ndarray]:
        """Rows of each ratio; rows without a composition are in none."""
        found: dict[bytes, list[int]] = defaultdict(list)
        for row, key in enumerate(self.keys):
            if key:
                found[key].append(row)
        return {key: np.array(rows) for key, rows in found.items()}

    def identities(self) -> list[bytes]:
        """One a row, equal for equal compositions."""
        return [key + elements.tobytes() for key, elements in zip(self.keys, self.elements, strict=True)]


def exchange_squares(formulas: AnonymousFormulas, energies: np.ndarray) -> np.ndarray:
    """Mean squared change of the energy per atom when one element takes another's place, by squared fraction.

    Every two compounds of one ratio that differ on one position are an observation of its two elements. Pairs of
    elements that are seen little are drawn to the mean over all pairs.

    Parameters
    ----------
    formulas : AnonymousFormulas
        n known compounds.
    energies : ndarray of shape (n,)
        Their energies, eV/atom.

    Returns
    -------
    ndarray of shape (118, 118)
        eV^2/atom^2 for a fraction of 1; symmetric, 0 on the diagonal, positive elsewhere.

    Raises
    ------
    ValueError
        If no two compounds differ on one position only.

    References
    ----------
    The use of substitutions among known compounds to tell how alike elements are follows Hautier et al. 2011,
    10.1021/ic102031h, with energies in the place of counts.

    Examples
    --------
    Potassium stands closer to rubidium than to lithium:

    >>> names = ["KCl", "RbCl", "LiCl", "KF", "RbF", "LiF"]
    >>> formulas = AnonymousFormulas.of(CompositionBatch.from_formulas(names))
    >>> squares = exchange_squares(formulas, np.array([-2.26, -2.25, -2.12, -2.94, -2.89, -3.19]))
    >>> bool(squares[18, 36] < squares[18, 2])
    True
    """
    groups: dict[tuple, list[tuple[int, float, float]]] = defaultdict(list)
    rows = zip(formulas.keys, formulas.elements, formulas.fractions, energies.tolist(), strict=True)
    for key, elements, fractions, energy in rows:
        names = elements.tolist()
        for place, share in enumerate(fractions.tolist()):
            groups[(key, place, *names[:place], *names[place + 1 :])].append((names[place], energy, share))
    squares, weights = np.zeros((N_ELEMENTS, N_ELEMENTS)), np.zeros((N_ELEMENTS, N_ELEMENTS))
    for group in groups.values():
        if len(group) < 2:
            continue
        names, values, shares = (np.array(column) for column in zip(*group, strict=True))
        pair = (names[:, None], names[None, :])
        np.add.at(squares, pair, np.minimum((values[:, None] - values[None, :]) ** 2, _LARGEST_SQUARE))
        np.add.at(weights, pair, np.full((len(names), len(names)), shares[0] ** 2))
    for matrix in (squares, weights):
        np.fill_diagonal(matrix, 0.0)
    if not weights.any():
        raise ValueError(f"no two of {len(formulas)} compounds differ on one position only: give more compounds")
    found = (squares + _PRIOR_WEIGHT * squares.sum() / weights.sum()) / (weights + _PRIOR_WEIGHT)
    np.fill_diagonal(found, 0.0)
    return found


def element_coordinates(squares: np.ndarray, length_squared: float, dimensions: int) -> np.ndarray:
    """Places of the elements (118, dimensions) whose inner products are near exp(-squares / (2 length_squared)).

    The leading eigenvectors of that matrix; parts with negative eigenvalues, which no places could have, are left out.

    Examples
    --------
    >>> squares = np.ones((118, 118)) - np.eye(118)
    >>> places = element_coordinates(squares, 0.5, 118)
    >>> (places[0] @ places[:2].T).round(3).tolist()
    [1.0, 0.368]
    """
    likeness = np.exp(-squares / (2.0 * length_squared))
    values, vectors = np.linalg.eigh(likeness)
    kept = np.clip(values, _SMALLEST_EIGENVALUE, None)
    likeness = (vectors * kept) @ vectors.T
    size = np.sqrt(np.diag(likeness))
    values, vectors = np.linalg.eigh(likeness / size[:, None] / size[None, :])
    return vectors[:, -dimensions:] * np.sqrt(np.maximum(values[-dimensions:], 0.0))
