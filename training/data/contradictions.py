"""New values that contradict known ones."""

import pandas as pd

from .censored import decades_apart
from .columns import compositions
from .repeats import SAME_TEMPERATURE_C, composition_keys

# Shown to a person when this far apart: about twice what laboratories usually differ by (`repeats.noise_floor`).
CONTRADICTION_DECADES = 1.0


def contradictions(new: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Conductivities of the same composition, state and temperature (within 2 C) that differ by more than a decade.

    A value below a limit contradicts what lies above the limit, and nothing else.

    Parameters
    ----------
    new, known : DataFrame
        Columns formula, mobile_ion, state, temperature_C, log10_conductivity, censored, group_source, table, row.

    Returns
    -------
    DataFrame
        One row a pair: measurement_id, formula, temperature_C, log10_conductivity, censored, known_log10_conductivity,
        known_censored, decades, known_formula, known_source, known_table, known_row.
    """
    first, second = (_keyed(t) for t in (new, known))
    pairs = first.merge(second, on=["composition", "state", "mobile_ion"], suffixes=("", "_known"))
    values = [pairs[c].to_numpy() for c in ("log10_conductivity", "log10_conductivity_known")]
    pairs["decades"] = decades_apart(*values, *(pairs[c].to_numpy(bool) for c in ("censored", "censored_known")))
    near = (pairs["temperature_C"] - pairs["temperature_C_known"]).abs() <= SAME_TEMPERATURE_C
    itself = pairs["table"].eq(pairs["table_known"]) & pairs["row"].eq(pairs["row_known"])
    found = pairs[near & ~itself & (pairs["decades"].abs() > CONTRADICTION_DECADES)]
    names = {
        "row": "measurement_id",
        "formula": "formula",
        "temperature_C": "temperature_C",
        "log10_conductivity": "log10_conductivity",
        "censored": "censored",
        "log10_conductivity_known": "known_log10_conductivity",
        "censored_known": "known_censored",
        "decades": "decades",
        "formula_known": "known_formula",
        "group_source_known": "known_source",
        "table_known": "known_table",
        "row_known": "known_row",
    }
    return found[list(names)].rename(columns=names).reset_index(drop=True)


def _keyed(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["log10_conductivity"].notna()]
    return rows.assign(composition=composition_keys(compositions(rows["formula"])))
