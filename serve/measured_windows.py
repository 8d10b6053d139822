"""Measured stability windows beside the thermodynamic ones of the same compositions: how far kinetics carries them."""

from typing import Any

import pandas as pd

from ..featurize.composition import CompositionBatch
from ..models.composition_index import CompositionIndex
from ..models.properties import OXIDATION_LIMIT, REDUCTION_LIMIT
from ..training.data.sources import load_curated
from .window import window

# Voltammetry: a current is looked for, so an electrolyte that decomposes slowly, or into a film that stops the
# current, seems stable.
MEASURED_METHODS = ("LSV", "CV")
# Below this a window is the one voltage at which a mixture of other phases is in equilibrium.
_WIDTH_V = 1e-3
SIDES = {"reduction": ("window_low_V", REDUCTION_LIMIT.column), "oxidation": ("window_high_V", OXIDATION_LIMIT.column)}


def measured_windows(energies: Any = None, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """Measured windows of crystalline and glassy sodium electrolytes and the thermodynamic ones, row by row.

    Parameters
    ----------
    energies : as for `ionscout.window`
        Energies of the phases that the thermodynamic windows come from.
    table : DataFrame, optional
        Electrolytes, in the layout of `sodium_electrolytes.csv`, which is the default.

    Returns
    -------
    DataFrame
        formula, family, state, window_method, window_low_V and window_high_V (measured), reduction_limit_V and
        oxidation_limit_V (thermodynamic, V against Na), energy_above_hull_eV_atom, source ("exact", or "assumed on
        hull" for compositions that the energies do not hold), reduction_difference_V and oxidation_difference_V
        (measured minus thermodynamic; missing where the phases known at that composition have no common window), doi,
        url, note, error; rows with a limit from LSV or CV, in the order of the table.

    Examples
    --------
    >>> rows = pd.DataFrame({"formula": ["NaCl"], "family": ["halide"], "state": ["crystalline"],
    ...     "window_method": ["CV"], "window_low_V": [0.0], "window_high_V": [4.5], "doi": [None], "url": [None],
    ...     "note": [None]})
    >>> energies = pd.DataFrame({"formula": ["NaCl"], "formation_energy_eV_atom": [-2.131]})
    >>> measured_windows(energies, rows)[["source", "oxidation_difference_V"]].round(3).values.tolist()
    [['exact', 0.238]]
    """
    rows = _voltammetry(load_curated("sodium_electrolytes") if table is None else table)
    computed = window(rows["formula"], energies, on_hull=True)
    kept = [REDUCTION_LIMIT.column, OXIDATION_LIMIT.column, "energy_above_hull_eV_atom", "source", "error"]
    found = pd.concat([rows, computed[kept]], axis=1)
    has_width = found[OXIDATION_LIMIT.column] - found[REDUCTION_LIMIT.column] > _WIDTH_V
    for side, (measured, limit) in SIDES.items():
        found[f"{side}_difference_V"] = (found[measured] - found[limit]).where(has_width)
    last = ["doi", "url", "note", "error"]
    return found[[c for c in found if c not in last] + last]


def differences_by_family(found: pd.DataFrame) -> pd.DataFrame:
    """How measured and thermodynamic limits differ, by family and over all.

    Parameters
    ----------
    found : DataFrame
        As `measured_windows` gives it.

    Returns
    -------
    DataFrame
        limit ("reduction" or "oxidation"), family (last "all"), rows that have both values, how many of these are
        exact, median, spread (interquartile range), lowest and highest of measured minus thermodynamic, V.
    """
    summary = []
    for side in SIDES:
        rows = found[found[f"{side}_difference_V"].notna()]
        for family, some in [*rows.groupby("family", sort=True), ("all", rows)]:
            difference = some[f"{side}_difference_V"]
            summary.append(
                {
                    "limit": side,
                    "family": family,
                    "rows": len(some),
                    "exact": int(some["source"].eq("exact").sum()),
                    "median": difference.median(),
                    "spread": difference.quantile(0.75) - difference.quantile(0.25),
                    "lowest": difference.min(),
                    "highest": difference.max(),
                }
            )
    return pd.DataFrame(summary)


def measured_windows_of(formula: str) -> pd.DataFrame:
    """Windows measured on one composition, from the curated table; columns as there, none where there is none.

    Examples
    --------
    >>> measured_windows_of("Na6P2S8")[["window_method", "window_low_V", "window_high_V"]].values.tolist()
    [['CV', 0.0, 5.0], ['CV', 0.0, 5.0]]
    """
    rows = _voltammetry(load_curated("sodium_electrolytes"))
    asked = CompositionIndex(CompositionBatch.from_formulas([formula]).fractions)
    return rows[asked.find(CompositionBatch.from_formulas(rows["formula"]).fractions) == 0]


def _voltammetry(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of electrolytes that hold a limit from LSV or CV."""
    columns = ["formula", "family", "state", "window_method", "window_low_V", "window_high_V", "doi", "url", "note"]
    has_limit = table[["window_low_V", "window_high_V"]].notna().any(axis=1)
    return table.loc[table["window_method"].isin(MEASURED_METHODS) & has_limit, columns].reset_index(drop=True)
