"""Censored conductivities: `<1e-10`, what a sample gives whose impedance is too high for the instrument."""

import re

import numpy as np
import pandas as pd

from .columns import is_censored, text
from .fields import BELOW, BELOW_AS_WRITTEN

VALUE, RELATION = "conductivity_S_cm", "conductivity_relation"
_TYPED = re.compile(rf"(?:{'|'.join(sorted(BELOW_AS_WRITTEN, key=len, reverse=True))})\s*(.+)", re.DOTALL)


def split_relation(frame: pd.DataFrame) -> pd.DataFrame:
    """A table as typed with cells such as `<1e-10` taken apart: the limit in its column, `<` beside it.

    Parameters
    ----------
    frame : DataFrame
        Cells as typed; `conductivity_relation` may be there already, as in an export.

    Returns
    -------
    DataFrame
        The same rows. Where nothing is said of a limit, cells are left as they were; what is no limit that can be read
        stays in place for `reading.to_numbers` to say why.

    Examples
    --------
    >>> typed = pd.DataFrame({"conductivity_S_cm": ["2e-4", "< 1E-10", "≤1e-9"]})
    >>> split_relation(typed)["conductivity_S_cm"].tolist(), split_relation(typed)["conductivity_relation"].tolist()
    (['2e-4', '1E-10', '1e-9'], ['', '<', '<'])
    """
    if RELATION in frame:
        said = text(frame, RELATION).str.strip()
        frame = frame.assign(**{RELATION: said.mask(said.isin(BELOW_AS_WRITTEN), BELOW).mask(said.eq("="), "")})
    if VALUE not in frame or pd.api.types.is_numeric_dtype(frame[VALUE]):
        return frame
    limits = frame[VALUE].astype(object).map(_limit)
    below = limits.notna()
    if not below.any():
        return frame
    values = frame[VALUE].astype(object).mask(below, limits)
    relation = text(frame, RELATION).mask(below, BELOW)
    return frame.assign(**{VALUE: values, RELATION: relation})


def as_written(frame: pd.DataFrame) -> pd.Series:
    """Conductivities as text, `<1e-10` where censored; "" where there is none.

    Examples
    --------
    >>> as_written(pd.DataFrame({"conductivity_S_cm": [2e-4, 1e-10], "conductivity_relation": ["", "<"]})).tolist()
    ['0.0002', '<1e-10']
    """
    rows = zip(frame[VALUE], is_censored(frame), strict=True)
    shown = ["" if pd.isna(value) else f"{BELOW if below else ''}{value:g}" for value, below in rows]
    return pd.Series(shown, index=frame.index, dtype=object)


def decades_apart(
    first: np.ndarray, second: np.ndarray, first_censored: np.ndarray, second_censored: np.ndarray
) -> np.ndarray:
    """Decades (n,) by which the first values lie above the second for sure, negative where below.

    What is censored may lie anywhere below its limit: it is above nothing, and below only what exceeds the limit.

    Parameters
    ----------
    first, second : (n,) float64
        Decades; limits where censored.
    first_censored, second_censored : (n,) bool
        Whether they are.

    Examples
    --------
    >>> limit, nothing = np.full(2, -10.0), np.zeros(2, dtype=bool)
    >>> decades_apart(limit, np.array([-4.0, -11.0]), ~nothing, nothing).tolist()
    [-6.0, 0.0]
    """
    apart = first - second
    return np.where((apart > 0) & first_censored | (apart < 0) & second_censored, 0.0, apart)


def _limit(cell: object) -> str | None:
    """The number in a cell such as `<1e-10`, as typed; None where it is no limit, or not one that can be read."""
    found = _TYPED.fullmatch(cell.strip()) if isinstance(cell, str) else None
    if found is None or "_" in found[1]:  # Python reads 1_000 as a thousand, tables do not
        return None
    try:
        return found[1] if np.isfinite(float(found[1].replace("−", "-"))) else None
    except ValueError:
        return None
