"""Known phases with their formation energies, and which of them compete in a chemical system."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array, diags_array, vstack

from ..featurize.composition import CompositionBatch
from ..featurize.elements import INDEX, N_ELEMENTS, SYMBOLS
from ..featurize.writing import format_formulas
from .composition_index import CompositionIndex

# Elements whose standard state is a molecule of two atoms; products are written and counted as such.
_DIATOMIC = ("H", "N", "O", "F", "Cl", "Br", "I")


@dataclass(frozen=True, eq=False)
class Phases:
    """Phases and their formation energies; the first 118 are the elements at 0 eV.

    Build one with `from_compounds`. A formation energy is counted from the elements, so every element is a phase at
    exactly 0 eV/atom whether or not a table lists it.

    Parameters
    ----------
    amounts : csr_array of shape (n, 118)
        Atoms of each element in a formula unit.
    energies : ndarray of shape (n,)
        Formation energy, eV/atom.

    Examples
    --------
    >>> batch = CompositionBatch.from_formulas(["NaCl", "Na2S", "Na3PS4"])
    >>> phases = Phases.from_compounds(batch.amounts, [-2.13, -1.26, -0.95])
    >>> len(phases), phases.formulas_of(phases.within([INDEX["Na"], INDEX["S"]])).tolist()
    (121, ['Na', 'S', 'Na2S'])
    """

    amounts: csr_array
    energies: np.ndarray

    @classmethod
    def from_compounds(cls, amounts: csr_array, energies: Sequence[float] | np.ndarray) -> "Phases":
        """Compounds (n, 118) and their formation energies (n,), eV/atom; rows of a single element are left out.

        Raises
        ------
        ValueError
            If an energy is not finite or a composition is empty, naming the row.
        """
        values = np.asarray(energies, dtype=np.float64)
        n = len(amounts.indptr) - 1
        if values.shape != (n,):
            raise ValueError(f"{n} compositions and energies of shape {values.shape}; give one for each")
        counts = np.diff(amounts.indptr)
        wrong = np.flatnonzero(~np.isfinite(values) | (counts == 0))
        if len(wrong):
            what = "an empty composition" if counts[wrong[0]] == 0 else f"energy {values[wrong[0]]}"
            raise ValueError(f"row {wrong[0]}: {what}; leave such rows out")
        keep = counts > 1
        molecule = np.ones(N_ELEMENTS)
        molecule[[INDEX[symbol] for symbol in _DIATOMIC]] = 2.0
        elements = diags_array(molecule, format="csr")
        stacked = csr_array(vstack([elements, amounts[keep]], format="csr"))
        stacked.sort_indices()
        return cls(stacked, np.concatenate([np.zeros(N_ELEMENTS), values[keep]]))

    def __len__(self) -> int:
        return len(self.energies)

    @cached_property
    def atoms(self) -> np.ndarray:
        """Atoms in a formula unit, shape (n,)."""
        return np.add.reduceat(self.amounts.data, self.amounts.indptr[:-1])

    @cached_property
    def fractions(self) -> csr_array:
        """Atomic fractions, shape (n, 118)."""
        data = self.amounts.data / np.repeat(self.atoms, np.diff(self.amounts.indptr))
        return csr_array((data, self.amounts.indices, self.amounts.indptr), shape=self.amounts.shape)

    @cached_property
    def known_elements(self) -> np.ndarray:
        """True for elements that occur in a compound, shape (118,)."""
        return np.bincount(self.amounts.indices[N_ELEMENTS:], minlength=N_ELEMENTS) > 0

    def formulas_of(self, rows: Iterable[int] | np.ndarray) -> np.ndarray:
        """Formulas of some phases, object ndarray."""
        return format_formulas(csr_array(self.amounts[np.asarray(rows, dtype=np.intp)]))

    @cached_property
    def _by_system(self) -> dict[int, np.ndarray]:
        """Rows of the phases of exactly one set of elements, keyed by the set as bits of an integer."""
        bits = [1 << element for element in range(N_ELEMENTS)]
        indices, bounds = self.amounts.indices.tolist(), np.asarray(self.amounts.indptr).tolist()
        keys = [sum([bits[i] for i in indices[a:b]]) for a, b in pairwise(bounds)]
        found: dict[int, list[int]] = {}
        for row, key in enumerate(keys):
            found.setdefault(key, []).append(row)
        return {key: np.array(rows, dtype=np.intp) for key, rows in found.items()}

    @cached_property
    def _within(self) -> dict[tuple[int, ...], np.ndarray]:
        return {}

    def within(self, elements: Iterable[int]) -> np.ndarray:
        """Rows of all phases made of some of these elements, the elements themselves first.

        Parameters
        ----------
        elements : iterable of int
            Columns of `featurize.elements.SYMBOLS`.
        """
        key = tuple(sorted({int(element) for element in elements}))
        if key not in self._within:
            systems = self._by_system
            if 2 ** len(key) < len(systems):
                subsets = [0]
                for element in key:
                    bit = 1 << element
                    subsets += [subset | bit for subset in subsets]
                parts = [systems[subset] for subset in subsets if subset in systems]
            else:
                outside = ~sum(1 << element for element in key)
                parts = [rows for subset, rows in systems.items() if not subset & outside]
            self._within[key] = np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.intp)
        return self._within[key]

    def find(self, batch: CompositionBatch) -> np.ndarray:
        """Row of the lowest phase of each composition, -1 where there is none; shape (n,)."""
        places = self._index.find(batch.fractions)
        return np.where(places >= 0, self._highest_first[places], -1)

    @cached_property
    def _highest_first(self) -> np.ndarray:
        return np.argsort(-self.energies, kind="stable")

    @cached_property
    def _index(self) -> CompositionIndex:
        """Finds the last of equal ones, which is the lowest."""
        return CompositionIndex(csr_array(self.fractions[self._highest_first]))


def symbols_of(elements: Iterable[int]) -> str:
    """Chemical system in words, such as Na-P-S.

    Examples
    --------
    >>> symbols_of([15, 10, 14])
    'Na-P-S'
    """
    return "-".join(sorted(SYMBOLS[element] for element in elements))
