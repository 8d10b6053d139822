"""Champion against challenger: the paired comparison and the rule of promotion."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

# Coverage of the 90 % interval within which a model counts as calibrated: three points either way, twice the standard
# error of some four hundred independent rows.
CALIBRATED = (0.87, 0.93)
# How much worse a challenger may be, at the upper end of the interval, and still count as no worse: a tenth of what
# laboratories differ by on one composition, in decades, and 10 meV, a tenth of the error in energy.
TOLERATED = {"conductivity": 0.05, "activation_energy": 0.01}


@dataclass(frozen=True)
class Comparison:
    """Difference of the absolute errors, challenger minus champion, on rows that neither had seen when predicting.

    Parameters
    ----------
    property, grouping : str
        What was predicted, and what stayed on one side of each split.
    rows, systems : int
        Rows compared, and chemical systems among them.
    same_fold : float
        Share of the rows that were held out in the same fold by both.
    champion_MAE, challenger_MAE : float
        On those rows.
    difference, lower, upper : float
        Mean of the differences and its 90 % bootstrap interval over systems.
    """

    property: str
    grouping: str
    rows: int
    systems: int
    same_fold: float
    champion_MAE: float
    challenger_MAE: float
    difference: float
    lower: float
    upper: float


def compare(champion: pd.DataFrame, challenger: pd.DataFrame, property: str, grouping: str) -> Comparison:
    """Compare two tables of `held_out.out_of_fold_table` on the rows that both hold.

    Raises
    ------
    ValueError
        If they have no row in common.
    """
    champion, challenger = (
        t[t["property"].eq(property) & t["grouping"].eq(grouping)].set_index("key") for t in (champion, challenger)
    )
    shared = champion.index.intersection(challenger.index)
    if shared.empty:
        raise ValueError(f"{property} by {grouping}: champion and challenger have no row in common")
    first, second = champion.loc[shared], challenger.loc[shared]
    errors = [(t["predicted"] - t["truth"]).abs().to_numpy() for t in (first, second)]
    low, high = paired_bootstrap(errors[1] - errors[0], first["system"].to_numpy())
    return Comparison(
        property,
        grouping,
        len(shared),
        first["system"].nunique(),
        float((first["fold"].to_numpy() == second["fold"].to_numpy()).mean()),
        float(errors[0].mean()),
        float(errors[1].mean()),
        float((errors[1] - errors[0]).mean()),
        low,
        high,
    )


def paired_bootstrap(
    difference: np.ndarray, groups: np.ndarray, level: float = 0.9, draws: int = 4000, seed: int = 0
) -> tuple[float, float]:
    """Bootstrap interval of a mean difference, drawing whole groups with replacement.

    Parameters
    ----------
    difference : (n,) float64
        One value a row.
    groups : (n,)
        Rows of a group come or stay away together.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = paired_bootstrap(np.full(6, -0.1), np.array(list("aabbcc")))
    >>> round(low, 3), round(high, 3)
    (-0.1, -0.1)
    """
    codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1]
    count, total = np.bincount(codes), np.bincount(codes, weights=difference)
    drawn = np.random.default_rng(seed).integers(0, count.size, size=(draws, count.size))
    low, high = np.quantile(total[drawn].sum(axis=1) / count[drawn].sum(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def verdict(comparisons: list[Comparison], coverage: float, new_rows: int) -> tuple[bool, str]:
    """Whether the challenger shall serve, and why.

    The rule: its 90 % interval of conductivity is calibrated (`CALIBRATED`, by system); for no property is it worse
    beyond noise, nor could it be worse by more than `TOLERATED`; and it is better beyond noise for conductivity, or it
    was taught rows that the champion never saw. Beyond noise: the 90 % interval of the paired difference, by system,
    leaves out zero; what it could be is that interval's upper end.

    Parameters
    ----------
    comparisons : list of Comparison
        Those by system decide.
    coverage : float
        Of the challenger's 90 % interval of conductivity, by system.
    new_rows : int
        Rows that the champion never saw.
    """
    by_system = {c.property: c for c in comparisons if c.grouping == "system"}
    if not CALIBRATED[0] <= coverage <= CALIBRATED[1]:
        return False, f"its 90 % interval of conductivity holds {100 * coverage:.1f} %, outside 87 to 93 %"
    for name, found in by_system.items():
        if found.lower > 0:
            return False, f"worse beyond noise in {name.replace('_', ' ')}: {_figures(found)}"
        if found.upper > TOLERATED[name]:
            return False, (
                f"{name.replace('_', ' ')} could be worse by more than {TOLERATED[name]:g}: {_figures(found)}; "
                "look at the contradictions, or add rows"
            )
    figures = _figures(by_system["conductivity"])
    if by_system["conductivity"].upper < 0:
        return True, f"better beyond noise in conductivity: {figures}"
    if new_rows:
        return True, f"not worse beyond noise ({figures}), and taught {new_rows} rows that the champion never saw"
    return False, f"no better beyond noise ({figures}), and taught nothing new"


def _figures(found: Comparison) -> str:
    return f"{found.difference:+.3f}, 90 % interval {found.lower:+.3f} to {found.upper:+.3f}"
