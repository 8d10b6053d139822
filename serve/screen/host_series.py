"""What was measured of a host's doped members: which compositions are the host with one other element on a site."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX, SYMBOLS
from ...models.properties import CONDUCTIVITY
from ...training.train import measured_rows

ANIONS = ("O", "S", "Se", "Te", "N", "F", "Cl", "Br", "I", "H")
MOBILE_ION = "Na"
# A framework is the host's if no amount differs by more, in atoms a formula unit; anions may be short or in excess.
FRAMEWORK_TOLERANCE = 0.02
ANION_TOLERANCE = 0.05
# "25 C" and "room temperature" are within this of each other.
NEAR_C = 10.0
SOLIDS = ("crystalline", "glass_ceramic", "unknown")


def substituted(formulas: pd.Series | Sequence[str], host: str, site: str) -> pd.DataFrame:
    """Which compositions are the host with one other element on the site, however they are written.

    The framework otherwise is the host's within `FRAMEWORK_TOLERANCE`, the anions within 5 %, and the sodium any.

    Parameters
    ----------
    formulas : (n,) str
        Compositions.
    host, site : str
        Parent formula, and the element that is replaced.

    Returns
    -------
    DataFrame
        n rows: `dopant` ("" where it is no member), `x` (atoms for a formula unit of the host) and `is_host`.

    Examples
    --------
    >>> found = substituted(["Na3.4Zr1.8Zn0.2Si2PO12", "Na6Zr4Si4P2O24", "Na3PS4"], "Na3Zr2Si2PO12", "Zr")
    >>> found["dopant"].tolist(), found["x"].round(2).tolist()[0], found["is_host"].tolist()
    (['Zn', '', ''], 0.2, [False, True, False])
    """
    amounts = CompositionBatch.from_formulas(formulas).amounts.toarray()
    parent = CompositionBatch.from_formulas([host]).amounts.toarray()[0]
    anions, mobile = np.array([INDEX[a] for a in ANIONS]), INDEX[MOBILE_ION]
    cations = np.setdiff1d(np.arange(amounts.shape[1]), [*anions, mobile])
    with np.errstate(divide="ignore", invalid="ignore"):
        amounts = amounts * (parent[cations].sum() / amounts[:, cations].sum(axis=1, keepdims=True))
    place, on_anion = INDEX[site], site in ANIONS
    foreign = (amounts > 0) & (parent == 0)
    dopant = foreign.argmax(axis=1)
    x = np.where(foreign.any(axis=1), amounts[np.arange(len(amounts)), dopant], 0.0)
    fits = (foreign.sum(axis=1) <= 1) & (amounts[:, mobile] > 0)
    fits &= (x == 0) | (np.isin(dopant, anions) == on_anion)
    for element in np.flatnonzero(parent > 0):
        if element not in (mobile, place) and (on_anion or element not in anions):
            fits &= np.abs(amounts[:, element] - parent[element]) <= FRAMEWORK_TOLERANCE
    tolerance = ANION_TOLERANCE * parent[place] if on_anion else FRAMEWORK_TOLERANCE
    fits &= np.abs(amounts[:, place] + x - parent[place]) <= tolerance
    total = parent[anions].sum()
    fits &= np.abs(amounts[:, anions].sum(axis=1) - total) <= ANION_TOLERANCE * total
    symbols = np.array(SYMBOLS, dtype=object)[dopant]
    return pd.DataFrame({"dopant": np.where(fits & (x > 0), symbols, ""), "x": x, "is_host": fits & (x == 0)})


def measured_series(host: str, site: str, temperature_C: float = 25.0) -> pd.DataFrame:
    """Measured conductivities of the host and of its doped members near a temperature; no glasses.

    Returns
    -------
    DataFrame
        formula, dopant ("" for the host), x, log10_conductivity, temperature_C, group_source (the paper).

    Examples
    --------
    >>> found = measured_series("Na3SbS4", "Sb")
    >>> sorted(set(found["dopant"])), found.loc[found["dopant"] == "W", "x"].round(2).unique().tolist()
    (['', 'As', 'Ga', 'P', 'W', 'Zn'], [0.12, 0.1])
    """
    rows = measured_rows()
    table = rows.join(substituted(rows["formula"], host, site))
    near = (table["temperature_C"] - temperature_C).abs() <= NEAR_C
    kept = near & table["state"].isin(SOLIDS) & table[CONDUCTIVITY.column].notna() & ~table["censored"]
    kept &= table["is_host"] | table["dopant"].ne("")
    columns = ["formula", "dopant", "x", CONDUCTIVITY.column, "temperature_C", "group_source"]
    return table[kept].reset_index(drop=True)[columns]
