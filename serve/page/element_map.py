"""The periodic table coloured by the best that each dopant reaches, the figure written on it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .elements import Element, layout
from .typesetting import percent

# Steps of the cividis map (10.1371/journal.pone.0199239), which the colour-blind read like everyone; see page.css.
STEPS = 10


@dataclass(frozen=True)
class Tile:
    """One element of the map: its best candidate's probability as text, the step of the colour, and the formula."""

    element: Element
    text: str
    step: int
    formula: str
    reason: str


@dataclass(frozen=True)
class ElementMap:
    """Rows of tiles, and the ends of the colour scale as text."""

    rows: list[list[Tile | None]]
    low: str
    high: str


def element_map(ranked: pd.DataFrame, refused: pd.DataFrame) -> ElementMap:
    """Best probability of each dopant.

    Parameters
    ----------
    ranked : DataFrame
        As `ion.rank` gives it, with `dopant`; several dopants of one candidate count each.
    refused : DataFrame
        What was not made; the reason stands on elements without a candidate.
    """
    usable = ranked[ranked["rank"].notna()].sort_values("rank")
    single = usable.assign(symbol=usable["dopant"].str.split(r"[+, ]+", regex=True)).explode("symbol")
    best = single.drop_duplicates("symbol").set_index("symbol")
    reasons = refused.drop_duplicates("dopant").set_index("dopant")["reason"].to_dict()
    values = best["probability"].to_numpy(np.float64)
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)

    def tile(element: Element | None) -> Tile | None:
        if element is None:
            return None
        if element.symbol not in best.index:
            return Tile(element, "", -1, "", str(reasons.get(element.symbol, "not asked")))
        value = float(best["probability"][element.symbol])
        share = (value - low) / (high - low) if high > low else 1.0
        step = min(int(share * STEPS), STEPS - 1)
        return Tile(element, percent(value), step, str(best["formula"][element.symbol]), "")

    return ElementMap([[tile(element) for element in row] for row in layout()], percent(low), percent(high))
