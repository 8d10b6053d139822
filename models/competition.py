"""The phases that compete at each composition, laid out as arrays for many programmes at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

from ..featurize.elements import N_ELEMENTS
from .composition_index import SAME_COMPOSITION
from .phases import Phases

# Numbers in one block; a block of this size stays in a core's cache better than a larger one.
_BLOCK = 400_000
_NO_PHASE = -1


@dataclass(frozen=True)
class Block:
    """Some rows of a question, all with k elements, and the phases that compete for them.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Rows of the question.
    elements : ndarray of shape (n, k)
        Elements of each row, ascending.
    phases : ndarray of shape (n, m)
        Rows of `Phases`; the first k are the elements, -1 fills up.
    columns : ndarray of shape (n, m, k)
        Atomic fractions of the phases.
    costs : ndarray of shape (n, m)
        Their energies, eV/atom; infinite where there is no phase.
    """

    rows: np.ndarray
    elements: np.ndarray
    phases: np.ndarray
    columns: np.ndarray
    costs: np.ndarray

    def local(self, matrix: csr_array) -> np.ndarray:
        """The rows of an (n_all, 118) matrix as (n, k): only the columns of each row's elements."""
        return _dense(csr_array(matrix[self.rows]), self.elements)

    def is_same(self, fractions: np.ndarray) -> np.ndarray:
        """Which phases have the composition (n, k) itself, (n, m)."""
        return (np.abs(self.columns - fractions[:, None, :]) < SAME_COMPOSITION).all(axis=2) & (self.phases >= 0)

    def place_of(self, element: int) -> np.ndarray:
        """Position of an element among each row's, (n,)."""
        return (self.elements == element).argmax(axis=1)


def blocks(phases: Phases, systems: csr_array) -> Iterator[Block]:
    """Lay out the competing phases of every row's chemical system, rows of like size together.

    Parameters
    ----------
    phases : Phases
    systems : csr_array of shape (n, 118)
        Non-zero where the row's system has the element. Empty rows are in no block.
    """
    bounds = np.asarray(systems.indptr)
    sizes = np.diff(bounds)
    members = [
        phases.within(systems.indices[a:b].tolist()) if b > a else np.empty(0, dtype=np.intp)
        for a, b in pairwise(bounds.tolist())
    ]
    counts = np.array([len(rows) for rows in members], dtype=np.intp)
    order = np.lexsort((counts, sizes))
    order = order[sizes[order] > 0]
    start = 0
    while start < len(order):
        k = int(sizes[order[start]])
        end = start + 1
        while end < len(order) and sizes[order[end]] == k:
            if (end - start + 1) * counts[order[end]] * k > _BLOCK:
                break
            end += 1
        rows = order[start:end]
        elements = systems.indices[bounds[rows][:, None] + np.arange(k)]
        yield _block(phases, rows, np.sort(elements, axis=1), [members[row] for row in rows])
        start = end


def _block(phases: Phases, rows: np.ndarray, elements: np.ndarray, members: list[np.ndarray]) -> Block:
    n, k = elements.shape
    m = max(len(found) for found in members)
    table = np.full((n, m), _NO_PHASE, dtype=np.intp)
    for place, found in enumerate(members):
        table[place, : len(found)] = found
    is_there = table >= 0
    costs = np.where(is_there, phases.energies[table], np.inf)
    fractions = phases.fractions
    flat = table[is_there]
    counts = np.diff(fractions.indptr)[flat]
    entries = np.repeat(fractions.indptr[flat] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    entries += np.arange(len(entries))
    at = np.repeat(np.flatnonzero(is_there.ravel()), counts)
    position = _positions(elements)
    columns = np.zeros((n, m, k))
    columns.reshape(-1, k)[at, position[at // m, fractions.indices[entries]]] = fractions.data[entries]
    return Block(rows, elements, table, columns, costs)


def _positions(elements: np.ndarray) -> np.ndarray:
    """Place of each element among a row's, (n, 118)."""
    n, k = elements.shape
    position = np.zeros((n, N_ELEMENTS), dtype=np.intp)
    np.put_along_axis(position, elements, np.broadcast_to(np.arange(k), (n, k)), axis=1)
    return position


def _dense(matrix: csr_array, elements: np.ndarray) -> np.ndarray:
    rows = np.repeat(np.arange(len(elements)), np.diff(matrix.indptr))
    dense = np.zeros(elements.shape)
    dense[rows, _positions(elements)[rows, matrix.indices]] = matrix.data
    return dense
