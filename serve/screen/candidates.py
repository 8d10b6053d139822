"""A described space of candidates: it knows its size, and builds only the part that is asked for."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ...featurize.composition import CompositionBatch, format_formulas

COLUMNS = ("candidate_id", "formula", "host", "site", "dopant", "x", "compensation")


@dataclass(frozen=True)
class Candidates:
    """Hypothetical compositions made from one host.

    Parameters
    ----------
    host : str
        Parent formula as typed.
    amounts : (n, n_elements) csr_array
        Composition of each candidate per formula unit of the host.
    facts : DataFrame
        n rows: site, dopant, x, compensation, and what else the rule knows (states, radii).
    refused : DataFrame
        What the rule would not make, with columns site, dopant, x and reason.
    """

    host: str
    amounts: csr_array
    facts: pd.DataFrame
    refused: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["site", "dopant", "x", "reason"]))

    def __len__(self) -> int:
        return len(self.facts)

    def __repr__(self) -> str:
        return f"<{len(self):,} candidates from {self.host}; {len(self.refused):,} refused>"

    def chunks(self, rows: int = 8192) -> Iterator[tuple[pd.DataFrame, CompositionBatch]]:
        """Yield the candidates in order, `rows` at a time, as a table and its compositions."""
        for start in range(0, len(self), rows):
            part = slice(start, start + rows)
            amounts = csr_array(self.amounts[part])
            formulas = format_formulas(amounts)
            table = self.facts.iloc[part].reset_index(drop=True)
            table.insert(0, "host", self.host)
            table.insert(0, "formula", formulas)
            table.insert(0, "candidate_id", [candidate_id(self.host, f) for f in formulas])
            yield table, CompositionBatch.from_matrix(amounts, list(formulas))

    def to_dataframe(self) -> pd.DataFrame:
        """All candidates as one table; see `COLUMNS`."""
        tables = [table for table, _ in self.chunks()]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def candidate_id(host: str, formula: str) -> str:
    """Stable name of a candidate: the same host and formula give the same id on every machine.

    Examples
    --------
    >>> candidate_id("Na3PS4", "Na2.9PS3.9Cl0.1")
    'c-f50315cea56a'
    """
    return "c-" + hashlib.sha256(f"{host}|{formula}".encode()).hexdigest()[:12]


def numbers(x: float | tuple[float, ...] | list[float] | np.ndarray) -> np.ndarray:
    """Sorted distinct amounts (m,) from one number or several.

    Raises
    ------
    ValueError
        If an amount is not a positive finite number, naming it.
    """
    values = np.atleast_1d(np.asarray(x, dtype=np.float64))
    bad = values[~(np.isfinite(values) & (values > 0))]
    if bad.size or not values.size:
        raise ValueError(f"x={x!r}: amounts must be positive numbers" + (f", not {bad[0]:g}" if bad.size else ""))
    return np.unique(values)
