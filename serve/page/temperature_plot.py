"""Conductivity against temperature, as Arrhenius drew it: decades against 1000/T, marked in Celsius."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...models.properties import CONDUCTIVITY
from ..screen.spec import ZERO_C
from .scales import Scale, span
from .typesetting import decade, number, plain

WIDTH, HEIGHT = 520, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 28, 46
_MARKED_C = (-50, -25, 0, 25, 50, 75, 100, 150, 200, 300, 500)


@dataclass(frozen=True)
class Mark:
    """A round value of an axis: its place and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Point:
    """A measurement: its place and what it is."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class TemperaturePlot:
    """What the drawing holds, in places of a canvas of `WIDTH` by `HEIGHT`."""

    line: str
    band: str
    x_marks: list[Mark]
    y_marks: list[Mark]
    asked: Point
    measured: list[Point]
    hidden: int
    summary: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def temperature_plot(table: pd.DataFrame, measured: pd.DataFrame, temperature_C: float) -> TemperaturePlot:
    """Lay the plot out.

    Parameters
    ----------
    table : DataFrame
        Predictions of one composition at rising temperatures.
    measured : DataFrame
        Measurements of the same composition, as `ion.neighbours` gives them; those outside the temperatures shown are
        counted and left out.
    temperature_C : float
        Where the reader asked, marked on the line.
    """
    value, lower, upper = (table[c].to_numpy(np.float64) for c in CONDUCTIVITY.columns)
    celsius = table["temperature_C"].to_numpy(np.float64)
    seen = measured[measured["temperature_C"].between(celsius[0], celsius[-1])]
    low, high = span(lower, upper, seen[CONDUCTIVITY.column].to_numpy(np.float64))
    inverse = 1000.0 / (celsius - ZERO_C)
    across = Scale(float(inverse[-1]), float(inverse[0]), _LEFT, WIDTH - _RIGHT)
    up = Scale(low, high, HEIGHT - _BOTTOM, _TOP)

    def x(at_C: float) -> float:
        return across(1000.0 / (at_C - ZERO_C))

    def path(levels: np.ndarray) -> list[str]:
        return [f"{x(t)},{up(v)}" for t, v in zip(celsius, levels, strict=True)]

    points = [
        Point(
            x(row["temperature_C"]),
            up(row[CONDUCTIVITY.column]),
            f"measured: {number(row[CONDUCTIVITY.column])} at {plain(row['temperature_C'])} °C ({row['source']})",
        )
        for row in seen.to_dict("records")
    ]
    inside = min(max(temperature_C, celsius[0]), celsius[-1])
    at = float(np.interp(1000.0 / (inside - ZERO_C), inverse[::-1], value[::-1]))
    return TemperaturePlot(
        line=" ".join(path(value)),
        band=" ".join([*path(upper), *path(lower)[::-1]]),
        x_marks=[Mark(x(t), plain(t)) for t in _MARKED_C if celsius[0] <= t <= celsius[-1]],
        y_marks=[Mark(up(v), decade(int(v))) for v in up.ticks(8) if float(v).is_integer()],
        asked=Point(x(inside), up(at), f"predicted: {number(at)} at {plain(inside)} °C"),
        measured=points,
        hidden=len(measured) - len(seen),
        summary=f"log₁₀ conductivity rises from {number(value[0], 1)} at {plain(celsius[0])} °C "
        f"to {number(value[-1], 1)} at {plain(celsius[-1])} °C",
    )
