"""The table of computed windows (`stability_windows.csv.gz`), computed again from any phase-energy table."""

import logging
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ..featurize.composition import CompositionBatch
from ..featurize.elements import N_ELEMENTS
from ..models.phase_equilibria import ALKALI, index_of_alkali, windows
from ..models.properties import ENERGY_ABOVE_HULL, OXIDATION_LIMIT, REDUCTION_LIMIT
from .data.energies import load_energies
from .data.sources import load_curated

_VALUES = (ENERGY_ABOVE_HULL.column, REDUCTION_LIMIT.column, OXIDATION_LIMIT.column)
_LOG = logging.getLogger(__name__)


def recompute_windows(energies: Any = None, alkalis: Sequence[str] = ALKALI) -> pd.DataFrame:
    """Windows of all compounds of a phase-energy table that hold an alkali, in the layout of the shipped table.

    Parameters
    ----------
    energies : as in `training.data.energies.load_energies`
    alkalis : sequence of {"Na", "Li", "K"}

    Returns
    -------
    DataFrame
        formula, mobile_ion, energy_above_hull_eV_atom, reduction_limit_V, oxidation_limit_V (V against the metal of
        `mobile_ion`; NaN above the hull), competing_phases; one row a compound and alkali.

    Examples
    --------
    >>> table = pd.DataFrame({"formula": ["NaCl", "Na2S"], "formation_energy_eV_atom": [-2.131, -1.26]})
    >>> recompute_windows(table).round(3)[["formula", "reduction_limit_V", "oxidation_limit_V"]].values.tolist()
    [['NaCl', 0.0, 4.262], ['Na2S', 0.0, 1.89]]
    """
    table = load_energies(energies)
    phases = table.phases
    compounds = csr_array(phases.amounts[N_ELEMENTS:])
    parts = []
    for alkali in alkalis:
        begun = perf_counter()
        rows = np.flatnonzero(compounds[:, [index_of_alkali(alkali)]].toarray()[:, 0] > 0)
        found = windows(phases, CompositionBatch.from_matrix(csr_array(compounds[rows])), alkali)
        stable = found.hull.energy_above_hull <= 0
        parts.append(
            pd.DataFrame(
                {
                    "formula": table.table["formula"].to_numpy()[rows],
                    "mobile_ion": alkali,
                    ENERGY_ABOVE_HULL.column: found.hull.energy_above_hull,
                    REDUCTION_LIMIT.column: np.where(stable, found.reduction_limit, np.nan),
                    OXIDATION_LIMIT.column: np.where(stable, found.oxidation_limit, np.nan),
                    "competing_phases": found.hull.competing_phases,
                }
            )
        )
        _LOG.info("%s: %d windows in %.1f s", alkali, len(rows), perf_counter() - begun)
    return pd.concat(parts, ignore_index=True)


def compare_windows(recomputed: pd.DataFrame, shipped: pd.DataFrame | None = None) -> pd.DataFrame:
    """How far recomputed windows lie from the shipped ones, by ion.

    Parameters
    ----------
    recomputed : DataFrame
        As `recompute_windows` gives it.
    shipped : DataFrame, optional
        Table of the same layout; `stability_windows` by default.

    Returns
    -------
    DataFrame
        One row an ion: rows in both, rows in one only, rows whose verdict (on the hull or not) differs, and the largest
        difference of each value. The shipped table keeps 5 decimals of energies and 4 of limits.
    """
    shipped = load_curated("stability_windows") if shipped is None else shipped
    keys = ["formula", "mobile_ion"]
    both = recomputed.merge(shipped, on=keys, how="outer", suffixes=("", "_shipped"), indicator=True)
    summary = []
    for ion, group in both.groupby("mobile_ion", sort=False):
        shared = group[group["_merge"].eq("both")]
        limit = REDUCTION_LIMIT.column
        facts = {
            "mobile_ion": ion,
            "rows_in_both": len(shared),
            "rows_only_recomputed": int(group["_merge"].eq("left_only").sum()),
            "rows_only_shipped": int(group["_merge"].eq("right_only").sum()),
            "verdicts_that_differ": int((shared[limit].isna() != shared[f"{limit}_shipped"].isna()).sum()),
        }
        differences = {f"largest_difference_{c}": (shared[c] - shared[f"{c}_shipped"]).abs().max() for c in _VALUES}
        summary.append({**facts, **differences})
    return pd.DataFrame(summary)
