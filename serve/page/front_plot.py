"""Conductivity against the oxidation limit: a point for each candidate, the best trade-offs joined."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...models.properties import CONDUCTIVITY, OXIDATION_LIMIT
from ..screen.pareto import pareto_of
from ..screen.spec import Spec
from .scales import Scale, span
from .temperature_plot import Mark
from .typesetting import number, percent, power_of_ten

WIDTH, HEIGHT = 560, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 14, 28, 46
# Points beyond the best so many make a drawing heavy and tell nothing.
MOST_POINTS = 600


@dataclass(frozen=True)
class Candidate:
    """One point: its place, what it is, and how it is drawn."""

    x: float
    y: float
    formula: str
    text: str
    on_front: bool
    in_domain: bool
    whisker: tuple[float, float, float, float]


@dataclass(frozen=True)
class FrontPlot:
    """What the drawing holds, in places of a canvas of `WIDTH` by `HEIGHT`."""

    points: list[Candidate]
    front: str
    x_marks: list[Mark]
    y_marks: list[Mark]
    wanted: tuple[float | None, float | None]
    intervals: tuple[str, str]
    host: tuple[float, float]
    shown: int
    total: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def front_plot(ranked: pd.DataFrame, spec: Spec, host: pd.DataFrame) -> FrontPlot:
    """Lay the plot out.

    Parameters
    ----------
    ranked : DataFrame
        As `ion.rank` gives it.
    spec : Spec
        Its bounds on the two axes are drawn as lines.
    host : DataFrame
        The undoped host, one row of predictions; drawn as a cross.
    """
    usable = ranked[ranked["rank"].notna()]
    best = usable[pareto_of(usable, [CONDUCTIVITY.column, OXIDATION_LIMIT.column])]
    shown = pd.concat([usable.head(MOST_POINTS), best]).drop_duplicates("rank") if len(usable) else usable
    sigma, limit = CONDUCTIVITY.column, OXIDATION_LIMIT.column
    across = Scale(*span(shown[limit].to_numpy(), host[limit].to_numpy()), _LEFT, WIDTH - _RIGHT)
    up = Scale(*span(shown[sigma].to_numpy(), host[sigma].to_numpy()), HEIGHT - _BOTTOM, _TOP)
    undoped = host.iloc[0]
    # The front falls from the best conductor to the best window; between two of its points nothing is better than both.
    steps = best.sort_values([limit, sigma], ascending=[True, False])
    corners: list[str] = []
    for row in steps.to_dict("records"):
        place = f"{across(row[limit])},{up(row[sigma])}"
        corners += [f"{corners[-1].split(',')[0]},{up(row[sigma])}", place] if corners else [place]
    return FrontPlot(
        points=[_point(row, across, up, row["rank"] in set(best["rank"])) for row in shown[::-1].to_dict("records")],
        front=" ".join(corners),
        x_marks=[Mark(across(v), f"{v:g}") for v in across.ticks(7)],
        y_marks=_decades(up),
        wanted=_wanted(spec, across, up),
        intervals=_typical(shown),
        host=(across(undoped[limit]), up(undoped[sigma])),
        shown=len(shown),
        total=len(usable),
    )


def _point(row: dict[Any, Any], across: Scale, up: Scale, on_front: bool) -> Candidate:
    value, lower, upper = (row[c] for c in CONDUCTIVITY.columns)
    left, right = (row[c] for c in OXIDATION_LIMIT.columns[1:])
    return Candidate(
        x=across(row[OXIDATION_LIMIT.column]),
        y=up(value),
        formula=row["formula"],
        text=f"{row['rank']}. {row['formula']}: log₁₀ conductivity {number(value)}, oxidation limit "
        f"{number(row[OXIDATION_LIMIT.column])} V, meets the spec {percent(row['probability'])}",
        on_front=on_front,
        in_domain=bool(row["in_domain"]),
        whisker=(across.inside(left), across.inside(right), up.inside(lower), up.inside(upper)),
    )


def _typical(shown: pd.DataFrame) -> tuple[str, str]:
    """Half the median interval of conductivity (decades) and of the oxidation limit (V), as texts."""
    found = []
    for fact in (CONDUCTIVITY, OXIDATION_LIMIT):
        _, lower, upper = (shown[c].to_numpy(np.float64) for c in fact.columns)
        found.append(number(0.5 * float(np.median(upper - lower)), 1) if len(shown) else "–")
    return found[0], found[1]


def _decades(up: Scale) -> list[Mark]:
    """Powers of ten; where fewer than three lie on the axis their multiples too, in the end round values of log10.

    Examples
    --------
    >>> [mark.text for mark in _decades(Scale(-3.4, -2.6, 100.0, 0.0))]
    ['5 × 10⁻⁴', '10⁻³', '2 × 10⁻³']
    """
    powers = range(int(np.floor(up.low)), int(np.ceil(up.high)) + 1)
    for steps in ((1,), (1, 2, 5), range(1, 10)):
        values = [n + float(np.log10(step)) for n in powers for step in steps]
        marks = [Mark(up(v), power_of_ten(v, 1)) for v in values if up.low <= v <= up.high]
        if len(marks) > 2:
            return marks
    return [Mark(up(v), power_of_ten(v)) for v in up.ticks(4)]


def _wanted(spec: Spec, across: Scale, up: Scale) -> tuple[float | None, float | None]:
    """Where the spec's bounds on the oxidation limit and the conductivity lie, if on the drawing."""
    places: list[float | None] = [None, None]
    for condition in spec.conditions:
        value = condition.value
        if condition.column == "conductivity_S_cm":
            value = float(np.log10(value))
        if condition.column == OXIDATION_LIMIT.column and across.low <= value <= across.high:
            places[0] = across(value)
        if condition.column in ("conductivity_S_cm", CONDUCTIVITY.column) and up.low <= value <= up.high:
            places[1] = up(value)
    return places[0], places[1]
