"""`ion.interface_measurements`: what was measured at the interfaces of an electrolyte, or of those most like it."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..featurize.composition import CompositionBatch
from ..featurize.electrolyte import electrolyte_features
from ..models.chemical_distance import earth_movers_distance, laid_out
from ..models.composition_index import SAME_COMPOSITION
from ..models.main_anion import main_anion
from ..training.data.sources import load_curated

_COLUMNS = [
    "electrolyte",
    "distance",
    "counterpart",
    "quantity",
    "value",
    "unit",
    "temperature_C",
    "modification",
    "doi",
    "url",
    "year",
    "note",
]


def interface_measurements(formula: str, counterpart: str | None = None, *, nearest: int = 3) -> pd.DataFrame:
    """Measured facts of an electrolyte's interfaces: resistance, critical current, cycling life, what forms there.

    Parameters
    ----------
    formula : str
        The electrolyte; a name such as NASICON where the table has no composition.
    counterpart : str, optional
        Only facts against this electrode, such as Na, a formula or a name of the table.
    nearest : int
        Where nothing is known of the electrolyte itself, how many of the most similar ones with the same main anion to
        tell of instead. They may be far: mind the distance.

    Returns
    -------
    DataFrame
        electrolyte, distance (earth mover's distance of the compositions on Pettifor's scale, 0 to 100; 0 for the
        electrolyte itself), counterpart, quantity, value (text: a number, or what was found), unit, temperature_C,
        modification (what was done to the interface; missing where nothing), doi, url, year, note; nearest first, in
        the order of the table. Empty where the table has no such counterpart or main anion.

    Raises
    ------
    ValueError
        If `formula` is neither a name of the table nor can be read.

    Examples
    --------
    >>> found = interface_measurements("Na3Hf2Si2PO12")
    >>> found[["distance", "counterpart", "quantity", "value", "unit", "modification"]].values.tolist()[0]
    [0.0, 'Na', 'ccd_mA_cm2', '2.5', 'mA/cm2', 'Pb coating']
    >>> interface_measurements("Na2.8Hf2Si1.8P1.2O12", nearest=1)["electrolyte"].unique().tolist()
    ['Na3Hf2Si2PO12']
    """
    table = load_curated("sodium_interfaces").rename(columns={"electrolyte_formula": "electrolyte"})
    # Computed reactions are not repeated here: `ionscout.interface` computes them.
    table = table[table["method"].eq("experiment")]
    asked = CompositionBatch.from_formulas([formula])
    if asked.errors[0] is not None and not table["electrolyte"].eq(formula).any():
        raise ValueError(str(asked.errors[0]))
    table = table.assign(distance=_apart(table["electrolyte"], formula))
    if counterpart is not None:
        table = table[_apart(table["counterpart"], counterpart) == 0.0]
    if (table["distance"] == 0.0).any():
        table = table[table["distance"] == 0.0]
    else:
        table = table[_main_anions(table["electrolyte"]) == _main_anions([formula])]
        closest = table.groupby("electrolyte")["distance"].min().nsmallest(nearest)
        table = table[table["electrolyte"].isin(closest.index)]
    return table.sort_values("distance", kind="stable")[_COLUMNS].reset_index(drop=True)


def _apart(names: pd.Series, asked: str) -> np.ndarray:
    """Distance (n,) of compositions from one; 0 where names agree, NaN where either is a name without composition."""
    distances = np.where(names == asked, 0.0, np.nan)
    one, many = CompositionBatch.from_formulas([asked]), CompositionBatch.from_formulas(names)
    if one.errors[0] is None:
        place, points = laid_out(one.fractions), laid_out(many.fractions)
        is_same = np.abs(points - place).max(axis=1) < SAME_COMPOSITION
        far = np.where(is_same, 0.0, earth_movers_distance(place, points)[0])
        distances = np.where(many.is_readable, far, distances)
    return distances


def _main_anions(names: Iterable[str]) -> np.ndarray:
    return main_anion(electrolyte_features(CompositionBatch.from_formulas(names)))
