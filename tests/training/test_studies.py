"""What the evaluation says of temperature."""

import pytest

from ionscout.models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from ionscout.training.measured_table import MeasuredTable
from ionscout.training.studies import slope_check
from ionscout.training.train import measured_rows


def test_asked_as_reported_differs_only_where_the_report_was_hot_or_cold():
    rows = measured_rows().dropna(subset=[CONDUCTIVITY.column, ACTIVATION_ENERGY.column])
    room = rows["temperature_C"].eq(25.0)
    for kept, same in ((room, True), (~room | (rows.index % 2 == 0), False)):
        found = slope_check(MeasuredTable.of(rows[kept].reset_index(drop=True)), n_folds=2)
        for name in ("energy_bias", "counterfactual_MAE"):
            unit = "_eV" if name == "energy_bias" else ""
            cold, own = found[f"{name}{unit}"], found[f"{name}_as_reported{unit}"]
            assert (own == pytest.approx(cold, abs=1e-12)) == same
