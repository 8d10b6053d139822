import time

import numpy as np
import pandas as pd
import pytest

from ionscout.serve.screen.pareto import pareto_front, pareto_of


def by_hand(values):
    return np.array(
        [not any((other >= row).all() and (other > row).any() for other in values) for row in values], dtype=bool
    )


@pytest.mark.parametrize("columns", [1, 2, 3, 5])
def test_front_is_that_of_comparing_every_pair(columns):
    values = np.random.default_rng(columns).normal(size=(400, columns)).round(1)
    np.testing.assert_array_equal(pareto_front(values), by_hand(values))


def test_front_of_fronts_is_the_front():
    values = np.random.default_rng(0).normal(size=(3000, 3))
    parts = [part[pareto_front(part)] for part in np.array_split(values, 7)]
    merged = np.vstack(parts)
    merged = merged[pareto_front(merged)]
    assert set(map(tuple, merged)) == set(map(tuple, values[pareto_front(values)]))


def test_unknown_values_are_never_on_it_and_harm_no_other():
    values = np.array([[1.0, np.nan], [0.0, 0.0], [np.nan, np.nan]])
    assert pareto_front(values).tolist() == [False, True, False]


def test_better_sides_are_those_of_the_properties():
    table = pd.DataFrame({"oxidation_limit_V": [4.0, 3.0], "energy_above_hull_eV_atom": [0.1, 0.1], "odd": [1.0, 2.0]})
    assert pareto_of(table, ["oxidation_limit_V", "energy_above_hull_eV_atom"]).tolist() == [True, False]
    assert pareto_of(table, {"oxidation_limit_V": 1, "odd": 1}).tolist() == [True, True]
    with pytest.raises(ValueError, match="which side of 'odd'"):
        pareto_of(table, ["odd"])
    with pytest.raises(KeyError, match="'cost_USD_kg'"):
        pareto_of(table, ["cost_USD_kg"])


def test_two_hundred_thousand_rows_take_seconds():
    values = np.random.default_rng(0).normal(size=(200_000, 3))
    start = time.perf_counter()
    assert 10 < pareto_front(values).sum() < 2000
    assert time.perf_counter() - start < 10
