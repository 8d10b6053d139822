"""Which dopants do best, where they stand in the periodic table."""

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from ...featurize.elements import SYMBOLS
from .drawing import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LAST = 94  # plutonium; heavier ones are nobody's dopant


def best_of_elements(ranked: pd.DataFrame) -> pd.Series:
    """Highest probability among the candidates that hold each dopant, by symbol; those of a mix count for each.

    Examples
    --------
    >>> table = pd.DataFrame({"dopant": ["Sc", "Sc+Yb", "Mg, Ge"], "probability": [0.2, 0.4, 0.1]})
    >>> best_of_elements(table).to_dict()
    {'Ge': 0.1, 'Mg': 0.1, 'Sc': 0.4, 'Yb': 0.4}
    """
    table = ranked.loc[ranked["dopant"].notna() & ranked["probability"].notna(), ["dopant", "probability"]]
    symbols = table["dopant"].astype(str).str.split(r"\s*[+,]\s*", regex=True)
    table = table.assign(dopant=symbols).explode("dopant")
    return table[table["dopant"].isin(SYMBOLS)].groupby("dopant")["probability"].max().rename_axis(None)


def place_of(symbol: str) -> tuple[float, int]:
    """Row and column of an element as the table is usually drawn, the f-block below it.

    Examples
    --------
    >>> place_of("Sc"), place_of("La"), place_of("Lu"), place_of("Hf")
    ((4, 3), (8.4, 3), (8.4, 17), (6, 4))
    """
    from pymatgen.core import Element

    element = Element(symbol)
    if 57 <= element.Z <= 71:
        return 8.4, element.Z - 54
    if 89 <= element.Z <= 103:
        return 9.4, element.Z - 86
    return int(element.row), int(element.group)


def periodic_map(best: pd.Series) -> "Figure":
    """A periodic table whose cells carry a probability by colour and in per cent.

    Parameters
    ----------
    best : Series
        Probability by symbol, as `best_of_elements` gives it.
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(10, 5.6), layout="constrained")
    axes = figure.subplots()
    # Cividis is read alike with and without colour vision; the scale ends at the best, or all would look alike.
    colours, scale = colormaps["cividis"], Normalize(0.0, max(float(best.max()), 0.01))
    for symbol in SYMBOLS[:_LAST]:
        row, column = place_of(symbol)
        chance = best.get(symbol)
        if chance is None:
            axes.add_patch(Rectangle((column, row), 0.94, 0.94, fill=False, edgecolor=INK, alpha=0.18, linewidth=0.8))
            axes.text(column + 0.47, row + 0.47, symbol, ha="center", va="center", alpha=0.4, fontsize=9)
            continue
        red, green, blue, _ = colours(scale(chance))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        text: dict[str, Any] = {"ha": "center", "va": "center", "color": "#ffffff" if dark else "#000000"}
        axes.add_patch(Rectangle((column, row), 0.94, 0.94, facecolor=(red, green, blue), edgecolor="none"))
        axes.text(column + 0.47, row + 0.33, symbol, fontsize=11, fontweight="bold", **text)
        axes.text(column + 0.47, row + 0.72, percent(chance), fontsize=8, **text)
    axes.set(xlim=(0.9, 19.1), ylim=(10.5, 0.9), aspect="equal")
    axes.axis("off")
    bar = figure.colorbar(ScalarMappable(scale, colours), ax=axes, orientation="horizontal", shrink=0.45, aspect=40)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.xaxis.set_major_formatter(lambda value, _: percent(value))
    bar.set_label("probability that the best candidate with the element meets the spec")
    return figure


def percent(share: float) -> str:
    """A probability in per cent; what is small but not nothing stays visible.

    Examples
    --------
    >>> percent(0.214), percent(0.0004), percent(0.0), percent(0.042)
    ('21 %', '<0.1 %', '0 %', '4.2 %')
    """
    if 0.0 < share < 0.001:
        return "<0.1 %"
    text = f"{100 * share:.1f}" if share < 0.0995 else f"{100 * share:.0f}"
    return re.sub(r"\.0$", "", text) + " %"
