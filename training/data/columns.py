"""Columns of a measurement table as arrays: text, numbers, parsed compositions and what follows from them."""

from functools import lru_cache

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX
from .fields import BELOW, MOBILE_IONS


def compositions(formulas: pd.Series) -> CompositionBatch:
    """Parsed formulas of a column; blank cells are rows in error. The last columns parsed are remembered."""
    return _parsed(tuple(formulas.fillna("").astype(str)))


@lru_cache(maxsize=2)
def _parsed(formulas: tuple[str, ...]) -> CompositionBatch:
    return CompositionBatch.from_formulas(list(formulas))


def contains(batch: CompositionBatch, symbols: pd.Series) -> np.ndarray:
    """(n,) bool: whether row i holds the element `symbols[i]`; False for what is no element."""
    columns = symbols.map(INDEX).fillna(-1).to_numpy(dtype=np.int64)
    present = np.zeros(len(batch), dtype=bool)
    amounts = batch.amounts.tocsc()
    for column in np.unique(columns[columns >= 0]):
        here = np.zeros(len(batch), dtype=bool)
        span = slice(amounts.indptr[column], amounts.indptr[column + 1])
        here[amounts.indices[span][amounts.data[span] > 0]] = True
        present |= here & (columns == column)
    return present


def infer_mobile_ion(batch: CompositionBatch) -> np.ndarray:
    """(n,) object: the first of `MOBILE_IONS` that each composition holds, None where there is none.

    Sodium comes first: a sodium electrolyte with some potassium or lithium is taken as a sodium conductor.
    """
    found = np.full(len(batch), None, dtype=object)
    for symbol in reversed(MOBILE_IONS):
        found[contains(batch, pd.Series([symbol] * len(batch)))] = symbol
    return found


def is_computed(frame: pd.DataFrame) -> pd.Series:
    """Rows that were simulated, by quality, by method, or because their note begins with `computed`."""
    return (
        text(frame, "quality").eq("computed")
        | text(frame, "method").str.startswith("computed")
        | text(frame, "note").str.startswith("computed")
    )


def is_censored(frame: pd.DataFrame) -> pd.Series:
    """Rows whose conductivity is only known to lie below the value given, as in `<1e-10`."""
    return text(frame, "conductivity_relation").eq(BELOW)


def text(frame: pd.DataFrame, column: str) -> pd.Series:
    """A text column with "" for blank cells; all blank where the table has no such column."""
    if column not in frame:
        return pd.Series("", index=frame.index, dtype=object)
    return frame[column].astype(object).astype(str).mask(frame[column].isna(), "")


def number(frame: pd.DataFrame, column: str) -> pd.Series:
    """A number column; all NaN where the table has no such column."""
    if column not in frame:
        return pd.Series(np.nan, index=frame.index)
    return frame[column].astype(float)
