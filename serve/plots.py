"""Plots of what is served."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..models.properties import CONDUCTIVITY, OXIDATION_LIMIT, REDUCTION_LIMIT
from ..training.plots import BLUE, GREY

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def ranking_plot(ranked: pd.DataFrame, top: int = 15) -> "Figure":
    """Best candidates of a ranking: conductivity with its interval, and the stability window, side by side.

    Parameters
    ----------
    ranked : DataFrame
        As `ion.rank` gives it.
    top : int
        Candidates shown, best at the top.
    """
    from matplotlib.figure import Figure

    best = ranked[ranked["probability"].notna()].head(top)
    places = np.arange(len(best))[::-1]
    figure = Figure(figsize=(11, 0.36 * len(best) + 1.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    value, lower, upper = (best[c].to_numpy(float) for c in CONDUCTIVITY.columns)
    colours = [BLUE if inside else GREY for inside in best["in_domain"]]
    left.hlines(places, lower, upper, colors=colours, linewidth=2, alpha=0.5)
    left.scatter(value, places, color=colours, zorder=3)
    temperatures = best["temperature_C"].unique() if "temperature_C" in best else []
    at = f" at {temperatures[0]:g} °C" if len(temperatures) == 1 else ""
    left.set(xlabel=f"{CONDUCTIVITY.label}{at}", yticks=places, title="Conductivity, 90 % interval")
    left.set_yticklabels(
        [f"{number}  {subscripts(str(f))}" for number, f in zip(best["rank"], best["formula"], strict=True)]
    )
    left.grid(axis="x", alpha=0.3)
    low, high = (best[p.column].to_numpy(float) for p in (REDUCTION_LIMIT, OXIDATION_LIMIT))
    right.barh(places, high - low, left=low, height=0.55, color=colours, alpha=0.5)
    edge = float(high.max()) + 0.15
    for place, chance in zip(places, best["probability"], strict=True):
        right.text(edge, place, f"meets spec: {100 * chance:.0f} %", va="center", fontsize=8)
    right.set(xlabel="V vs Na⁺/Na", xlim=(0, max(5.0, edge + 1.2)), title="Stability window")
    right.grid(axis="x", alpha=0.3)
    if not best["in_domain"].all():
        figure.supxlabel("grey: outside the domain of the training data", fontsize=8, color=GREY)
    return figure


def subscripts(formula: str) -> str:
    """Formula with its amounts as subscripts, in matplotlib's math text.

    Examples
    --------
    >>> subscripts("Na3.4Sc0.4Zr1.6Si2PO12")
    'Na$_{3.4}$Sc$_{0.4}$Zr$_{1.6}$Si$_{2}$PO$_{12}$'
    """
    import re

    return re.sub(r"(\d+\.?\d*)", r"$_{\1}$", formula)
