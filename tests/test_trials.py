"""The trials of `benchmarks/trials.py` stand on the folds of the evaluation, and learn nothing from what they score."""

import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ionscout.models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from ionscout.training.measured_table import MeasuredTable
from ionscout.training.train import measured_rows

from .benchmark_scripts import benchmark_script


@pytest.fixture(scope="module")
def trials() -> ModuleType:
    return benchmark_script("trials")


@pytest.fixture(scope="module")
def table() -> MeasuredTable:
    return MeasuredTable.of(measured_rows())


@pytest.fixture(scope="module")
def fold(trials: ModuleType, table: MeasuredTable) -> Any:
    return trials.split(table, ACTIVATION_ENERGY, "source", 0)[0]


def test_the_shipped_recipe_is_what_an_evaluation_says(trials, table):
    fold = trials.split(table, CONDUCTIVITY, "system", 0)[0]
    held = table.fit_and_predict(CONDUCTIVITY, fold.train, table, fold.test)
    said = fold.blend.or_median(fold.shipped, table.places.family[fold.test])
    np.testing.assert_allclose(said, held.predicted, rtol=1e-12)


@pytest.mark.parametrize(
    "recipe",
    [
        "differences that see the process, half",
        "trees: + both",
        "trees: ionic columns apart from the framework",
    ],
)
def test_values_of_held_out_rows_change_nothing(trials, table, fold, recipe):
    rows = table.rows.copy()
    rows.loc[rows.index[fold.test], ACTIVATION_ENERGY.column] += 1.0
    elsewhere = replace(fold, table=MeasuredTable(rows, table.batch, table.inputs, table.places))
    said = trials.RECIPES[recipe](fold)
    np.testing.assert_array_equal(said, trials.RECIPES[recipe](elsewhere))
    assert not np.array_equal(said, fold.shipped)


def test_what_the_process_says_without_a_paper_is_what_it_would_say_had_it_not_read_it(trials, fold):
    fitted, groups = fold.posterior, fold.column("group_source")
    names, counts = np.unique(groups.astype(str), return_counts=True)
    out = groups == names[counts.argmax()]
    places, everyone = fold.table.places[fold.train], np.arange(len(fold.train))
    noisy = np.linalg.inv(fitted.inverse)[np.ix_(~out, ~out)]
    distances = fitted.relatives.distances(places)
    covariance = fitted.kernel.between(distances, everyone, fitted.which, places, places)
    expected = fitted.mean + covariance[np.ix_(out, ~out)] @ np.linalg.solve(noisy, fold.target[~out] - fitted.mean)
    np.testing.assert_allclose(sys.modules["trial_folds"].Members.of(fold).told_rows[out], expected, atol=1e-6)
