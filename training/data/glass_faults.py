"""Rows of the glass table that are wrong in the source, found without any model, each with its reason."""

import numpy as np
import pandas as pd

from ...models.physics import BOLTZMANN_EV, kelvin
from ...models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from .columns import compositions
from .glass_lines import GlassRows, glass_rows

# log10 of the prefactor in S/cm that hopping ions can have, with a wide margin: n q^2 a^2 nu / 6kT is about 10^2 to
# 10^4 for 1e13 attempts a second and 1e21 to 1e22 ions a cm3.
PREFACTOR_LIMITS = (-1.5, 6.5)
# No oxide glass conducts better near room temperature.
ROOM_CEILING_S_CM = 1e-2
ROOM_C = 35.0
# Other papers contradict a row when at least so many of them, and their median, lie so many decades away.
PAPERS = 3
DECADES = 1.5
# Compositions are near when so small a share of the atoms differs.
NEAR = 0.02
# A row of another paper is moved to the temperature by its own energy, no farther than this many decades an eV.
_FARTHEST = 4.0
# A paper of which half of the comparable rows, and so many, are contradicted is not believed in the others.
_PAPER_ROWS = 5
_PAPER_SHARE = 0.5


def glass_faults(table: GlassRows | None = None) -> pd.DataFrame:
    """Rows of the glass table that cannot be right, or that other papers contradict.

    Four rules, none of which asks a model: a prefactor that no hopping ion has; more than 1e-2 S/cm near room
    temperature; three other papers and more, on compositions of the same elements within 2 % of the atoms, all 1.5
    decades away, with their median; and, of a paper with half of its comparable rows contradicted (five and more), all.

    Parameters
    ----------
    table : GlassRows, optional
        By default the whole shipped table.

    Returns
    -------
    DataFrame
        One row a fault: row (in the file; the header is row 1), sciglass_id, formula, mobile_ion, temperature_C,
        log10_conductivity, activation_energy_eV, papers (others that speak of the composition), papers_median (of
        their log10_conductivity there; NaN without any), rule, reason.

    Examples
    --------
    >>> faults = glass_faults()
    >>> int((faults["mobile_ion"] == "Na").sum())
    619
    """
    table = glass_rows() if table is None else table
    rows = table.rows
    value, temperature = (rows[c].to_numpy(np.float64) for c in (CONDUCTIVITY.column, "temperature_C"))
    energy = table.glasses[ACTIVATION_ENERGY.column].to_numpy(np.float64)[rows["glass"]]
    papers, median, away = others_say(table)
    prefactor = value + energy / (np.log(10.0) * BOLTZMANN_EV * kelvin(temperature))
    low, high = PREFACTOR_LIMITS
    contradicted = (papers >= PAPERS) & (away >= PAPERS) & (np.abs(value - median) > DECADES)
    source = pd.Series(rows["group_source"].to_numpy())
    comparable = pd.Series(papers >= PAPERS)
    counts = pd.DataFrame({"bad": contradicted, "all": comparable}).groupby(source).sum()
    unbelieved = (counts["bad"] >= _PAPER_ROWS) & (counts["bad"] >= _PAPER_SHARE * counts["all"])
    whole = source.map(unbelieved).to_numpy(bool)
    rules = {
        "prefactor": (prefactor < low) | (prefactor > high),
        "too conductive": (value > np.log10(ROOM_CEILING_S_CM)) & (temperature <= ROOM_C),
        "contradicted": contradicted,
        "paper contradicted": whole,
    }
    rule = np.select(list(rules.values()), list(rules), default="")
    bad = np.flatnonzero(rule != "")
    counted = counts.loc[source[bad]].to_numpy()
    reasons = []
    for i, (found, comparable_rows) in zip(bad, counted, strict=True):
        if rule[i] == "prefactor":
            reasons.append(
                f"prefactor 10^{prefactor[i]:.1f} S/cm with {energy[i]:.2f} eV; ions have 10^{low:g} to 10^{high:g}"
            )
        elif rule[i] == "too conductive":
            reasons.append(f"10^{value[i]:.1f} S/cm at {temperature[i]:g} C; no oxide glass reaches 10^-2")
        elif rule[i] == "contradicted":
            reasons.append(f"{abs(value[i] - median[i]):.1f} decades from the median of {papers[i]} other papers")
        else:
            reasons.append(f"other papers contradict {found} of {comparable_rows} comparable rows of this paper")
    columns = ["row", "sciglass_id", "formula", "mobile_ion", "temperature_C", CONDUCTIVITY.column]
    out = rows.iloc[bad][columns].reset_index(drop=True)
    return out.assign(
        **{ACTIVATION_ENERGY.column: energy[bad]},
        papers=papers[bad],
        papers_median=median[bad],
        rule=rule[bad],
        reason=reasons,
    )


def others_say(table: GlassRows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What other papers say of each row: the same elements, within 2 % of the atoms, at the temperature of the row.

    Returns
    -------
    papers : (n,) int
        How many there are.
    median : (n,) float64
        Median of their log10 of the conductivity; NaN without any.
    away : (n,) int
        How many lie more than 1.5 decades away.
    """
    rows, glasses = table.rows, table.glasses
    count, far = np.zeros((2, len(rows)), dtype=np.int64)
    median = np.full(len(rows), np.nan)
    fractions = compositions(glasses["formula"]).fractions.toarray()
    heat_of, level_of = (glasses[c].to_numpy(np.float64) for c in ("mean_heat", "mean_level"))
    energy_of = glasses[ACTIVATION_ENERGY.column].to_numpy(np.float64)
    paper_of = pd.factorize(glasses["group_source"])[0]
    rows_of = pd.Series(np.arange(len(rows))).groupby(rows["glass"].to_numpy()).indices
    value, heat = (rows[c].to_numpy(np.float64) for c in (CONDUCTIVITY.column, "heat"))
    for members in glasses.groupby(["group_system", "mobile_ion"]).indices.values():
        if len(np.unique(paper_of[members])) < 2:
            continue
        own = fractions[members][:, fractions[members].any(axis=0)]
        for place, glass in enumerate(members):
            near = np.abs(own - own[place]).sum(axis=1) / 2.0 <= NEAR
            near &= paper_of[members] != paper_of[glass]
            others = members[near]
            if not others.size:
                continue
            for row in rows_of[glass]:
                moved = heat[row] - heat_of[others]
                # Without an energy a value holds only where it was measured.
                said = level_of[others] + np.where(np.abs(moved) < 0.05, 0.0, energy_of[others] * moved)
                good = np.isfinite(said) & (np.abs(moved) <= _FARTHEST)
                if good.any():
                    medians = _medians(said[good], paper_of[others][good])
                    count[row], median[row] = len(medians), np.median(medians)
                    far[row] = int((np.abs(medians - value[row]) > DECADES).sum())
    return count, median, far


def _medians(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Median of each group."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    return np.array([np.median(part) for part in np.split(values[order], starts[1:])])
