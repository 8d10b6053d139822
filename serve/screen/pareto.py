"""The Pareto front: what nothing else beats in every respect."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...models.properties import BY_COLUMN

# Rows compared with the front at once: bounds the memory of a comparison.
_CHUNK = 4096
# Facts beside the models' properties, and which side of them is better.
_BETTER = {
    "conductivity_S_cm": 1,
    "probability": 1,
    "cost_USD_kg": -1,
    "crustal_abundance_ppm": 1,
    "hhi_production": -1,
    "hhi_reserves": -1,
    "domain_score": -1,
}


def pareto_front(values: np.ndarray) -> np.ndarray:
    """Rows (n,) bool that no other row beats: at least as good in every column and better in one.

    Rows are taken from the best sum of places on, so that the front is met early, and each block is compared with the
    front so far: n log n for the sorting and n times the size of the front for the rest. The front of several tables
    is the front of their fronts, so that a stream needs to keep no more.

    Parameters
    ----------
    values : (n, k) array
        Larger is better in every column. A row with NaN is never on the front. Equal rows are on it together.

    Examples
    --------
    >>> pareto_front(np.array([[1.0, 3.0], [2.0, 2.0], [1.0, 2.0], [3.0, 1.0]])).tolist()
    [True, True, False, True]
    """
    values = np.asarray(values, dtype=np.float64)
    on_front = np.zeros(len(values), dtype=bool)
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    if not len(known) or not values.shape[1]:
        return on_front
    distinct, which = np.unique(values[known], axis=0, return_inverse=True)
    places = sum(np.unique(column, return_inverse=True)[1] for column in distinct.T)
    # What beats a row has a larger sum of its values' places, so it comes earlier and the front is never taken back.
    order = np.argsort(-places, kind="stable")
    front = np.empty((0, values.shape[1]))
    best = np.zeros(len(distinct), dtype=bool)
    for start in range(0, len(order), _CHUNK):
        rows = order[start : start + _CHUNK]
        rows = rows[~_beaten(distinct[rows], front)]
        rows = rows[~_beaten(distinct[rows], distinct[rows])]
        best[rows] = True
        front = np.vstack([front, distinct[rows]])
    on_front[known] = best[which.ravel()]
    return on_front


def pareto_of(table: pd.DataFrame, better: Mapping[str, int] | list[str]) -> np.ndarray:
    """Pareto front (n,) bool of a table over some of its columns.

    Parameters
    ----------
    table : DataFrame
        n rows.
    better : mapping or list
        Columns, with +1 where high is better and -1 where low is; a list takes the better side of known properties.

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If the better side of a column is not known.
    """
    sides = dict(better) if isinstance(better, Mapping) else {column: better_side(column) for column in better}
    missing = [column for column in sides if column not in table]
    if missing:
        raise KeyError(f"the Pareto front needs column {missing[0]!r}, which the table does not have")
    return pareto_front(np.column_stack([side * table[c].to_numpy(np.float64) for c, side in sides.items()]))


def better_side(column: str) -> int:
    """+1 where a high value of a column is better, -1 where a low one is.

    Raises
    ------
    ValueError
        If neither is known.
    """
    side = BY_COLUMN[column].better if column in BY_COLUMN else _BETTER.get(column)
    if side is None:
        raise ValueError(
            f"it is not known which side of {column!r} is better; give a mapping such as {{{column!r}: 1}}"
        )
    return side


def _beaten(rows: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Rows (n,) that some row of a front beats."""
    beaten = np.zeros(len(rows), dtype=bool)
    for start in range(0, len(front), 256):
        part = front[start : start + 256]
        open_rows = np.flatnonzero(~beaten)
        if not len(open_rows):
            break
        no_worse = np.ones((len(open_rows), len(part)), dtype=bool)
        better = np.zeros_like(no_worse)
        for column in range(rows.shape[1]):
            left, right = rows[open_rows, column][:, None], part[:, column]
            no_worse &= right >= left
            better |= right > left
        beaten[open_rows] = (no_worse & better).any(axis=1)
    return beaten
