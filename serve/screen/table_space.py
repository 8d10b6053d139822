"""A table or list of formulas in memory as a candidate space."""

from typing import Any, Self

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch
from ...training.data.sources import data_hash
from .candidates import CandidateSpace


class TableSpace(CandidateSpace):
    """Rows of a table; its other columns are carried through as facts."""

    def __init__(self, table: pd.DataFrame):
        self._facts = table.drop(columns=["formula", "candidate_id"], errors="ignore").reset_index(drop=True)
        self._batch = CompositionBatch.from_formulas(table["formula"].tolist())
        self._hash = data_hash(table[["formula"]].reset_index(drop=True))

    @classmethod
    def of(cls, candidates: Any) -> Self:
        """Space of a DataFrame with a column `formula`, or of a list of formulas.

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        table = candidates if isinstance(candidates, pd.DataFrame) else pd.DataFrame({"formula": list(candidates)})
        if "formula" not in table:
            raise KeyError(f"the table has no column 'formula' (columns: {', '.join(map(str, table.columns))})")
        return cls(table)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self._batch)

    @property
    def description(self) -> dict[str, Any]:
        """The hash of the formulas."""
        return {"kind": "table", "sha256": self._hash}

    def pick(self, positions: np.ndarray) -> tuple[pd.DataFrame, CompositionBatch]:
        """Rows by position (n,) int: their other columns and their compositions."""
        return self._facts.iloc[positions].reset_index(drop=True), self._batch.take(positions)
