"""Statistics of element properties over a composition, for many compositions at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

from .composition import CompositionBatch

# Statistics that follow the composition without jumps: an element that comes in with amount x moves them by O(x).
CONTINUOUS = ("mean", "avg_dev", "soft_minimum", "soft_maximum")
# Statistics that ask only which elements are there, or which is most frequent: traces move them as far as a majority.
JUMPING = ("minimum", "maximum", "range", "mode")
STATISTICS = (*CONTINUOUS, *JUMPING)

# Rows worked on together: their element properties (about 180 bytes an element) stay in a core's cache.
_CHUNK = 2048
# numpy.isclose, by which matminer decides which elements share the largest amount.
_RELATIVE_TIE, _ABSOLUTE_TIE = 1e-5, 1e-8


@dataclass(frozen=True, eq=False)
class ElementStatistics:
    """Statistics of `table` for compositions: a grid of properties x statistics, or columns picked from it.

    Parameters
    ----------
    table : ndarray of shape (118, p)
        A property a column, an element a row.
    statistics : sequence of str
        Any of `STATISTICS`. With w the atomic fractions of the elements and x their property:

        - ``minimum``, ``maximum``, ``range``: over the elements present, whatever their amount;
        - ``mode``: the smallest x among the elements that share the largest amount;
        - ``mean``: sum(w x); ``avg_dev``: sum(w |x - mean|);
        - ``soft_maximum``: sum(w e^z x) / sum(w e^z) with z = `sharpness` * (x - lowest) / (highest - lowest), lowest
          and highest over all elements of the table; ``soft_minimum``: the same with -z.
    sharpness : float
        An element of fraction f moves a soft extreme by at most f * e^sharpness of the property's whole span.
    picked : sequence of int, optional
        Columns of the grid (property-major) to return; all by default.
    """

    table: np.ndarray
    statistics: Sequence[str]
    sharpness: float = 2.0
    picked: Sequence[int] | None = field(default=None)

    def compute(self, batch: CompositionBatch, dtype: str | np.dtype = "float64") -> np.ndarray:
        """Compute the columns for every composition.

        Returns
        -------
        ndarray of shape (n, number of columns)
            Worked out in float64 whatever `dtype` stores; NaN in unreadable rows.
        """
        grid = self.table.shape[1] * len(self.statistics)
        picked = None if self.picked is None else np.asarray(self.picked, dtype=np.intp)
        out = np.empty((len(batch), grid if picked is None else len(picked)), dtype=dtype)
        scratch = np.empty((min(_CHUNK, len(batch)), grid), dtype=dtype)
        amounts, fractions = batch.amounts, batch.fractions.data
        for start in range(0, len(batch), _CHUNK):
            indptr = amounts.indptr[start : start + _CHUNK + 1]
            chunk = _Chunk(indptr, amounts.indices, amounts.data, fractions)
            target = out[start : start + _CHUNK]
            rows = len(target)
            # A chunk whose rows all have the same number of elements needs no sorting, and is written in place.
            in_place = picked is None and chunk.order is None
            values = target if in_place else scratch[:rows]
            self._fill(chunk, values.reshape(rows, -1, len(self.statistics)))
            if in_place:
                continue
            if picked is not None:
                values = values[:, picked]
            target[slice(None) if chunk.order is None else chunk.order] = values
        out[~batch.is_readable] = np.nan
        return out

    def _fill(self, chunk: "_Chunk", grid: np.ndarray) -> None:
        """Write the statistics of one chunk, rows in the chunk's own order, shape (rows, properties, statistics)."""
        wanted = {name: grid[:, :, place] for place, name in enumerate(self.statistics)}
        layered = self.table.take(chunk.element, axis=0) if set(wanted) - set(CONTINUOUS[2:]) - {"mode"} else None
        if "soft_minimum" in wanted:
            wanted["soft_minimum"][:] = self._soft(chunk, *self._weighted[0])
        if "soft_maximum" in wanted:
            wanted["soft_maximum"][:] = self._soft(chunk, *self._weighted[1])
        if "mode" in wanted:
            wanted["mode"][:] = chunk.reduce(np.minimum, self._table_and_infinity.take(chunk.most_frequent, axis=0))
        if layered is None:
            return
        if {"minimum", "range"} & set(wanted):
            low = chunk.reduce(np.minimum, layered)
            if "minimum" in wanted:
                wanted["minimum"][:] = low
        if {"maximum", "range"} & set(wanted):
            high = chunk.reduce(np.maximum, layered)
            if "maximum" in wanted:
                wanted["maximum"][:] = high
        if "range" in wanted:
            np.subtract(high, low, out=wanted["range"], casting="same_kind")
        if {"mean", "avg_dev"} & set(wanted):
            mean = chunk.by_layer @ layered
            if "mean" in wanted:
                wanted["mean"][:] = mean
            if "avg_dev" in wanted:
                for layer in chunk.layers:
                    layered[layer] -= mean[: layer.stop - layer.start]
                wanted["avg_dev"][:] = chunk.by_layer @ np.abs(layered, out=layered)

    @staticmethod
    def _soft(chunk: "_Chunk", weighted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # unreadable rows are 0 / 0
            return (chunk.by_element @ weighted) / (chunk.by_element @ weight)

    @cached_property
    def _weighted(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Table times weight, and weight, of the soft minimum and the soft maximum."""
        low, high = self.table.min(axis=0), self.table.max(axis=0)
        scaled = self.sharpness * (self.table - low) / np.where(high > low, high - low, 1.0)
        return [(np.exp(sign * scaled) * self.table, np.exp(sign * scaled)) for sign in (-1, 1)]

    @cached_property
    def _table_and_infinity(self) -> np.ndarray:
        """The table and a last row that no minimum ever takes."""
        return np.vstack([self.table, np.full(self.table.shape[1], np.inf)])


class _Chunk:
    """Compositions laid out in layers: first the first element of every row, then the second of those that have one...

    Rows are sorted by falling number of elements, so that each layer belongs to the first rows, and work on a layer is
    work on one block of memory.
    """

    def __init__(self, indptr: np.ndarray, indices: np.ndarray, amounts: np.ndarray, fractions: np.ndarray):
        counts = np.diff(indptr)
        rows = len(counts)
        starts = indptr[:-1]
        self.order: np.ndarray | None = None
        if (counts != counts[0]).any():
            self.order = np.argsort(-counts.astype(np.int16), kind="stable")
            counts, starts = counts[self.order], starts[self.order]
        most = int(counts[0])
        sizes = np.searchsorted(-counts, -np.arange(most), side="left")
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        self.rows = rows
        self.layers = [slice(start, end) for start, end in pairwise(offsets.tolist())]
        ends = np.concatenate([[0], np.cumsum(counts)])
        # Entry by entry, row after row: its row, its number within the row, where it is stored, and where it goes.
        row = np.repeat(np.arange(rows), counts)
        number = np.arange(ends[-1]) - np.repeat(ends[:-1], counts)
        stored = np.repeat(starts, counts) + number
        goes_to = offsets[number] + row
        element = indices[stored]
        self.element = np.empty(len(element), dtype=np.intp)
        self.element[goes_to] = element
        self._amount = np.empty(len(element))
        self._amount[goes_to] = amounts[stored]
        self._fraction, self._ends, self._goes_to, self._by_row = fractions[stored], ends, goes_to, element

    def reduce(self, ufunc: np.ufunc, layered: np.ndarray) -> np.ndarray:
        """Reduce layers to rows; rows without any element are zero."""
        result = np.zeros((self.rows, *layered.shape[1:]))
        for number, layer in enumerate(self.layers):
            part = result[: layer.stop - layer.start]
            if number == 0:
                part[:] = layered[layer]
            else:
                ufunc(part, layered[layer], out=part)
        return result

    @cached_property
    def by_layer(self) -> csr_array:
        """Fractions as a matrix that sums layered values, shape (rows, entries)."""
        return csr_array((self._fraction, self._goes_to, self._ends), shape=(self.rows, len(self._goes_to)))

    @cached_property
    def by_element(self) -> csr_array:
        """Fractions as a matrix that sums values by element, shape (rows, 118)."""
        return csr_array((self._fraction, self._by_row, self._ends), shape=(self.rows, 118))

    @property
    def most_frequent(self) -> np.ndarray:
        """Elements that share the largest amount; 118, one past the last element, for the others."""
        largest = self.reduce(np.maximum, self._amount)
        result = self.element.copy()
        for layer in self.layers:
            top = largest[: layer.stop - layer.start]
            others = np.abs(self._amount[layer] - top) > _ABSOLUTE_TIE + _RELATIVE_TIE * top
            result[layer][others] = 118
        return result
