"""A candidate's page: its properties, over temperature, what was measured near it, and why the model says so."""

import numpy as np
import pandas as pd
from fastapi import APIRouter, Request, Response

from ...featurize.composition import CompositionBatch
from ...featurize.element_supply import element_supply
from ...models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from ..explain import explain, neighbours
from ..measured_windows import measured_windows_of
from ..screen.guard_rails import guard
from . import asking
from .answering import PageError, PageRoute, page
from .asking import Text
from .contributions import contribution_bars
from .downloads import table_response
from .interval_cells import property_columns
from .nearest import nearest
from .predictions import predicted
from .temperature_plot import temperature_plot
from .window_bars import window_bars

router = APIRouter(route_class=PageRoute)
# From a winter's night to where polymers have melted; every 12.5 degrees.
TEMPERATURES_C = tuple(np.arange(-25.0, 200.1, 12.5).tolist())


@router.get("/candidate")
def candidate(request: Request, formula: Text = "", temperature: Text = "", state: Text = "") -> Response:
    """Everything about one composition."""
    formula = formula.strip()
    if not formula:
        raise PageError("no formula is given; search for one first")
    temperature_C, chosen = asking.temperature_C(temperature), asking.state(state)
    table = predicted((formula,), (temperature_C,), chosen)
    row = table.iloc[0].to_dict()
    if not pd.isna(row["error"]):
        raise PageError(f"{row['error']}", 422)
    near = neighbours(formula, count=6)
    measured = near[
        near["distance"].lt(1e-6) & near[CONDUCTIVITY.column].notna() & near["conductivity_relation"].eq("")
    ]
    batch = CompositionBatch.from_formulas([formula])
    return page(
        request,
        "candidate.html",
        formula=formula,
        row=row,
        columns=property_columns(table),
        temperature_C=temperature_C,
        state=chosen,
        remark=guard(batch)[0],
        plot=temperature_plot(over_temperature(formula, chosen), measured, temperature_C),
        windows=window_bars(row, measured_windows_of(formula)),
        supply=element_supply(batch).iloc[0].to_dict(),
        reasons=contribution_bars(explain(formula, state=chosen)),
        near=nearest(near, temperature_C),
        facts=(CONDUCTIVITY, ACTIVATION_ENERGY),
    )


@router.get("/candidate.{ending}")
def candidate_download(ending: str, formula: Text = "", state: Text = "") -> Response:
    """The properties over temperature as a file."""
    return table_response(over_temperature(formula.strip(), asking.state(state)), formula or "candidate", ending)


def over_temperature(formula: str, state: str) -> pd.DataFrame:
    """Predictions of a formula at `TEMPERATURES_C`."""
    return predicted((formula,) * len(TEMPERATURES_C), TEMPERATURES_C, state)
