"""The measurements nearest to a candidate, composition by composition, those worth reading first."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from .window_bars import address_of

# Of a composition with a hundred measurements a page shows the first few.
ROWS = 4


@dataclass(frozen=True)
class Nearest:
    """Measurements of one composition: those shown in the table, and the rest."""

    rows: list[dict[Any, Any]]
    more: list[dict[Any, Any]]


def nearest(found: pd.DataFrame, temperature_C: float) -> list[Nearest]:
    """Measurements by composition, nearest first; of each those with an address, then those near the temperature.

    Parameters
    ----------
    found : DataFrame
        As `ion.neighbours` gives it for one input.
    temperature_C : float
        Where the reader asks.
    """
    order = found.assign(
        unsourced=found["source"].map(lambda source: not address_of(str(source))),
        away=(found["temperature_C"] - temperature_C).abs(),
    ).sort_values(["distance", "unsourced", "away"], kind="stable")
    groups = [group for _, group in order.groupby("distance", sort=False)]
    return [Nearest(group[:ROWS].to_dict("records"), group[ROWS:].to_dict("records")) for group in groups]
