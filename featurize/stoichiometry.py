"""Stoichiometric norms: how evenly the atoms are spread over the elements, whatever the elements are."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from .composition import CompositionBatch
from .elements import INDEX, N_ELEMENTS
from .transformer import CompositionTransformer

# pymatgen's tolerance for the common divisor of decimal amounts: 1 / max_denominator.
_DIVISOR_TOLERANCE = 1e-4
# Formula units that pymatgen never halves: diatomic gases and the peroxides, of which NaO is half.
_DIATOMIC = frozenset(INDEX[symbol] for symbol in ("H", "N", "O", "F", "Cl"))
_PEROXIDE_CATIONS = frozenset(INDEX[symbol] for symbol in ("H", "Li", "Na", "K", "Rb", "Cs"))


class StoichiometryFeatures(CompositionTransformer):
    """Norms of the atomic fractions, equal to matminer's ``Stoichiometry``.

    Parameters
    ----------
    p_list : sequence of int
        Which norms: (sum of f^p)^(1/p) over the atomic fractions f; the 0-norm counts the elements.
    num_atoms : bool
        Whether to put the number of atoms in a formula unit of whole numbers first.

    References
    ----------
    Ward et al., npj Comput. Mater. 2, 16028 (2016), 10.1038/npjcompumats.2016.28

    Examples
    --------
    >>> StoichiometryFeatures(p_list=(0, 2), num_atoms=True).fit_transform(["Na3PS4", "Na0.5Cl0.5"]).round(3)
    array([[8.   , 3.   , 0.637],
           [2.   , 2.   , 0.707]])
    """

    def __init__(self, p_list: Sequence[int] = (0, 2, 3, 5, 7, 10), num_atoms: bool = False):
        self.p_list = p_list
        self.num_atoms = num_atoms

    def feature_names(self) -> list[str]:
        """Names as matminer writes them: ``2-norm``."""
        if any(p < 0 for p in self.p_list):
            raise ValueError(f"p-norms are defined for p >= 0, got {self.p_list!r}")
        return ["num atoms"] * self.num_atoms + [f"{p:d}-norm" for p in self.p_list]

    def continuous_features(self) -> np.ndarray:
        """Which columns are continuous in the composition: all but the 0-norm and the number of atoms."""
        return np.array([False] * self.num_atoms + [p >= 1 for p in self.p_list], dtype=bool)

    def compute(self, batch: CompositionBatch) -> np.ndarray:
        """Compute the columns for a batch."""
        out = np.empty((len(batch), len(self.feature_names())))
        fractions = batch.fractions
        if self.num_atoms:
            out[:, 0] = formula_unit_sizes(batch)
        for column, p in enumerate(self.p_list, start=int(self.num_atoms)):
            if p == 0:
                out[:, column] = np.diff(fractions.indptr)
            else:
                out[:, column] = _row_sums(fractions.data**p, fractions) ** (1.0 / p)
        out[~batch.is_readable] = np.nan
        return out


def formula_unit_sizes(batch: CompositionBatch) -> np.ndarray:
    """Number of atoms in the smallest formula unit of whole numbers, shape (n,).

    As in pymatgen, decimals are brought to whole numbers by their common divisor with a tolerance of 1e-4, and
    diatomic gases and alkali peroxides keep their two atoms.
    """
    amounts = batch.amounts
    counts = np.diff(amounts.indptr)
    divisor = np.zeros(len(batch))
    for place in range(int(counts.max(initial=0))):
        rows = np.flatnonzero(counts > place)
        entry = amounts.data[amounts.indptr[rows] + place]
        divisor[rows] = entry if place == 0 else _common_divisor(divisor[rows], entry)
    divisor[counts == 0] = 1.0
    whole = np.rint(amounts.data / np.repeat(divisor, counts))
    # Amounts far apart may leave more than 64 bits; their divisor is one then.
    whole_divisor = np.ones(len(batch))
    filled = np.flatnonzero(counts)
    if len(filled):
        integers = np.where(whole < 2**62, whole, 1.0).astype(np.int64)
        whole_divisor[filled] = np.maximum(np.gcd.reduceat(integers, amounts.indptr[filled]), 1)
    units = divisor * whole_divisor * np.where(_is_halved(batch, whole / np.repeat(whole_divisor, counts)), 0.5, 1.0)
    return _row_sums(amounts.data, amounts) / units


def _common_divisor(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclid's algorithm on decimals, pair by pair."""
    first, second = first.copy(), second.copy()
    going = second > _DIVISOR_TOLERANCE
    while going.any():
        first[going], second[going] = second[going], np.fmod(first[going], second[going])
        going = second > _DIVISOR_TOLERANCE
    return first


def _is_halved(batch: CompositionBatch, reduced: np.ndarray) -> np.ndarray:
    """Rows whose reduced formula is half of what pymatgen keeps (O for O2, NaO for Na2O2)."""
    indptr, indices = batch.amounts.indptr, batch.amounts.indices
    halved = np.zeros(len(batch), dtype=bool)
    for row in np.flatnonzero(np.diff(indptr) == 1):
        halved[row] = indices[indptr[row]] in _DIATOMIC
    oxygen = INDEX["O"]
    for row in np.flatnonzero(np.diff(indptr) == 2):
        pair = set(indices[indptr[row] : indptr[row + 1]].tolist())
        if oxygen in pair and pair & _PEROXIDE_CATIONS:
            halved[row] = bool((reduced[indptr[row] : indptr[row + 1]] == 1).all())
    return halved


def _row_sums(values: np.ndarray, matrix: csr_array) -> np.ndarray:
    """Sum entries of a sparse matrix's pattern by row."""
    return csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape) @ np.ones(N_ELEMENTS)
