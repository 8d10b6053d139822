"""What batches of compositions and of structures share: rows in order, each with its error."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

RowIndex = int | slice | np.ndarray | Sequence[int]


class Rows:
    """n rows, some of them unreadable; a subclass holds `errors` and `is_readable` and takes rows by index array."""

    errors: np.ndarray

    @property
    def is_readable(self) -> np.ndarray:
        """True where the row could be read, shape (n,)."""
        raise NotImplementedError

    def raise_errors(self) -> None:
        """Raise for the first unreadable row, for callers that want all or nothing.

        Raises
        ------
        ValueError
            Naming the row, what is wrong, and how many more rows cannot be read.
        """
        wrong = np.flatnonzero(~self.is_readable)
        if len(wrong):
            more = f" (and {len(wrong) - 1} more rows)" if len(wrong) > 1 else ""
            raise ValueError(f"row {wrong[0]}: {self.errors[wrong[0]]}{more}")

    def __len__(self) -> int:
        return len(self.errors)

    def __getitem__(self, rows: RowIndex) -> Self:
        """Rows by slice, mask or positions; a single position gives a batch of one.

        Raises
        ------
        IndexError
            If a single position or the length of a mask does not fit.
        """
        if isinstance(rows, int | np.integer):
            position = int(rows) + (len(self) if rows < 0 else 0)
            if not 0 <= position < len(self):
                raise IndexError(f"row {rows} of a batch of {len(self)}")
            return self._at(slice(position, position + 1))
        if isinstance(rows, slice):
            return self._at(rows)
        rows = np.asarray(rows)
        if rows.dtype == bool and rows.shape != (len(self),):
            raise IndexError(f"mask of shape {rows.shape} for a batch of {len(self)}")
        return self._at(np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp))

    def chunks(self, size: int) -> Iterator[Self]:
        """Consecutive batches of at most `size` rows."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def _at(self, rows: slice | np.ndarray) -> Self:
        raise NotImplementedError


def column_of(frame: Any, name: str) -> Any:
    """The named column of a DataFrame, or its only one.

    Raises
    ------
    ValueError
        If there are several columns and none has the name.
    """
    if name in frame.columns:
        return frame[name]
    if len(frame.columns) == 1:
        return frame.iloc[:, 0]
    raise ValueError(f"expected a column {name!r}, got columns {list(map(str, frame.columns))}")
