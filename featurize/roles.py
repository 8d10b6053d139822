"""Who does what in an ionic conductor: mobile ion, framework cation or anion, as smooth shares of every element.

An element need not have one role: hydrogen in Na2(BH4)(NH2) is anion and cation, sodium in a lithium conductor is a
little of both mobile ion and framework. Shares change continuously with composition, so features built on them do too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy.sparse import csr_array

from .elements import INDEX, SYMBOLS
from .valence import SmoothValence, smooth_valence

# mobile_ion="auto": an ion's share of the mobile role is (weight x fraction)^2 over the sum of that. Sodium first; then
# the monovalent ions known to move, by how often they do; divalent ones only where no monovalent ion is about.
MOBILE_WEIGHTS = {"Na": 3.0, "Li": 1.0, "K": 1.0, "Ag": 1.0, "Rb": 0.5, "Cs": 0.5, "Cu": 0.3, "Tl": 0.3}
MOBILE_WEIGHTS |= {"Mg": 0.3, "Ca": 0.3, "Zn": 0.3}
# Below this squared weighted fraction (0.01 % of an ion of weight 1) there is no mobile ion to speak of.
TRACE = 1e-8
# Pseudo-amount (atomic fraction) of a typical ion mixed into every mean, so that an ion that is only just there does
# not decide a mean by itself and means over nothing are defined.
PRIOR = 0.02
# The same for framework cations, which many conductors lack (NaCl, Na3OBr): there a dopant is the whole framework.
FRAMEWORK_PRIOR = 0.05


@dataclass(frozen=True, eq=False)
class IonRoles:
    """Roles of the m element entries of n compositions (entries in CSR order).

    Attributes
    ----------
    fractions : csr_array, shape (n, N_ELEMENTS)
        Element fractions; rows sum to 1, none is empty.
    valence : SmoothValence
        Charges and radii of the entries.
    mobile, anion, framework : numpy.ndarray, shape (m,)
        Atomic fraction of each entry in each role; they add up to the entry's fraction.
    """

    fractions: csr_array
    valence: SmoothValence
    mobile: np.ndarray
    anion: np.ndarray
    framework: np.ndarray

    @classmethod
    def of(cls, fractions: csr_array, mobile_ion: str = "auto") -> IonRoles:
        """Assign the roles.

        Parameters
        ----------
        fractions : csr_array, shape (n, N_ELEMENTS)
            Element fractions; rows sum to 1, none is empty.
        mobile_ion : str
            An element symbol, or "auto" for the rule of `MOBILE_WEIGHTS`.

        Returns
        -------
        IonRoles

        Raises
        ------
        ValueError
            If `mobile_ion` is neither "auto" nor an element.

        Examples
        --------
        >>> from ionscout.featurize.composition import CompositionBatch
        >>> roles = IonRoles.of(CompositionBatch.from_formulas(["Na3LiTe2"]).fractions)
        >>> roles.mobile.round(3).tolist()
        [0.002, 0.494, 0.0]
        """
        check_mobile_ion(mobile_ion)
        valence = smooth_valence(fractions)
        amount = fractions.data
        starts = fractions.indptr[:-1]
        if mobile_ion == "auto":
            claim = (amount * _auto_weights()[fractions.indices]) ** 2
            share = claim / np.repeat(np.add.reduceat(claim, starts) + TRACE, np.diff(fractions.indptr))
        else:
            share = (fractions.indices == INDEX[mobile_ion]).astype(float)
        mobile = amount * share
        rest = amount - mobile
        anion = rest * valence.anion
        return cls(fractions, valence, mobile, anion, rest - anion)

    @cached_property
    def row_of(self) -> np.ndarray:
        """Row of each entry, shape (m,)."""
        return np.repeat(np.arange(len(self.fractions.indptr) - 1), np.diff(self.fractions.indptr))

    @cached_property
    def _adder(self) -> csr_array:
        # A product with ones is the quickest way to sum rows of unequal length.
        entries = np.arange(self.fractions.nnz)
        return csr_array(
            (np.ones(len(entries)), entries, self.fractions.indptr),
            shape=(len(self.fractions.indptr) - 1, len(entries)),
        )

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sum of a value over the entries of each row: (m,) -> (n,)."""
        return self._adder @ values

    def total_of_elements(self, weight: np.ndarray, table: np.ndarray) -> np.ndarray:
        """Sums of element properties over each row: weight (m,), table (N_ELEMENTS, k) -> (k, n)."""
        weighted = csr_array((weight, self.fractions.indices, self.fractions.indptr), shape=self.fractions.shape)
        return np.asarray(weighted @ table).T

    def mean(self, weight: np.ndarray, values: np.ndarray, typical: float, prior: float = PRIOR) -> np.ndarray:
        """Mean over each row, drawn to `typical` as by `prior` atoms per atom: (m,), (m,) -> (n,)."""
        return (self.total(weight * values) + prior * typical) / (self.total(weight) + prior)


@cache
def _auto_weights() -> np.ndarray:
    return np.array([MOBILE_WEIGHTS.get(symbol, 0.0) for symbol in SYMBOLS])


def check_mobile_ion(mobile_ion: str) -> None:
    """Raise ValueError unless `mobile_ion` is "auto" or an element symbol."""
    if mobile_ion != "auto" and mobile_ion not in INDEX:
        raise ValueError(f"mobile_ion must be 'auto' or an element symbol like 'Na', got {mobile_ion!r}")
