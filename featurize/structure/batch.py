"""n crystal structures in order, each with its error: what `StructureFeatures` reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from ..composition import CompositionBatch
from ..elements import INDEX
from ..rows import Rows, column_of
from .reading import StructureError, read_structure

# Share of the atoms by which a structure may differ from the formula it is given for: a refined crystal beside the
# weighed-in formula, or a doped one beside its host.
COMPOSITION_TOLERANCE = 0.1


@dataclass(frozen=True, eq=False)
class StructureBatch(Rows):
    """Many structures, row by row; a row that could not be read holds None and says why.

    Parameters
    ----------
    structures : object ndarray of shape (n,)
        pymatgen Structures, as given (not standardised); None where the row could not be read.
    errors : object ndarray of shape (n,)
        None, or what is wrong with the row.

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_cif
    >>> batch = StructureBatch.coerce([host_cif("Na3PS4"), "data_x"])
    >>> batch.is_readable.tolist(), batch.errors[1]
    ([True, False], 'CIF has no atoms (no _atom_site_fract_x); was it cut short?')
    >>> batch.compositions.formulas[0]
    'Na3PS4'
    """

    structures: np.ndarray
    errors: np.ndarray

    @classmethod
    def coerce(cls, X: Any) -> "StructureBatch":
        """Make a batch of whatever holds structures.

        Parameters
        ----------
        X : StructureBatch, or one or a sequence of what `reading.read_structure` reads, or a DataFrame
            A DataFrame needs a column ``structure`` (or just one column). Missing values are rows with an error.

        Raises
        ------
        TypeError, ValueError
            If `X` as a whole holds no structures. A single unreadable row never raises.
        """
        if isinstance(X, cls):
            return X
        if isinstance(X, str | Path | Mapping) or hasattr(X, "frac_coords"):
            X = [X]
        if hasattr(X, "columns"):
            X = column_of(X, "structure")
        if isinstance(X, np.ndarray):
            if X.ndim == 2 and X.shape[1] == 1:
                X = X[:, 0]
            if X.ndim != 1:
                raise ValueError(f"expected one structure a row, got an array of shape {X.shape}")
        if not isinstance(X, Iterable) or isinstance(X, bytes):
            raise TypeError(f"cannot read structures from {type(X).__name__}; give CIF texts, paths or Structures")
        return cls.read(X)

    @classmethod
    def read(cls, sources: Iterable[Any]) -> "StructureBatch":
        """Read a sequence of structures, one a row."""
        sources = list(sources)
        structures = np.full(len(sources), None, dtype=object)
        errors = np.full(len(sources), None, dtype=object)
        for row, source in enumerate(sources):
            try:
                structures[row] = read_structure(source)
            except StructureError as error:
                errors[row] = str(error)
            except OSError as error:
                errors[row] = f"file cannot be read: {error}"
        return cls(structures, errors)

    @classmethod
    def concat(cls, batches: Iterable["StructureBatch"]) -> "StructureBatch":
        """Put batches one below the other."""
        batches = list(batches)
        if not batches:
            return cls.read([])
        return cls(
            np.concatenate([batch.structures for batch in batches]),
            np.concatenate([batch.errors for batch in batches]),
        )

    @property
    def is_readable(self) -> np.ndarray:
        """True where the row holds a structure, shape (n,)."""
        return np.array([structure is not None for structure in self.structures], dtype=bool)

    @cached_property
    def compositions(self) -> CompositionBatch:
        """What the structures are made of, reduced to a formula unit where that is exact; errors are carried over."""
        rows = [_formula_unit(s) if s is not None else "" for s in self.structures]
        batch = CompositionBatch.from_compositions(rows)
        errors = [ours or theirs for ours, theirs in zip(self.errors, batch.errors, strict=True)]
        return CompositionBatch(batch.amounts, np.array(errors, dtype=object), batch.formulas)

    def agrees(self, compositions: CompositionBatch) -> np.ndarray:
        """Whether each structure (n,) is of the composition of its row, to `COMPOSITION_TOLERANCE`; bool.

        Hydrogen, which refinements often leave out, is not compared.

        Examples
        --------
        >>> from ionscout.featurize.structure.hosts import host_cif
        >>> batch = StructureBatch.coerce([host_cif("Na3PS4")] * 2)
        >>> batch.agrees(CompositionBatch.from_formulas(["Na2.9PS3.9Cl0.1", "Na3SbS4"])).tolist()
        [True, False]
        """
        ours, theirs = (_without_hydrogen(batch) for batch in (self.compositions, compositions))
        return np.abs(ours - theirs).sum(axis=1) / 2 <= COMPOSITION_TOLERANCE

    def digests(self) -> list[bytes]:
        """Hash of each row's cell, positions and occupancies, in order and to the last bit; empty if unreadable."""
        return [b"" if structure is None else _digest(structure) for structure in self.structures]

    def _at(self, rows: slice | np.ndarray) -> "StructureBatch":
        return StructureBatch(self.structures[rows], self.errors[rows])


def _without_hydrogen(batch: CompositionBatch) -> np.ndarray:
    """Fractions (n, elements) of the other elements."""
    amounts = batch.amounts.toarray()
    amounts[:, INDEX["H"]] = 0.0
    return amounts / np.maximum(amounts.sum(axis=1, keepdims=True), 1e-12)


def _digest(structure: Any) -> bytes:
    digest = blake2b(np.asarray(structure.lattice.matrix, dtype="<f8").tobytes(), digest_size=16)
    digest.update(np.asarray(structure.frac_coords, dtype="<f8").tobytes())
    # Sites, then their species with occupancies; repr of a float is exact.
    digest.update(repr([[(str(kind), float(n)) for kind, n in site.species.items()] for site in structure]).encode())
    return digest.digest()


def _formula_unit(structure: Any) -> Any:
    composition = structure.composition.element_composition
    return composition.reduced_composition if _is_whole(composition) else composition


def _is_whole(composition: Any) -> bool:
    amounts = np.array(list(composition.get_el_amt_dict().values()))
    return bool((np.abs(amounts - np.rint(amounts)) < 1e-8).all())
