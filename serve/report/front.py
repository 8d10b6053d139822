"""Conductivity against oxidation limit: what one has to give up for the other."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...models.properties import CONDUCTIVITY, OXIDATION_LIMIT
from ...training.plots import BLUE, GREY, ORANGE
from ..plots import subscripts
from ..screen.pareto import pareto_of
from ..screen.spec import Condition, Spec
from .drawing import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 2000  # the best are drawn; more would make a page of megabytes
_NAMED = 6
_APART = np.array([0.1, 0.05])  # of the axes, below which two labels would overlap
COLUMNS = (CONDUCTIVITY.column, OXIDATION_LIMIT.column)


def front_plot(ranked: pd.DataFrame, spec: Spec | None) -> "Figure":
    """Candidates by conductivity and oxidation limit, with the Pareto front of the two and the bounds of the spec.

    Parameters
    ----------
    ranked : DataFrame
        As `ion.rank` gives it; of the ranked rows the best `POINTS` and the front are drawn.
    spec : Spec, optional
        Its bounds on the two are drawn as lines.
    """
    from matplotlib.figure import Figure

    table = ranked[ranked["probability"].notna() & ranked[list(COLUMNS)].notna().all(axis=1)]
    front = table[pareto_of(table, dict.fromkeys(COLUMNS, +1))].sort_values(COLUMNS[0], kind="stable")
    shown = table[:POINTS]
    inside = shown["in_domain"].to_numpy(bool) if "in_domain" in shown else np.ones(len(shown), dtype=bool)
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    axes = figure.subplots()
    for chosen, style, label in (
        (inside, {"color": BLUE, "marker": "o", "linewidth": 0}, "in domain"),
        (~inside, {"color": GREY, "marker": "x", "linewidth": 1}, "outside the domain of the training data"),
    ):
        points = shown[chosen]
        if len(points):
            axes.scatter(points[COLUMNS[1]], points[COLUMNS[0]], s=22, alpha=0.6, label=label, **style)
    x, y = front[COLUMNS[1]], front[COLUMNS[0]]
    axes.step(x, y, where="post", color=ORANGE, linewidth=1.5, label="Pareto front of the two")
    axes.scatter(x, y, s=34, facecolor="none", edgecolor=ORANGE, linewidth=1.5)
    for condition in () if spec is None else spec.conditions:
        _bound(axes, condition)
    axes.set(xlabel=OXIDATION_LIMIT.label, ylabel=CONDUCTIVITY.label)
    axes.margins(0.12, 0.1)
    _name(axes, table.head(_NAMED))
    axes.grid(alpha=0.15)
    axes.legend(loc="best", fontsize=9)
    return figure


def _bound(axes, condition: Condition) -> None:
    """The bound of a condition on one of the two columns, as a line."""
    style = {"color": INK, "linestyle": (0, (4, 3)), "linewidth": 1, "alpha": 0.7}
    if condition.column == OXIDATION_LIMIT.column:
        axes.axvline(condition.value, **style)
    elif condition.column in (CONDUCTIVITY.column, "conductivity_S_cm"):
        axes.axhline(level_of(condition), **style)


def level_of(condition: Condition) -> float:
    """The bound of a condition on a conductivity, in decades."""
    return condition.value if condition.column == CONDUCTIVITY.column else float(np.log10(condition.value))


def _name(axes, best: pd.DataFrame) -> None:
    """Ranks of the best beside their points; those too near for labels of their own share one."""
    points = best[[COLUMNS[1], COLUMNS[0]]].to_numpy(np.float64)
    spans = np.abs(np.subtract(*np.array([axes.get_xlim(), axes.get_ylim()]).T))
    labels: list[tuple[np.ndarray, list[str]]] = []
    for rank, point in zip(best["rank"], points, strict=True):
        near = [ranks for place, ranks in labels if (np.abs(place - point) < _APART * spans).all()]
        if near:
            near[0].append(str(rank))
        else:
            labels.append((point, [str(rank)]))
    for (x, y), ranks in labels:
        axes.annotate(", ".join(ranks), (x, y), xytext=(6, 6), textcoords="offset points", fontsize=9)
    if len(best):
        axes.set_title(f"1: {subscripts(str(best['formula'].iloc[0]))}", loc="left", fontsize=10)
