"""Ranking: the probability that a candidate meets a spec, from the models' own intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX
from .spec import DEFAULT_SPEC, Condition, Spec


def rank(table: pd.DataFrame, spec: str | Spec = DEFAULT_SPEC, *, interval: float = 0.9) -> pd.DataFrame:
    """Order candidates by the probability that they meet a spec.

    Each property is taken as a two-piece normal distribution whose central `interval` is the predicted one, and the
    properties' errors as independent; the probability of the spec is the product.

    Parameters
    ----------
    table : DataFrame
        Predictions: `formula`, and each property of the spec with `_lower` and `_upper`, as `ion.predict` gives.
    spec : str or Spec
        What must be met, e.g. "conductivity_S_cm >= 1e-3, oxidation_limit_V >= 3.5, no Co".
    interval : float
        The interval the table's bounds stand for.

    Returns
    -------
    DataFrame
        `table` with `rank` first, `probability`, one `p_<column>` for each condition, and `limited_by`, the condition
        least likely to be met. Rows in error come last, in their order, without a rank.

    Raises
    ------
    KeyError
        If a column that the spec needs is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"formula": ["NaCl", "Na3PS4"], "oxidation_limit_V": [3.8, 2.1],
    ...     "oxidation_limit_V_lower": [3.4, 1.7], "oxidation_limit_V_upper": [4.2, 2.5]})
    >>> rank(table, "oxidation_limit_V >= 3.6")[["rank", "formula", "probability"]].round(2).values.tolist()
    [[1, 'NaCl', 0.79], [2, 'Na3PS4', 0.0]]
    """
    wanted = Spec.parse(spec) if isinstance(spec, str) else spec
    out = table.copy()
    parts = {c.column: _probability(table, c, interval) for c in wanted.conditions}
    chances = pd.DataFrame(parts, index=table.index)
    probability = chances.prod(axis=1, skipna=False).to_numpy(np.float64, copy=True)
    limited = _limits(chances, wanted.conditions)
    for symbol in wanted.excluded:
        holds = _contains(table["formula"], symbol)
        probability[holds] = 0.0
        limited[holds] = f"contains {symbol}"
    out["probability"] = probability
    for column in parts:
        out[f"p_{column}"] = chances[column]
    out["limited_by"] = limited
    out = _sorted(out)
    ranks = np.arange(1, len(out) + 1)
    out.insert(0, "rank", pd.Series(ranks, index=out.index, dtype="Int64").where(out["probability"].notna()))
    return out.reset_index(drop=True)


def _probability(table: pd.DataFrame, condition: Condition, interval: float) -> np.ndarray:
    """Probability (n,) that each row meets one condition."""
    columns = (condition.column, f"{condition.column}_lower", f"{condition.column}_upper")
    missing = [c for c in columns if c not in table]
    if missing:
        raise KeyError(f"condition '{condition}' needs column {missing[0]!r}, which the table does not have")
    value, lower, upper = (table[c].to_numpy(np.float64) for c in columns)
    bound = condition.value
    if condition.column == "conductivity_S_cm":
        # Its errors are normal in decades.
        value, lower, upper, bound = np.log10(value), np.log10(lower), np.log10(upper), np.log10(bound)
    half = norm.ppf(0.5 + interval / 2.0)
    width = np.where(bound < value, value - lower, upper - value) / half
    below = norm.cdf((bound - value) / np.maximum(width, 1e-9))
    return 1.0 - below if condition.at_least else below


def _limits(chances: pd.DataFrame, conditions: Sequence[Condition]) -> np.ndarray:
    """The condition least likely to be met (n,)."""
    if not conditions:
        return np.full(len(chances), "", dtype=object)
    weakest = chances.fillna(2.0).to_numpy().argmin(axis=1)
    return np.array([str(c) for c in conditions], dtype=object)[weakest]


def _contains(formulas: pd.Series, symbol: str) -> np.ndarray:
    """Whether each formula (n,) holds an element."""
    amounts = CompositionBatch.from_formulas(formulas).amounts
    return np.asarray(amounts[:, [INDEX[symbol]]].todense()).ravel() > 0


def _sorted(out: pd.DataFrame) -> pd.DataFrame:
    """Most probable first; ties by conductivity, then by formula, so that the order never depends on the input's."""
    keys = ["probability"] + (["log10_conductivity"] if "log10_conductivity" in out else [])
    return out.sort_values(
        [*keys, "formula"], ascending=[False] * len(keys) + [True], kind="stable", na_position="last"
    )
