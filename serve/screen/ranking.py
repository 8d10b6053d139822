"""Ranking: the probability that a candidate meets a spec, from the models' own intervals, and why."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from ...featurize.composition import CompositionBatch
from ...featurize.element_supply import element_supply
from ...featurize.elements import INDEX
from ..display import Predictions
from .pareto import better_side, pareto_of
from .spec import DEFAULT_SPEC, FACT_COLUMNS, Condition, Spec

# A table, or its columns by name: what a screen has before it knows which rows it keeps.
Columns = pd.DataFrame | Mapping[str, np.ndarray]
# A term's share of a step in probability below which a text does not name it.
_TELLING = 0.01


def rank(
    table: pd.DataFrame,
    spec: str | Spec = DEFAULT_SPEC,
    *,
    interval: float = 0.9,
    pareto: Mapping[str, int] | list[str] | None = None,
) -> pd.DataFrame:
    """Order candidates by the probability that they meet a spec.

    Each property is taken as a two-piece normal distribution whose central `interval` is the predicted one, and the
    properties' errors as independent; the probability of the spec is the product. Facts of the elements (cost,
    abundance, supply) are exact, met or not, and are worked out from the formula where the table lacks them.

    Parameters
    ----------
    table : DataFrame
        Predictions: `formula`, and each property of the spec with `_lower` and `_upper`, as `ion.predict` gives. What
        an earlier ranking put in is replaced.
    spec : str or Spec
        What must be met, e.g. "conductivity at 25 C >= 1e-3, oxidation limit >= 3.5, cost <= 50, no Co".
    interval : float
        The interval the table's bounds stand for.
    pareto : mapping or list, optional
        Columns of the Pareto front, with +1 where high is better and -1 where low is; those of the spec by default.

    Returns
    -------
    DataFrame
        `table` with `rank` first, `probability`, one `p_<column>` for each condition, `limited_by` (the condition least
        likely to be met), `why` (what holds the row back, and what sets it below the row above) and `pareto` (whether
        no other candidate that is not excluded beats it in every column of the front). Rows in error come last, in
        their order, without a rank.

    Raises
    ------
    KeyError
        If a column that the spec needs is missing.
    ValueError
        If the spec asks for a temperature that the table was not predicted at.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"formula": ["NaCl", "Na3PS4"], "oxidation_limit_V": [3.8, 2.1],
    ...     "oxidation_limit_V_lower": [3.4, 1.7], "oxidation_limit_V_upper": [4.2, 2.5]})
    >>> ranked = rank(table, "oxidation limit >= 3.6")
    >>> ranked[["rank", "formula", "probability"]].round(2).values.tolist()
    [[1, 'NaCl', 0.79], [2, 'Na3PS4', 0.0]]
    >>> ranked["why"][0]
    'held back by oxidation_limit_V >= 3.6 (p = 0.79, predicted 3.8)'
    """
    wanted = Spec.parse(spec) if isinstance(spec, str) else spec
    batch = CompositionBatch.from_formulas(table["formula"])
    out = _unranked(table)
    out = out.assign(**facts_of(out, batch, wanted))
    names = _term_names(wanted.conditions)
    chances, excluded, probability = chances_of(out, batch, wanted, interval)
    limited = np.where(excluded != "", excluded, _limits(chances, wanted.conditions, len(out)))
    out["probability"] = probability
    for name in names:
        out[f"p_{name}"] = chances[name]
    out["limited_by"] = limited
    front = pareto if pareto is not None else front_columns(wanted.conditions)
    on_front = np.zeros(len(out), dtype=bool)
    fair = (excluded == "") & ~np.isnan(probability)
    if len(front):
        on_front[fair] = pareto_of(out[fair], front)
    out["pareto"] = on_front
    out = out.iloc[best_first(out)]
    ranks = np.arange(1, len(out) + 1)
    out.insert(0, "rank", pd.Series(ranks, index=out.index, dtype="Int64").where(out["probability"].notna()))
    out = out.reset_index(drop=True)
    out.insert(list(out.columns).index("limited_by") + 1, "why", _reasons(out, wanted.conditions, names))
    out.attrs |= {"spec": str(wanted), "interval": interval}
    return Predictions(out)


def _unranked(table: pd.DataFrame) -> pd.DataFrame:
    """The table without what an earlier ranking, by another spec perhaps, has put in."""
    earlier = [c for c in table if str(c).startswith("p_") and str(c)[2:].split("#")[0] in table]
    return table.drop(columns=["rank", "probability", "limited_by", "why", "pareto", *earlier], errors="ignore")


def chances_of(
    table: Columns, batch: CompositionBatch, spec: Spec, interval: float
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """What n predictions promise, given as a table or by column.

    Returns
    -------
    chances : dict
        Probability (n,) of each condition, by the name of its term.
    excluded : (n,) object
        What a row holds against the spec; empty where nothing.
    probability : (n,) float64
        That all is met; NaN where a property could not be predicted.
    """
    names = _term_names(spec.conditions)
    chances = {name: _probability(table, c, interval) for name, c in zip(names, spec.conditions, strict=True)}
    probability = np.ones(len(batch))
    for part in chances.values():
        probability = probability * part
    if not chances and "error" in table:
        probability[pd.notna(table["error"])] = np.nan
    excluded = _excluded(batch, spec)
    probability[(excluded != "") & ~np.isnan(probability)] = 0.0
    return chances, excluded, probability


def facts_of(table: Columns, batch: CompositionBatch, spec: Spec) -> dict[str, np.ndarray]:
    """Facts of the elements (n,) that the spec asks for and the table lacks, by column."""
    lacking = [c.column for c in spec.conditions if c.column in FACT_COLUMNS and c.column not in table]
    if not lacking:
        return {}
    facts = element_supply(batch)
    return {column: facts[column].to_numpy() for column in dict.fromkeys(lacking)}


def _term_names(conditions: Sequence[Condition]) -> list[str]:
    """Names of the conditions for columns: their own column, numbered where it comes twice."""
    names: list[str] = []
    for condition in conditions:
        again = sum(name.split("#")[0] == condition.column for name in names)
        names.append(condition.column if not again else f"{condition.column}#{again + 1}")
    return names


def _probability(table: Columns, condition: Condition, interval: float) -> np.ndarray:
    """Probability (n,) that each row meets one condition."""
    exact = condition.column in FACT_COLUMNS or condition.column == "domain_score"
    bounds = () if exact else (f"{condition.column}_lower", f"{condition.column}_upper")
    missing = [c for c in (condition.column, *bounds) if c not in table]
    if missing:
        raise KeyError(
            f"condition '{condition}' needs column {missing[0]!r}, which the table does not have; give predictions, as "
            "ion.predict or `ionscout predict` makes them"
        )
    _check_temperature(table, condition)
    value = _floats(table, condition.column)
    if exact:
        met = value >= condition.value if condition.at_least else value <= condition.value
        return np.where(np.isnan(value), np.nan, met.astype(np.float64))
    lower, upper = (_floats(table, column) for column in bounds)
    bound = condition.value
    if condition.column == "conductivity_S_cm":
        # Its errors are normal in decades.
        value, lower, upper, bound = np.log10(value), np.log10(lower), np.log10(upper), np.log10(bound)
    met = value >= bound if condition.at_least else value <= bound
    half = ndtri(0.5 + interval / 2.0)
    width = np.where(bound < value, value - lower, upper - value) / half
    below = ndtr((bound - value) / np.maximum(width, 1e-9))
    # A value known exactly meets a condition or does not.
    return np.where(lower == upper, met, 1.0 - below if condition.at_least else below)


def _floats(table: Columns, column: str) -> np.ndarray:
    return np.asarray(table[column], dtype=np.float64)


def _check_temperature(table: Columns, condition: Condition) -> None:
    if condition.temperature_C is None or "temperature_C" not in table:
        return
    there = _floats(table, "temperature_C")
    other = there[~np.isclose(there, condition.temperature_C) & ~np.isnan(there)]
    if len(other):
        raise ValueError(
            f"condition '{condition}': the table holds predictions at {other[0]:g} C; "
            f"predict at {condition.temperature_C:g} C"
        )


def _limits(chances: Mapping[str, np.ndarray], conditions: Sequence[Condition], n: int) -> np.ndarray:
    """The condition least likely to be met (n,)."""
    if not conditions:
        return np.full(n, "", dtype=object)
    weakest = np.nan_to_num(np.column_stack(list(chances.values())), nan=2.0).argmin(axis=1)
    return np.array([str(c) for c in conditions], dtype=object)[weakest]


def _excluded(batch: CompositionBatch, spec: Spec) -> np.ndarray:
    """What a row (n,) holds against the spec, as in "contains Co"; empty where nothing."""
    out = np.full(len(batch), "", dtype=object)
    if not spec.absent:
        return out
    held = batch.amounts[:, [INDEX[s] for s in spec.absent]].toarray() > 0
    rows = np.flatnonzero(held.any(axis=1))
    out[rows] = ["contains " + " ".join(np.array(spec.absent)[held[row]]) for row in rows]
    return out


def front_columns(conditions: Sequence[Condition]) -> dict[str, int]:
    """Columns of the spec and their better sides."""
    return {c.column: better_side(c.column) for c in conditions}


def best_first(table: Columns, tie: str = "formula") -> np.ndarray:
    """Positions (n,) of candidates, the most probable first, those without a probability last.

    Ties are parted by conductivity, then by the column `tie`, so that the order never depends on the input's.
    """
    codes = pd.factorize(np.asarray(table[tie]), sort=True)[0]
    keys = [-_floats(table, column) for column in ("log10_conductivity", "probability") if column in table]
    return np.lexsort([np.where(codes < 0, len(codes), codes), *keys])


def _reasons(out: pd.DataFrame, conditions: Sequence[Condition], names: Sequence[str]) -> list[str]:
    """Why each row of a ranking (n,) stands where it stands."""
    chances = out[[f"p_{name}" for name in names]].to_numpy(np.float64)
    values = [out[c.column].to_numpy(np.float64) for c in conditions]
    probability, limited = out["probability"].to_numpy(np.float64), out["limited_by"].tolist()
    texts: list[str] = []
    for row in range(len(out)):
        if np.isnan(probability[row]):
            texts.append("not ranked: a property could not be predicted")
            continue
        if limited[row].startswith("contains"):
            texts.append(f"excluded: {limited[row]}")
            continue
        if not len(names):
            texts.append("nothing is asked of it")
            continue
        term = int(np.argmin(chances[row]))
        held = f"held back by {limited[row]} (p {_chance(chances[row, term])}, predicted {values[term][row]:.3g})"
        texts.append(held + (f"; {_step(chances, probability, row, conditions, term)}" if row else ""))
    return texts


def _step(chances: np.ndarray, probability: np.ndarray, row: int, conditions: Sequence[Condition], weakest: int) -> str:
    """What sets a row below the one above: the term whose probability falls the most, as a ratio."""
    above, here = chances[row - 1], chances[row]
    if probability[row - 1] - probability[row] <= _TELLING * probability[row - 1]:
        return f"level with rank {row}"
    fall = np.log(np.maximum(above, 1e-300)) - np.log(np.maximum(here, 1e-300))
    term = int(np.argmax(fall))
    name = "that term" if term == weakest else str(conditions[term])
    return f"below rank {row} by {name} (p {_chance(here[term])} against {_chance(above[term], bare=True)})"


def _chance(p: float, bare: bool = False) -> str:
    """A probability as in "= 0.21" or "< 0.001"; bare leaves the equal sign out."""
    if p < 0.001:
        return "< 0.001"
    return f"{p:.2g}" if bare else f"= {p:.2g}"
