"""Cells of a table of properties: the value, its interval in figures, and both drawn as a small bar."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...models.exact_values import EXACT
from ...models.properties import CONDUCTIVITY, PROPERTIES, Property
from ..text import SOURCES
from .known_ranges import known_ranges
from .scales import Scale
from .typesetting import number, power_of_ten


@dataclass(frozen=True)
class Cell:
    """One property of one row; places are in per cent of the column's axis."""

    text: str
    lower: str
    upper: str
    exact: bool
    also: str
    low: float
    high: float
    at: float
    known: bool


@dataclass(frozen=True)
class Column:
    """One property of a table: its facts, the ends of its axis as text, and a cell for each row."""

    fact: Property
    start: str
    end: str
    cells: list[Cell]


def property_columns(table: pd.DataFrame, facts: tuple[Property, ...] = tuple(PROPERTIES.values())) -> list[Column]:
    """Columns of a table of predictions, all rows of a property on one axis.

    Parameters
    ----------
    table : DataFrame
        n rows, as `ion.predict` or `ion.rank` gives them.
    facts : tuple of Property
        What to show.
    """
    columns = []
    for fact in facts:
        axis = axis_of(table, fact)
        cells = [cell(row, fact, axis) for row in table.to_dict("records")]
        columns.append(Column(fact, number(axis.low, 1), number(axis.high, 1), cells))
    return columns


def axis_of(table: pd.DataFrame, *facts: Property) -> Scale:
    """One axis for some properties of a table: what is usual, widened to hold every value and bound that is shown."""
    columns = [c for fact in facts for c in fact.columns if c in table]
    shown = table[columns].to_numpy(dtype=np.float64)
    ends = np.array([known_ranges()[fact.column] for fact in facts])
    shown = np.concatenate([shown.ravel()[np.isfinite(shown.ravel())], ends.ravel()])
    return Scale(np.floor(10 * shown.min()) / 10, np.ceil(10 * shown.max()) / 10, 0.0, 100.0)


def cell(row: dict[Any, Any], fact: Property, axis: Scale) -> Cell:
    """The cell of one row."""
    value, lower, upper = (float(row[c]) for c in fact.columns)
    known = bool(np.isfinite(value))
    text, low_text, high_text = (number(v, fact.decimals) for v in (value, lower, upper))
    low, high, at = (axis.inside(v) if known else 0.0 for v in (lower, upper, value))
    return Cell(
        text=text,
        lower=low_text,
        upper=high_text,
        exact=row.get(SOURCES.get(fact.column)) == EXACT,
        also=f"{power_of_ten(value)} S/cm" if fact is CONDUCTIVITY and known else "",
        low=low,
        high=high,
        at=at,
        known=known,
    )
