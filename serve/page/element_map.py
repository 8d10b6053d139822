"""The periodic table coloured by the best that each dopant reaches, the figure written on it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...models.properties import BY_COLUMN
from ..screen.pareto import better_side
from .elements import Element, layout
from .typesetting import number, percent

# Steps of the cividis map (10.1371/journal.pone.0199239), which the colour-blind read like everyone; see page.css.
STEPS = 10


@dataclass(frozen=True)
class Tile:
    """One element of the map: its best value as text and as fits a tile, the colour's step, and the candidate."""

    element: Element
    text: str
    short: str
    step: int
    formula: str
    reason: str


@dataclass(frozen=True)
class ElementMap:
    """Rows of tiles, and the worst and the best of them as text."""

    rows: list[list[Tile | None]]
    worst: str
    best: str


def element_map(ranked: pd.DataFrame, refused: pd.DataFrame, column: str = "probability") -> ElementMap:
    """Best value of each dopant.

    Parameters
    ----------
    ranked : DataFrame
        As `ion.rank` gives it, with `dopant`; several dopants of one candidate count each.
    refused : DataFrame
        What was not made; the reason stands on elements without a candidate.
    column : str
        What is the best: the probability, or a property by its better side.
    """
    side = better_side(column)
    usable = ranked[ranked["rank"].notna()].sort_values(column, ascending=side < 0, kind="stable")
    single = usable.assign(symbol=usable["dopant"].str.split(r"[+, ]+", regex=True)).explode("symbol")
    best = single.drop_duplicates("symbol").set_index("symbol")
    reasons = refused.drop_duplicates("dopant").set_index("dopant")["reason"].to_dict()
    values = best[column].to_numpy(np.float64)
    worst, top = (float(values[-1]), float(values[0])) if len(values) else (0.0, 1.0)

    def text(value: float) -> str:
        return percent(value) if column not in BY_COLUMN else number(value, BY_COLUMN[column].decimals)

    def short(value: float) -> str:
        if column in BY_COLUMN:
            return number(value, min(BY_COLUMN[column].decimals, 1 if abs(value) >= 1 else 2))
        return percent(value).removesuffix(" %").replace("< ", "<")

    def tile(element: Element | None) -> Tile | None:
        if element is None:
            return None
        if element.symbol not in best.index:
            return Tile(element, "", "", -1, "", str(reasons.get(element.symbol, "not asked")))
        value = float(best[column][element.symbol])
        share = (value - worst) / (top - worst) if top != worst else 1.0
        step = min(int(share * STEPS), STEPS - 1)
        return Tile(element, text(value), short(value), step, str(best["formula"][element.symbol]), "")

    return ElementMap([[tile(element) for element in row] for row in layout()], text(worst), text(top))
