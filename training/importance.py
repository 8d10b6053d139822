"""What moves the predictions over the whole table, in the field's words."""

import numpy as np
import pandas as pd

from ..models.explanation import contributions
from ..models.inputs import input_positions
from ..models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from .measured_table import MeasuredTable


def importance(table: MeasuredTable) -> pd.DataFrame:
    """Mean absolute TreeSHAP contribution of each group of inputs over the measured rows.

    The fast copies of the models, taught all rows, are explained (10.1038/s42256-019-0138-9).

    Parameters
    ----------
    table : MeasuredTable
        The measured rows.

    Returns
    -------
    DataFrame
        because, log10_conductivity (decades) and activation_energy_eV, the greatest effect on conductivity first.
    """
    relatives, which = table.relatives
    parts = {}
    for fact in (CONDUCTIVITY, ACTIVATION_ENERGY):
        use = np.flatnonzero(np.isfinite(table.target(fact)))
        booster = table.fit(fact, use, relatives, which[use])[1].value
        groups, _ = contributions(booster, table.inputs[use][:, input_positions(booster.columns)])
        parts[fact.column] = pd.Series({word: float(np.abs(values).mean()) for word, values in groups.items()})
    found = pd.DataFrame(parts).rename_axis("because").reset_index()
    return found.sort_values(CONDUCTIVITY.column, ascending=False, ignore_index=True)
