import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from ionscout.training.metrics import grouped_bootstrap_MAE, interval_metrics, regression_metrics

GENERATOR = np.random.default_rng(0)
TRUTH = GENERATOR.normal(size=300)
SAID = TRUTH + GENERATOR.normal(scale=0.5, size=300)


def test_equal_to_scikit_learn():
    metrics = regression_metrics(TRUTH, SAID)
    assert metrics["MAE"] == pytest.approx(mean_absolute_error(TRUTH, SAID))
    assert metrics["RMSE"] == pytest.approx(root_mean_squared_error(TRUTH, SAID))


def test_top_decile_of_a_perfect_and_a_reversed_model():
    assert regression_metrics(TRUTH, TRUTH)["top10"] == 1.0
    assert regression_metrics(TRUTH, -TRUTH)["top10"] == 0.0


def test_constant_prediction_has_no_rank_correlation():
    assert np.isnan(regression_metrics(TRUTH, np.zeros(300))["Spearman"])


def test_bad_arrays_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        regression_metrics(TRUTH, SAID[:-1])
    with pytest.raises(ValueError, match="finite"):
        regression_metrics(TRUTH, np.r_[np.nan, SAID[1:]])


def test_bootstrap_over_groups_is_wider_than_over_rows():
    groups = np.repeat(np.arange(15), 20)
    errors = np.repeat(GENERATOR.normal(size=15), 20)
    grouped = grouped_bootstrap_MAE(errors, groups)
    single = grouped_bootstrap_MAE(errors, np.arange(300))
    assert grouped[0] < np.abs(errors).mean() < grouped[1]
    assert grouped[1] - grouped[0] > 2 * (single[1] - single[0])


def test_coverage_counts_the_ends():
    assert interval_metrics(np.array([1.0]), np.array([1.0]), np.array([1.0]))["coverage"] == 1.0
