"""The batch to make next: likely winners and instructive ones, unlike each other, the trade-off in the user's hand."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch
from ...models.chemical_distance import earth_movers_distance, laid_out
from ...models.properties import BY_COLUMN

# Candidates that are looked at, the best by merit: bounds the time to seconds whatever was screened.
POOL = 5000
# Widths and distances are counted against this quantile of the pool, so that one outlier does not set the scale.
_SCALE_QUANTILE = 0.9


def batch(
    ranked: pd.DataFrame,
    *,
    size: int = 8,
    explore: float = 0.3,
    diversity: float = 0.5,
    made: Sequence[str] = (),
) -> pd.DataFrame:
    """Choose the candidates to make next.

    A candidate's merit is `(1 - explore) * win + explore * teach`: `win` is its probability of meeting the spec over
    the best one's, `teach` the width of its predicted intervals over a wide one's (both 0 to 1). The best is taken
    first; then, one by one, the candidate with the largest `(1 - diversity) * merit + diversity * apart`, with `apart`
    the chemical distance to the nearest one taken or made (0 to 1). That is the greedy farthest-point rule
    (T. F. Gonzalez, Theor. Comput. Sci. 38, 293, 1985, 10.1016/0304-3975(85)90224-5) weighed against merit, as upper
    confidence bounds weigh mean against deviation (Srinivas et al. 2012, 10.1109/TIT.2011.2182033).

    Parameters
    ----------
    ranked : DataFrame
        What `ion.rank` gives; rows without a rank, or that cannot meet the spec, are left aside.
    size : int
        How many to choose; fewer come back where fewer can be chosen.
    explore : float
        0 takes the likely winners, 1 those the models know least.
    diversity : float
        0 ignores likeness, 1 spreads over chemistry alone after the first.
    made : sequence of str
        Formulas that are made already: not chosen, and kept away from.

    Returns
    -------
    DataFrame
        The chosen rows in order, with `batch_order`, `win`, `teach` and `distance` in front (distance to the nearest
        earlier one or made one, on a scale where 100 is all matter moved across the periodic table; NaN for a
        first one).

    Raises
    ------
    KeyError
        If the table is not ranked.
    ValueError
        If `size` is not positive, or `explore` or `diversity` is not between 0 and 1.

    Examples
    --------
    >>> ranked = pd.DataFrame({"rank": [1, 2, 3], "formula": ["Na3PS4", "Na3.1P0.9Si0.1S4", "NaTaCl6"],
    ...     "probability": [0.5, 0.49, 0.3]})
    >>> batch(ranked, size=2, explore=0.0)["formula"].tolist()
    ['Na3PS4', 'NaTaCl6']
    >>> batch(ranked, size=2, explore=0.0, diversity=0.0)["formula"].tolist()
    ['Na3PS4', 'Na3.1P0.9Si0.1S4']
    """
    if size < 1:
        raise ValueError(f"size={size!r}: choose at least one")
    for name, share in (("explore", explore), ("diversity", diversity)):
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"{name}={share!r}: give a share from 0 to 1")
    if "probability" not in ranked or "rank" not in ranked:
        raise KeyError("the table has no column 'probability'; rank it first with ion.rank")
    known = CompositionBatch.from_formulas(list(made))
    known.raise_errors()
    table = ranked[ranked["rank"].notna() & (ranked["probability"] > 0)].drop_duplicates("formula")
    chance = table["probability"].to_numpy(np.float64)
    win = chance / chance.max() if len(chance) else chance
    teach = _teach(table)
    merit = (1.0 - explore) * win + explore * teach
    pool = np.sort(np.argsort(-merit, kind="stable")[:POOL])
    table, win, teach, merit = table.iloc[pool], win[pool], teach[pool], merit[pool]
    there = laid_out(CompositionBatch.from_formulas(table["formula"]).fractions)
    nearest = np.full(len(table), np.inf)
    if len(known) and len(table):
        nearest = earth_movers_distance(there, laid_out(known.fractions)).min(axis=1)
    free = nearest > 1e-6
    order, distances = [], []
    scale = _scale(there, merit)
    while len(order) < min(size, len(table)) and free.any():
        apart = np.minimum(np.where(np.isinf(nearest), 1.0, nearest / scale), 1.0)
        score = np.where(free, (1.0 - diversity) * merit + diversity * apart, -np.inf)
        if not order:  # the best comes first, whatever the rest look like
            score = np.where(free, merit, -np.inf)
        taken = int(np.argmax(score))
        order.append(taken)
        distances.append(nearest[taken])
        free[taken] = False
        nearest = np.minimum(nearest, earth_movers_distance(there, there[[taken]])[:, 0])
    out = table.iloc[order].reset_index(drop=True)
    distance = np.array(distances, dtype=np.float64)
    out.insert(0, "distance", np.where(np.isinf(distance), np.nan, distance))
    out.insert(0, "teach", teach[order])
    out.insert(0, "win", win[order])
    out.insert(0, "batch_order", np.arange(1, len(out) + 1))
    return out


def _teach(table: pd.DataFrame) -> np.ndarray:
    """Mean width (n,) of the predicted intervals, each property's against a wide one of its own; 0 to 1."""
    widths = []
    for column in BY_COLUMN:
        if f"{column}_lower" in table and f"{column}_upper" in table:
            width = (table[f"{column}_upper"] - table[f"{column}_lower"]).to_numpy(np.float64)
            width = np.nan_to_num(width)
            wide = np.quantile(width, _SCALE_QUANTILE) if len(width) else 0.0
            widths.append(np.minimum(width / wide, 1.0) if wide > 0 else np.zeros(len(width)))
    return np.mean(widths, axis=0) if widths else np.zeros(len(table))


def _scale(there: np.ndarray, merit: np.ndarray) -> float:
    """A large distance in this pool: from its best candidate to its far ones."""
    if len(there) < 2:
        return 1.0
    reach = earth_movers_distance(there, there[[int(np.argmax(merit))]])[:, 0]
    return max(float(np.quantile(reach, _SCALE_QUANTILE)), 1e-9)
