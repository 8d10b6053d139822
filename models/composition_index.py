"""Looking compositions up among known ones, thousands at once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from ..featurize.elements import N_ELEMENTS

# Compositions whose atomic fractions differ by less than this everywhere are one composition.
SAME_COMPOSITION = 1e-6
# Equal compositions have equal projections on any directions. Random ones tell others apart nearly always: two, so that
# few pairs are left to be compared element by element.
_DIRECTIONS = np.random.default_rng(118).uniform(size=(N_ELEMENTS, 2))
# Largest difference of the projections of one composition: ten elements, each off by what still counts as the same.
_REACH = 10 * SAME_COMPOSITION


@dataclass(frozen=True, eq=False)
class CompositionIndex:
    """Finds compositions among m known ones, whatever the size of the formula unit they are written with.

    Parameters
    ----------
    fractions : csr_array of shape (m, 118)
        Atomic fractions of the known compositions.

    Examples
    --------
    >>> from ionscout.featurize.composition import CompositionBatch
    >>> known = CompositionBatch.from_formulas(["NaCl", "Na3PS4"])
    >>> asked = CompositionBatch.from_formulas(["Na6P2S8", "NaBr", "Na0.5Cl0.5"])
    >>> CompositionIndex(known.fractions).find(asked.fractions).tolist()
    [1, -1, 0]
    """

    fractions: csr_array

    def find(self, fractions: csr_array) -> np.ndarray:
        """Place of each of n compositions (n, 118) among the known ones, the last of equal ones; -1 for none; (n,)."""
        n = len(fractions.indptr) - 1
        places = np.full(n, -1)
        keys, order, seconds = self._keys
        asked = fractions @ _DIRECTIONS
        first = np.searchsorted(keys, asked[:, 0] - _REACH)
        counts = np.zeros(n, dtype=np.intp)
        # Most have no neighbour, so that the end of their neighbours need not be looked for.
        some = np.flatnonzero((keys[first] < asked[:, 0] + _REACH) & (np.diff(fractions.indptr) > 0))
        counts[some] = np.searchsorted(keys, asked[some, 0] + _REACH) - first[some]
        # Every pair of a row and a known composition whose first projections are near.
        row = np.repeat(np.arange(n), counts)
        near = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(len(row))
        is_near = np.abs(seconds[near] - asked[row, 1]) < _REACH
        row, known = row[is_near], order[near[is_near]]
        if len(row):
            apart = abs(fractions[row] - self.fractions[known]).max(axis=1).toarray()
            is_same = apart < SAME_COMPOSITION
            np.maximum.at(places, row[is_same], known[is_same])
        return places

    @cached_property
    def _keys(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sorted first projections and infinity (m + 1,), the composition of each, and its second projection (m,)."""
        projections = self.fractions @ _DIRECTIONS
        order = np.argsort(projections[:, 0], kind="stable")
        return np.append(projections[order, 0], np.inf), order, projections[order, 1]
