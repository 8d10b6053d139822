"""The Pareto front: what nothing else beats in every respect."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...models.properties import BY_COLUMN

# Rows of the best sum that are compared with all others at once: few at first, to be rid of most of the others early.
_FIRST_BLOCK, _LARGEST_BLOCK = 8, 512
# Rows compared with a block at once: bounds the memory of a comparison.
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

    Rows are taken from the best sum of places on, so that the front is met early: a few of the best beat most of the
    rest, and more and more are needed for the fewer and fewer that are left. The front of several tables is the front
    of their fronts, so that a stream needs to keep no more.

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
    known = known[~_beaten_by_few(values[known])]
    # Small integers are compared many at a time.
    kind = np.int16 if len(known) < 2**15 else np.int64
    places = np.stack([np.unique(column, return_inverse=True)[1] for column in values[known].T]).astype(kind)
    total = places.sum(axis=0, dtype=np.int32 if kind is np.int16 else np.int64)
    # What beats a row has a larger sum of places, so it comes earlier, and what nothing earlier beats is on the front.
    order = np.argsort(-total, kind="stable")
    left, total, known = places[:, order], total[order], known[order]
    block = _FIRST_BLOCK
    while len(known):
        here = ~_beaten(left[:, :block], total[:block], left[:, :block], total[:block])
        on_front[known[:block][here]] = True
        front, sums = left[:, :block][:, here], total[:block][here]
        open_rows = block + np.flatnonzero(~_beaten(left[:, block:], total[block:], front, sums))
        left, total, known = left[:, open_rows], total[open_rows], known[open_rows]
        block = min(4 * block, _LARGEST_BLOCK)
    return on_front


def _beaten_by_few(values: np.ndarray) -> np.ndarray:
    """Rows (n,) that one of a few good rows beats: of a large table most, without sorting it."""
    if len(values) <= _LARGEST_BLOCK:
        return np.zeros(len(values), dtype=bool)
    columns = np.ascontiguousarray(values.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = sum((column - column.mean()) / column.std() for column in columns)
    beaten = np.zeros(len(values), dtype=bool)
    for place in np.argpartition(-score, _FIRST_BLOCK)[:_FIRST_BLOCK]:
        no_worse = np.logical_and.reduce([column <= column[place] for column in columns])
        beaten |= no_worse & np.logical_or.reduce([column < column[place] for column in columns])
    return beaten


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


def _beaten(places: np.ndarray, total: np.ndarray, by: np.ndarray, by_total: np.ndarray) -> np.ndarray:
    """Rows (n,) of places (k, n) that some row of others (k, m) beats, given the sums of both."""
    beaten = np.zeros(len(total), dtype=bool)
    for start in range(0, len(total), _CHUNK):
        rows = slice(start, start + _CHUNK)
        # No worse anywhere, and better in the sum: better somewhere.
        beats = by_total[:, None] > total[rows]
        for column, others in zip(places[:, rows], by, strict=True):
            beats &= others[:, None] >= column
        beaten[rows] = beats.any(axis=0)
    return beaten
