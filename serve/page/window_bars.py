"""The stability window as a bar, and beside it what voltammetry has seen of the same composition."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...models.properties import OXIDATION_LIMIT, REDUCTION_LIMIT
from .interval_cells import axis_of
from .scales import Scale
from .typesetting import number


@dataclass(frozen=True)
class WindowBar:
    """One window; places in per cent of the axis, whiskers as pairs of them."""

    name: str
    text: str
    low: float
    high: float
    whiskers: tuple[tuple[float, float], ...]
    source: str
    url: str


@dataclass(frozen=True)
class WindowBars:
    """Windows on one axis from the metal up."""

    bars: list[WindowBar]
    marks: list[tuple[float, str]]


def window_bars(row: dict[Any, Any], measured: pd.DataFrame) -> WindowBars:
    """Bars of one candidate.

    Parameters
    ----------
    row : dict
        Its predictions.
    measured : DataFrame
        As `measured_windows_of` gives them.
    """
    table = pd.DataFrame([row])
    ends = measured[["window_low_V", "window_high_V"]].to_numpy(np.float64).ravel()
    axis = axis_of(table, REDUCTION_LIMIT, OXIDATION_LIMIT)
    axis = Scale(axis.low, max([axis.high, *ends[np.isfinite(ends)].tolist()]), 0.0, 100.0)
    bars = [window_bar(row, axis, "thermodynamic")]
    for found in measured.drop_duplicates(["window_low_V", "window_high_V", "doi", "url"]).to_dict("records"):
        low, high = found["window_low_V"], found["window_high_V"]
        text = f"{number(low)} to {number(high)} V" if np.isfinite(low) else f"up to {number(high)} V"
        if not np.isfinite(high):
            text = f"from {number(low)} V"
        start = axis(low) if np.isfinite(low) else 0.0
        end = axis(high) if np.isfinite(high) else 100.0
        doi, address = found["doi"], found["url"]
        source = doi if isinstance(doi, str) else address if isinstance(address, str) else ""
        bars.append(WindowBar(f"measured, {found['window_method']}", text, start, end, (), source, address_of(source)))
    return WindowBars(bars, [(axis(v), f"{v:g}") for v in axis.ticks(8)])


def window_bar(row: dict[Any, Any], axis: Scale, name: str = "") -> WindowBar:
    """The bar of one row of predictions."""
    reduction, oxidation = (tuple(float(row[c]) for c in fact.columns) for fact in (REDUCTION_LIMIT, OXIDATION_LIMIT))
    if not np.isfinite([*reduction, *oxidation]).all():
        return WindowBar(name, "–", 0.0, 0.0, (), "", "")
    # Both limits are predicted apart, so that the bar of a phase without a window would end before it begins.
    low, high = axis.inside(reduction[0]), axis.inside(oxidation[0])
    whiskers = tuple((axis.inside(fact[1]), axis.inside(fact[2])) for fact in (reduction, oxidation))
    text = f"{number(reduction[0])} to {number(oxidation[0])} V"
    return WindowBar(name, text, min(low, high), max(low, high), whiskers, str(row.get("window_source") or ""), "")


def address_of(source: str) -> str:
    """Where a source is read: a DOI's resolver, or the address itself; empty where it is neither.

    Examples
    --------
    >>> address_of("10.1038/ncomms1843"), address_of("nasicon-literature-text:571__.txt")
    ('https://doi.org/10.1038/ncomms1843', '')
    """
    if source.startswith("10."):
        return f"https://doi.org/{source}"
    return source if source.startswith(("https://", "http://")) else ""
