"""Cells of the ranking's table: formulas, numbers, and intervals drawn to a scale that the column shares."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from ...models.exact_values import EXACT
from ...models.properties import PROPERTIES, Property
from ..screen.spec import Spec
from .front import level_of

_AMOUNT = re.compile(r"(?<=[A-Za-z)\]])(\d+\.?\d*)")
_WIDE = 92.0  # of the bars of an interval, in px
_SOURCES = {"reduction_limit_V": "window_source", "oxidation_limit_V": "window_source",
            "energy_above_hull_eV_atom": "hull_source"}  # fmt: skip


def formula(text: object) -> Markup:
    """A formula with its amounts as subscripts; whatever else it holds stays text.

    Examples
    --------
    >>> formula("Na3.4Sc0.4Zr1.6Si2PO12")
    Markup('Na<sub>3.4</sub>Sc<sub>0.4</sub>Zr<sub>1.6</sub>Si<sub>2</sub>PO<sub>12</sub>')
    >>> formula("<b>")
    Markup('&lt;b&gt;')
    """
    return Markup(_AMOUNT.sub(r"<sub>\1</sub>", str(escape(text))))


@dataclass(frozen=True)
class Column:
    """A property's column: its fact, the scale of its bars, and the bounds that the spec sets on it."""

    fact: Property
    low: float
    high: float
    bounds: tuple[float, ...]

    def cell(self, row: dict) -> Markup:
        """Value, interval and bar of a row."""
        value, lower, upper = (row[c] for c in self.fact.columns)
        if pd.isna(value):
            return Markup("")
        digits = self.fact.decimals
        if row.get(_SOURCES.get(self.fact.column)) == EXACT or pd.isna(lower) or pd.isna(upper):
            told = "exact" if row.get(_SOURCES.get(self.fact.column)) == EXACT else ""
        else:
            told = f"{_number(lower, digits)} to {_number(upper, digits)}"
        text = f"<b>{_number(value, digits)}</b> <small>{told}</small>"
        return Markup(f"{text}{self._bar(value, lower, upper)}")

    def _bar(self, value: float, lower: float, upper: float) -> str:
        at, left, right = (self._place(v) for v in (value, lower, upper))
        line = "" if pd.isna(lower) or pd.isna(upper) else f'<path class="span" d="M{left:.1f} 5H{right:.1f}"/>'
        ticks = "".join(f'<path class="bound" d="M{self._place(b):.1f} 0V10"/>' for b in self.bounds)
        return f'<svg class="bar" viewBox="0 0 {_WIDE:g} 10">{ticks}{line}<circle cx="{at:.1f}" cy="5" r="2.6"/></svg>'

    def _place(self, value: float) -> float:
        share = (float(value) - self.low) / max(self.high - self.low, 1e-9)
        return 3.0 + (_WIDE - 6.0) * min(max(share, 0.0), 1.0)


def columns_of(shown: pd.DataFrame, spec: Spec | None) -> list[Column]:
    """Columns for the properties that the table holds with bounds."""
    found = []
    for fact in PROPERTIES.values():
        if any(c not in shown for c in fact.columns):
            continue
        bounds = tuple(_bounds(fact, spec))
        values = np.concatenate([shown[list(fact.columns)].to_numpy(np.float64).ravel(), bounds])
        values = values[np.isfinite(values)]
        if len(values):
            found.append(Column(fact, float(values.min()), float(values.max()), bounds))
    return found


def _bounds(fact: Property, spec: Spec | None) -> list[float]:
    if spec is None:
        return []
    bounds = [c.value for c in spec.conditions if c.column == fact.column]
    if fact.name == "conductivity":
        bounds += [level_of(c) for c in spec.conditions if c.column == "conductivity_S_cm"]
    return bounds


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return (text if float(text) else text.lstrip("-")).replace("-", "−")
