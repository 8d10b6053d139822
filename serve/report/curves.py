"""Conductivity against the amount of dopant, with what laboratories measured of the same host."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...models.properties import CONDUCTIVITY
from ...training.plots import BLUE, ORANGE
from ..screen.host_series import measured_series
from .drawing import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = 12
_NEEDED = ("host", "site", "dopant", "x", *CONDUCTIVITY.columns)


@dataclass(frozen=True)
class Series:
    """Predicted conductivity of one dopant at several amounts, and what was measured of it and of the host.

    Parameters
    ----------
    host, site, dopant, label : str
        What is doped by what; `label` adds the oxidation state where it is known.
    predicted : DataFrame
        Columns x and the three of the conductivity, x ascending.
    measured : DataFrame
        As `host_series.measured_series` gives it: this dopant's rows and the host's.
    probability : float
        Of the best of them.
    """

    host: str
    site: str
    dopant: str
    label: str
    predicted: pd.DataFrame
    measured: pd.DataFrame
    probability: float


def series_of(ranked: pd.DataFrame, temperature_C: float) -> list[Series]:
    """Series of at least two amounts, the measured dopants first, then the most probable; at most `PANELS`.

    Of a dopant that comes with several oxidation states, or in several ways of balance, the most probable is shown.
    Mixes and dopings of several sites have no single x and are left out.
    """
    if any(column not in ranked for column in _NEEDED):
        return []
    table = ranked[ranked[list(_NEEDED)].notna().all(axis=1) & ranked["probability"].notna()]
    table = table[~table["dopant"].astype(str).str.contains(r"[+,]") & ~table["site"].astype(str).str.contains(",")]
    found = []
    for (host, site), members in table.groupby(["host", "site"], sort=True):
        known = measured_series(str(host), str(site), temperature_C)
        for dopant, rows in members.groupby("dopant", sort=True):
            way = _way(rows)
            best = way.loc[rows["probability"].idxmax()]
            chosen = rows[way == best].sort_values("x", kind="stable").drop_duplicates("x")
            if len(chosen) < 2:
                continue
            state = chosen["dopant_state"].iloc[0] if "dopant_state" in chosen else np.nan
            label = f"{dopant}" if pd.isna(state) else f"{dopant}{abs(state):g}{'+' if state > 0 else '-'}"
            measured = known[known["dopant"].isin([dopant, ""])]
            chance = float(chosen["probability"].max())
            found.append(Series(str(host), str(site), str(dopant), label, chosen, measured, chance))
    found.sort(key=lambda s: (not s.measured["dopant"].ne("").any(), -s.probability, s.label))
    return found[:PANELS]


def _way(rows: pd.DataFrame) -> pd.Series:
    """How each row is balanced, without its amounts: the state, and the sign and element that make up the charge."""
    way = rows["dopant_state"].astype(str) if "dopant_state" in rows else pd.Series("", index=rows.index)
    if "compensation" in rows:
        way = way + " " + rows["compensation"].astype(str).str.replace(r"[\d.]+", "", regex=True)
    return way


def curves_plot(found: list[Series], bound: float | None) -> "Figure":
    """Small multiples of log10 conductivity over x: the prediction with its interval, the measured points on top.

    Parameters
    ----------
    found : list of Series
        As `series_of` gives them.
    bound : float, optional
        What the spec asks of the logarithm of the conductivity.
    """
    from matplotlib.figure import Figure

    across = min(4, len(found))
    down = -(-len(found) // across)
    figure = Figure(figsize=(2.55 * across + 0.5, 2.1 * down + 0.5), layout="constrained")
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    value, lower, upper = CONDUCTIVITY.columns
    for axes, series in zip(grid.flat, found, strict=False):
        x = series.predicted["x"]
        axes.fill_between(x, series.predicted[lower], series.predicted[upper], color=BLUE, alpha=0.18, linewidth=0)
        axes.plot(x, series.predicted[value], color=BLUE, marker=".", linewidth=1.5)
        for is_host, marker in ((True, "_"), (False, "D")):
            points = series.measured[series.measured["dopant"].eq("") == is_host]
            style = {"color": ORANGE} if is_host else {"facecolor": "none", "edgecolor": ORANGE}
            axes.scatter(points["x"], points[value], marker=marker, s=26, zorder=3, linewidth=0.8, **style)
        if bound is not None:
            axes.axhline(bound, color=INK, linestyle=(0, (4, 3)), linewidth=1, alpha=0.7)
        axes.set_title(f"{series.label} on {series.site}", fontsize=10)
        axes.grid(alpha=0.15)
    for axes in grid.flat[len(found) :]:
        axes.set_visible(False)
    lows = [s.predicted[lower].min() for s in found] + [s.measured[value].min() for s in found if len(s.measured)]
    highs = [s.predicted[upper].max() for s in found] + [s.measured[value].max() for s in found if len(s.measured)]
    grid[0, 0].set_ylim(max(min(lows), -10.0) - 0.2, max(highs) + 0.2)
    figure.supxlabel("x, atoms of dopant in a formula unit of the host", fontsize=10)
    figure.supylabel(CONDUCTIVITY.label, fontsize=10)
    return figure
