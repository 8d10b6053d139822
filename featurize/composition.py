"""n compositions as one sparse matrix: what travels between the rooms instead of n Python objects."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse, vstack

from .elements import INDEX, N_ELEMENTS, SYMBOLS
from .formula import parse_formulas
from .rows import Rows, column_of
from .writing import format_formulas

__all__ = ["CompositionBatch", "format_formulas"]

_LARGEST_AMOUNT = 1e300


@dataclass(frozen=True, eq=False)
class CompositionBatch(Rows):
    """Many compositions, row by row; a row that could not be read is empty and says why.

    Build one with `coerce`, `from_formulas`, `from_compositions` or `from_matrix`.

    Parameters
    ----------
    amounts : csr_array of shape (n, 118), float64
        Amount of each element as typed, columns in the order of `elements.SYMBOLS`, sorted within a row.
    errors : object ndarray of shape (n,)
        None, or what is wrong with the row.
    typed : object ndarray of shape (n,), optional
        The formulas as typed.

    Examples
    --------
    >>> batch = CompositionBatch.coerce(["Na3PS4", "NaClx", "NaCl"])
    >>> len(batch), batch.is_readable.tolist()
    (3, [True, False, True])
    >>> batch[2].formulas.tolist()
    ['NaCl']
    >>> batch.fractions[[0], :].data.tolist()
    [0.375, 0.125, 0.5]
    """

    amounts: csr_array
    errors: np.ndarray
    typed: np.ndarray | None = None

    @classmethod
    def coerce(cls, X: Any) -> "CompositionBatch":
        """Make a batch of whatever holds compositions.

        Parameters
        ----------
        X : CompositionBatch, str, pymatgen Composition or Structure, DataFrame, Series, array, sparse matrix or list
            A DataFrame needs a column ``formula`` (or just one column). Numbers in two dimensions, dense or sparse, are
            amounts with one column an element (118). Everything else is a sequence with one composition a row; there,
            strings, pymatgen objects and missing values may be mixed.

        Raises
        ------
        TypeError, ValueError
            If `X` as a whole holds no compositions. A single unreadable row never raises.
        """
        if isinstance(X, cls):
            return X
        if isinstance(X, str) or _amounts_of(X) is not None:
            X = [X]
        if issparse(X):
            return cls.from_matrix(X)
        if hasattr(X, "columns"):
            X = column_of(X, "formula")
        if isinstance(X, np.ndarray) or hasattr(X, "__array__"):
            array = np.asarray(X)
            if array.ndim == 2 and array.dtype.kind in "fiub":
                return cls.from_matrix(array)
            if array.ndim == 2 and array.shape[1] == 1:
                array = array[:, 0]
            if array.ndim != 1:
                raise ValueError(f"expected one composition a row, got an array of shape {array.shape}")
            X = array.tolist()
        if not isinstance(X, Iterable) or isinstance(X, dict | bytes):
            raise TypeError(f"cannot read compositions from {type(X).__name__}; give formulas, for example ['Na3PS4']")
        rows = list(X)
        if all(kind is str for kind in set(map(type, rows))) or all(_amounts_of(row) is None for row in rows):
            return cls.from_formulas(rows)
        return cls._from_mixed(rows)

    @classmethod
    def from_formulas(cls, texts: Iterable[str]) -> "CompositionBatch":
        """Read formulas; see `formula.parse_formula` for what may be typed."""
        texts = [str(text) if isinstance(text, str) else text for text in texts]
        amounts, errors = parse_formulas(texts)
        typed = np.empty(len(texts), dtype=object)
        typed[:] = texts
        for row in np.flatnonzero([error is not None for error in errors]):
            typed[row] = typed[row] if isinstance(typed[row], str) else ""
        return cls(amounts, errors, typed)

    @classmethod
    def from_compositions(cls, compositions: Iterable[Any]) -> "CompositionBatch":
        """Take pymatgen Compositions, or Structures by their composition; oxidation states are left aside."""
        return cls._from_mixed(list(compositions))

    @classmethod
    def from_matrix(cls, amounts: Any, formulas: Sequence[str] | None = None) -> "CompositionBatch":
        """Take amounts as a dense or sparse matrix of shape (n, 118).

        A row with a negative or non-finite amount, or with none at all, becomes an unreadable row. Formulas are
        written from the amounts when they are asked for, unless given.
        """
        matrix = csr_array(amounts, dtype=np.float64)
        n = len(matrix.indptr) - 1
        if matrix.shape != (n, N_ELEMENTS):
            raise ValueError(f"expected amounts of shape (n, {N_ELEMENTS}), got {matrix.shape}")
        if not matrix.has_canonical_format or (matrix.data == 0).any():
            matrix = matrix.copy()
            matrix.sum_duplicates()
            matrix.eliminate_zeros()
        errors = np.full(n, None, dtype=object)
        row_of = np.repeat(np.arange(n), np.diff(matrix.indptr))
        # So large an amount that a sum over the row overflows is as good as infinite.
        is_wrong = ~((matrix.data > 0) & (matrix.data < _LARGEST_AMOUNT))
        if is_wrong.any():
            for entry in np.flatnonzero(is_wrong):
                symbol = SYMBOLS[matrix.indices[entry]]
                errors[row_of[entry]] = f"amount of {symbol} is {matrix.data[entry]:g}, not positive and finite"
            keep = np.bincount(row_of[is_wrong], minlength=n) == 0
            matrix = _keep_rows(matrix, keep)
        empty = np.flatnonzero(np.diff(matrix.indptr) == 0)
        errors[empty] = [error or "composition has no elements" for error in errors[empty]]
        typed = None
        if formulas is not None:
            typed = np.empty(n, dtype=object)
            typed[:] = list(formulas)
        return cls(matrix, errors, typed)

    @classmethod
    def concat(cls, batches: Iterable["CompositionBatch"]) -> "CompositionBatch":
        """Put batches one below the other."""
        batches = list(batches)
        if not batches:
            return cls.from_formulas([])
        typed = None
        if any(batch.typed is not None for batch in batches):
            typed = np.concatenate([batch.formulas for batch in batches])
        amounts = csr_array(vstack([batch.amounts for batch in batches], format="csr"))
        return cls(amounts, np.concatenate([batch.errors for batch in batches]), typed)

    @classmethod
    def _from_mixed(cls, rows: list) -> "CompositionBatch":
        found = [_amounts_of(row) for row in rows]
        read = cls.from_formulas("" if amounts is not None else row for row, amounts in zip(rows, found, strict=True))
        errors = read.errors.copy()
        places: list[int] = []
        elements: list[int] = []
        values: list[float] = []
        for place, amounts in enumerate(found):
            if amounts is None:
                continue
            errors[place] = None
            unknown = [symbol for symbol in amounts if symbol not in INDEX]
            if unknown:
                errors[place] = f"composition names {unknown[0]!r}, which is no element"
                continue
            places += [place] * len(amounts)
            elements += [INDEX[symbol] for symbol in amounts]
            values += amounts.values()
        given = csr_array((values, (places, elements)), shape=(len(rows), N_ELEMENTS), dtype=np.float64)
        batch = cls.from_matrix(csr_array(read.amounts + given))
        errors[:] = [error or wrong for error, wrong in zip(errors, batch.errors, strict=True)]
        if all(amounts is not None for amounts in found):
            return cls(batch.amounts, errors)
        typed = format_formulas(batch.amounts)
        for place, row in enumerate(rows):
            if isinstance(row, str):
                typed[place] = row
        return cls(batch.amounts, errors, typed)

    @cached_property
    def formulas(self) -> np.ndarray:
        """Formulas as typed, or written from the amounts; object ndarray of shape (n,)."""
        return format_formulas(self.amounts) if self.typed is None else self.typed

    @cached_property
    def fractions(self) -> csr_array:
        """Atomic fractions, shape (n, 118); each readable row sums to one."""
        amounts = self.amounts
        # A matrix product adds up each row by itself: a row's last bits do not depend on its neighbours.
        totals = amounts @ np.ones(N_ELEMENTS)
        data = amounts.data / np.repeat(totals, np.diff(amounts.indptr))
        return csr_array((data, amounts.indices, amounts.indptr), shape=amounts.shape)

    @cached_property
    def is_readable(self) -> np.ndarray:
        """True where the row holds a composition, shape (n,)."""
        return np.diff(self.amounts.indptr) > 0

    def digests(self) -> list[bytes]:
        """Hash of each row's amounts, to the last bit; empty rows share one."""
        ends = list(map(int, self.amounts.indptr))
        elements, amounts = self.amounts.indices.astype("<u1"), self.amounts.data.astype("<f8")
        return [
            blake2b(elements[start:end].tobytes() + amounts[start:end].tobytes(), digest_size=16).digest()
            for start, end in pairwise(ends)
        ]

    def _at(self, rows: slice | np.ndarray) -> "CompositionBatch":
        typed = None if self.typed is None else self.typed[rows]
        return CompositionBatch(csr_array(self.amounts[rows]), self.errors[rows], typed)

    def take(self, rows: np.ndarray | Sequence[int]) -> "CompositionBatch":
        """Rows by position, in the order given."""
        return self[np.asarray(rows, dtype=np.intp)]


def _amounts_of(row: Any) -> dict[str, float] | None:
    """Amounts by element symbol of a pymatgen Composition or Structure; None for anything else."""
    composition: Any = getattr(row, "composition", row)
    return composition.get_el_amt_dict() if hasattr(composition, "get_el_amt_dict") else None


def _keep_rows(matrix: csr_array, keep: np.ndarray) -> csr_array:
    """The matrix with the other rows emptied."""
    counts = np.diff(matrix.indptr)
    entries = np.repeat(keep, counts)
    indptr = np.concatenate([[0], np.cumsum(np.where(keep, counts, 0))])
    return csr_array((matrix.data[entries], matrix.indices[entries], indptr), shape=matrix.shape)
