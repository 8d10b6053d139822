import numpy as np
import pandas as pd
import pytest

from ionscout.models.context import Context


@pytest.mark.parametrize(
    ("temperature_C", "state"),
    [
        ([25.0, 60.5], ["crystalline", "glass"]),
        ([25.0, 2e3], ["crystalline", "glass"]),
        ([25.0, float("nan")], ["crystalline", "glass"]),
        ([25.0, 60.5], ["crystalline", "glassy"]),
        ([25.0, None], [None, "unknown"]),
        ([25, "60"], ["crystalline", "amorphous"]),
    ],
)
def test_lists_are_read_as_columns_of_a_table_are(temperature_C, state):
    from_lists = Context.read(2, temperature_C, state)
    from_columns = Context.read(2, pd.Series(temperature_C, dtype=object), pd.Series(state, dtype=object))
    for name in ("temperature_C", "state", "errors"):
        np.testing.assert_array_equal(getattr(from_lists, name), getattr(from_columns, name))
        assert getattr(from_lists, name).dtype == getattr(from_columns, name).dtype


@pytest.mark.parametrize(("temperature_C", "state"), [(60, "glass"), (None, None), (3e3, "glass"), ("warm", "soft")])
def test_one_value_holds_for_all_rows(temperature_C, state):
    for_all = Context.read(3, temperature_C, state)
    row_by_row = Context.read(3, [temperature_C] * 3, [state] * 3)
    for name in ("temperature_C", "state", "errors"):
        np.testing.assert_array_equal(getattr(for_all, name), getattr(row_by_row, name))


def test_as_many_values_as_rows_are_needed():
    with pytest.raises(ValueError, match="1 temperatures or states for 2 inputs"):
        Context.read(2, [25.0], ["glass", "glass"])
